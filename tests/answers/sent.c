// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Spoiled answers as real datagrams.
 *
 *	answers_sent serve ADDR			answers each question, one in eight rightly
 *	answers_sent ask ADDR ADDR COUNT CMD...	asks the two servers so much, reads the answers by c-ares'
 *						parser, and holds against that what CMD says (egret
 *						learned --json)
 *
 * Each question has a name of its own and each answer addresses of its own, so what is learned
 * from the wrong place shows.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "answer.h"
#include "base/addr.h"
#include "model/special.h"
#include "model/random.h"

#define WHOLE_EVERY 8
/* Addresses between two looks at what was learned: half of the share of who asks. */
#define BATCH_ADDRS      (EGRET_SHARE_ADDRS / 2)
#define SOCKET_QUESTIONS 64
#define WAIT_SEC         5

/* What came in answer to one question. */
struct heard {
	struct asked asked;
	uint8_t *answer;
	size_t answer_len;
	struct egret_addr *addrs; /* that may be learned */
	size_t addr_count;
};

struct lesson {
	uint32_t number;
	struct egret_addr addr;
};

static int open_socket(const char *addr, struct addrinfo **ret_addr)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};

	if (getaddrinfo(addr, "53", &hints, ret_addr))
		return -1;
	return socket((*ret_addr)->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* --- the server --- */

/* What was asked, by a question that question_write wrote. */
static bool question_read(const uint8_t *bytes, size_t len, struct asked *ret, uint32_t *ret_number)
{
	size_t at = 12, to = 0;

	while (at < len && bytes[at] && at + 1 + bytes[at] < len && to + 1 + bytes[at] < sizeof(ret->name)) {
		memcpy(ret->name + to, bytes + at + 1, bytes[at]);
		to += bytes[at];
		ret->name[to++] = '.';
		at += 1 + bytes[at];
	}
	if (!to || at + 5 > len)
		return false;
	ret->name[to - 1] = '\0';
	for (char *c = ret->name; *c; c++)
		*c |= *c >= 'A' && *c <= 'Z' ? 0x20 : 0;
	ret->id = bytes[0] << 8 | bytes[1];
	ret->type = bytes[at + 1] << 8 | bytes[at + 2];
	return sscanf(host_of_question(ret->name), "n%u.", ret_number) == 1;
}

static void serve_one(int fd, struct answer *before)
{
	static struct answer answer;
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	uint8_t bytes[512];
	ssize_t len = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&peer, &peer_len);
	struct answer other = *before;
	struct asked asked;
	uint32_t number;

	if (len < 0 || !question_read(bytes, (size_t)len, &asked, &number))
		return;
	answer_draw(&answer, &asked, number);
	*before = answer;
	if (number % WHOLE_EVERY)
		answer_mutate(&answer, other.len ? &other : before);
	if (sendto(fd, answer.bytes, answer.len, 0, (struct sockaddr *)&peer, peer_len) < 0)
		perror("sendto");
}

static int serve(const char *addr)
{
	struct answer before = {.len = 0};
	struct addrinfo *local;
	int fd = open_socket(addr, &local);

	if (fd < 0 || bind(fd, local->ai_addr, local->ai_addrlen)) {
		perror(addr);
		return 2;
	}
	random_start("spoiled answers served", 0);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		serve_one(fd, &before);
}

/* --- the client --- */

static _Noreturn void fail(const char *what, const struct heard *heard, const struct egret_addr *addr)
{
	char text[ADDR_TEXT_SIZE];

	printf("FAIL %s: %s; asked %s type %u\nanswer:", what, addr_format(addr, text), heard->asked.name,
	       heard->asked.type);
	for (size_t i = 0; i < heard->answer_len; i++)
		printf("%02x", heard->answer[i]);
	printf("\n");
	exit(1);
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

static void heard_read(struct heard *heard)
{
	static struct found found;

	find_addrs(heard->answer, heard->answer_len, &heard->asked, &found);
	heard->addrs = allocate((found.walked.count + 1) * sizeof(*heard->addrs));
	for (size_t i = 0; i < found.walked.count; i++)
		if (found_has(&found, &found.walked.addrs[i]))
			heard->addrs[heard->addr_count++] = found.walked.addrs[i];
}

static void ask_one(int fd, uint32_t number, struct heard *heard)
{
	uint8_t question[EGRET_NAME_SIZE + 32], bytes[ANSWER_MAX_BYTES];
	size_t len;
	ssize_t got;

	question_draw(&heard->asked, number);
	len = question_write(&heard->asked, question);
	got = send(fd, question, len, 0) == (ssize_t)len ? recv(fd, bytes, sizeof(bytes), 0) : -1;
	if (got < 0) {
		perror(heard->asked.name);
		exit(2);
	}
	heard->answer_len = (size_t)got;
	heard->answer = allocate(heard->answer_len + 1);
	memcpy(heard->answer, bytes, heard->answer_len);
	heard_read(heard);
}

static bool heard_has(const struct heard *heard, const struct egret_addr *addr)
{
	for (size_t i = 0; i < heard->addr_count; i++)
		if (addr_equal(&heard->addrs[i], addr))
			return true;
	return false;
}

static json_t *run(char **command)
{
	json_t *rows;
	int pipes[2], status;
	FILE *output;
	pid_t pid;

	if (pipe(pipes) || (pid = fork()) < 0)
		abort();
	if (!pid) {
		dup2(pipes[1], 1);
		close(pipes[0]);
		close(pipes[1]);
		execvp(command[0], command);
		_exit(127);
	}
	close(pipes[1]);
	output = fdopen(pipes[0], "r");
	rows = output ? json_loadf(output, 0, NULL) : NULL;
	if (output)
		fclose(output);
	if (waitpid(pid, &status, 0) < 0 || status || !json_is_array(rows)) {
		fprintf(stderr, "%s does not say what was learned\n", command[0]);
		exit(2);
	}
	return rows;
}

/* Everything that was learned, each from an answer that c-ares finds it in. Returns how many they are. */
static size_t check_learned(const json_t *rows, const struct heard *all, uint32_t count, struct lesson *ret)
{
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *addr = json_string_value(json_object_get(row, "address"));

		if (!name || !addr || addr_parse(addr, &ret[i].addr) || sscanf(name, "n%u.", &ret[i].number) != 1 ||
		    ret[i].number >= count || strcmp(name, host_of_question(all[ret[i].number].asked.name))) {
			printf("FAIL this was learned from no answer: %s %s\n", addr, name);
			exit(1);
		}
		if (!heard_has(&all[ret[i].number], &ret[i].addr))
			fail("Egret learned what c-ares does not find under the asked name", &all[ret[i].number],
			     &ret[i].addr);
	}
	return i;
}

static bool lessons_have(const struct lesson *lessons, size_t count, uint32_t number, const struct egret_addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (lessons[i].number == number && addr_equal(&lessons[i].addr, addr))
			return true;
	return false;
}

/* All that is in the well-formed answers from @first on was learned. */
static void check_whole(const struct lesson *lessons, size_t lesson_count, const struct heard *all, uint32_t first,
			uint32_t end)
{
	for (uint32_t number = first; number < end; number++) {
		const struct heard *heard = &all[number];

		if (number % WHOLE_EVERY)
			continue;
		for (size_t i = 0; i < heard->addr_count; i++)
			if (!model_is_special(&heard->addrs[i]) &&
			    !lessons_have(lessons, lesson_count, number, &heard->addrs[i]))
				fail("Egret did not learn what is in a well-formed answer", heard, &heard->addrs[i]);
	}
}

static size_t check(const struct heard *all, uint32_t first, uint32_t end, char **command)
{
	json_t *rows = run(command);
	struct lesson *lessons = allocate((json_array_size(rows) + 1) * sizeof(*lessons));
	size_t count = check_learned(rows, all, end, lessons);

	check_whole(lessons, count, all, first, end);
	free(lessons);
	json_decref(rows);
	return count;
}

static int ask_socket(const char *addr)
{
	struct timeval wait = {.tv_sec = WAIT_SEC};
	struct addrinfo *server;
	int fd = open_socket(addr, &server);

	if (fd < 0 || connect(fd, server->ai_addr, server->ai_addrlen) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait))) {
		perror(addr);
		exit(2);
	}
	freeaddrinfo(server);
	return fd;
}

static void all_free(struct heard *all, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		free(all[i].answer);
		free(all[i].addrs);
	}
	free(all);
}

static int ask(char *const servers[2], uint32_t count, char **command)
{
	struct heard *all = allocate((count + 1) * sizeof(*all));
	size_t addrs = 0, learned = 0, looks = 0, batch = 0;
	int fd = ask_socket(servers[0]);
	uint32_t first = 0;

	random_start("spoiled answers asked for", count);
	for (uint32_t number = 0; number < count; number++) {
		if (number % SOCKET_QUESTIONS == 0) {
			close(fd);
			fd = ask_socket(servers[number / SOCKET_QUESTIONS % 2]);
		}
		ask_one(fd, number, &all[number]);
		batch += all[number].addr_count;
		if (batch < BATCH_ADDRS && number + 1 < count)
			continue;
		learned += check(all, first, number + 1, command);
		looks++;
		addrs += batch;
		batch = 0;
		first = number + 1;
	}
	printf("note: %u answers with %zu addresses; %zu looks saw %zu learned\n", count, addrs, looks, learned);
	close(fd);
	all_free(all, count);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc > 5 && !strcmp(argv[1], "ask"))
		return ask(argv + 2, (uint32_t)strtoul(argv[4], NULL, 10), argv + 5);
	fprintf(stderr, "usage: answers_sent serve ADDR | ask ADDR ADDR COUNT CMD...\n");
	return 2;
}
