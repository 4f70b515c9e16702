/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A DNS server (UDP) that says what a file has it say, record for record, whatever a server should.
 *
 *	parrot ADDR FILE
 *
 * A line of the file is an answer: "NAME TYPE HOW | RECORD | RECORD...". HOW: "-"; "tc", the answer says that it is cut
 * short; "tc:N", and its last N octets are missing; "xN", each record N times, of which addresses count on. RECORD:
 * "OWNER TYPE DATA...", in the order in which they are sent; OWNER "@" is NAME. TYPE: A, AAAA, CNAME, DNAME, HTTPS,
 *SVCB; a CNAME of class CH is "chCNAME". DATA of HTTPS and SVCB: "PRIORITY TARGET KEY=VALUE...", in this order; VALUE:
 *an address, or octets in hexadecimal. What no line has is answered without records.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER    12
#define MAX_BYTES 16384
#define MAX_LINE  8192
#define POINTER   0xc00c /* to the question's name: RFC 1035 section 4.1.4 */

struct message {
	uint8_t bytes[MAX_BYTES];
	size_t len;
};

struct question {
	char name[256];
	uint16_t type;
	size_t end; /* of the message */
};

static const struct {
	const char *name;
	uint16_t type, class;
} types[] = {
    {"A", 1, 1},      {"CNAME", 5, 1}, {"chCNAME", 5, 3}, {"AAAA", 28, 1},
    {"DNAME", 39, 1}, {"SVCB", 64, 1}, {"HTTPS", 65, 1},  {"ANY", 255, 1},
};

static size_t type_index(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (name && !strcmp(name, types[i].name))
			return i;
	fprintf(stderr, "parrot: no type: %s\n", name ? name : "nothing");
	exit(2);
}

/* --- writing --- */

static void put(struct message *m, const void *bytes, size_t len)
{
	if (m->len + len > sizeof(m->bytes))
		exit(2);
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put16(struct message *m, uint16_t value)
{
	uint16_t be = htons(value);

	put(m, &be, sizeof(be));
}

static void put_name(struct message *m, const char *name)
{
	if (!strcmp(name, "@")) {
		put16(m, POINTER);
		return;
	}
	while (*name && strcmp(name, ".")) {
		uint8_t len = strcspn(name, ".");

		put(m, &len, 1);
		put(m, name, len);
		name += len + (name[len] == '.');
	}
	put(m, "", 1);
}

/* The address @text, and the one @more behind it. */
static bool put_addr(struct message *m, const char *text, uint32_t more)
{
	uint8_t octets[16];
	size_t len = strchr(text, ':') ? 16 : 4;
	uint32_t last;

	if (!text[strspn(text, "0123456789abcdef")] || inet_pton(len == 16 ? AF_INET6 : AF_INET, text, octets) != 1)
		return false;
	memcpy(&last, octets + len - 4, 4);
	last = htonl(ntohl(last) + more);
	memcpy(octets + len - 4, &last, 4);
	put(m, octets, len);
	return true;
}

static void put_value(struct message *m, const char *text)
{
	for (; text[0] && text[1]; text += 2) {
		char pair[3] = {text[0], text[1]};
		uint8_t octet = strtoul(pair, NULL, 16);

		put(m, &octet, 1);
	}
}

/* "KEY=VALUE,VALUE" */
static void put_param(struct message *m, char *text)
{
	char *value = strchr(text, '='), *rest = NULL;
	size_t at;

	put16(m, strtoul(text, NULL, 10));
	at = m->len;
	put16(m, 0);
	for (value = strtok_r(value + 1, ",", &rest); value; value = strtok_r(NULL, ",", &rest))
		if (!put_addr(m, value, 0))
			put_value(m, value);
	m->bytes[at] = (m->len - at - 2) >> 8;
	m->bytes[at + 1] = m->len - at - 2;
}

static void put_data(struct message *m, uint16_t type, char **rest, uint32_t more)
{
	char *word = strtok_r(NULL, " ", rest);

	if (type == 1 || type == 28) {
		put_addr(m, word, more);
		return;
	}
	if (type < 64) {
		put_name(m, word);
		return;
	}
	put16(m, strtoul(word, NULL, 10));
	put_name(m, strtok_r(NULL, " ", rest));
	while ((word = strtok_r(NULL, " ", rest)))
		put_param(m, word);
}

static void put_record(struct message *m, const char *record, uint32_t more)
{
	char text[MAX_LINE], *rest = NULL;
	size_t at, type;

	snprintf(text, sizeof(text), "%s", record);
	put_name(m, strtok_r(text, " ", &rest));
	type = type_index(strtok_r(NULL, " ", &rest));
	put16(m, types[type].type);
	put16(m, types[type].class);
	put16(m, 0);
	put16(m, 60); /* TTL */
	at = m->len;
	put16(m, 0);
	put_data(m, types[type].type, &rest, more);
	m->bytes[at] = (m->len - at - 2) >> 8;
	m->bytes[at + 1] = m->len - at - 2;
	m->bytes[6] += (m->bytes[7] == 0xff);
	m->bytes[7]++;
}

/* --- answering --- */

static bool question_read(const struct message *m, struct question *ret)
{
	size_t at = HEADER, to = 0;

	while (at < m->len && m->bytes[at] && at + 1 + m->bytes[at] < m->len && to + 64 < sizeof(ret->name)) {
		memcpy(ret->name + to, m->bytes + at + 1, m->bytes[at]);
		to += m->bytes[at];
		ret->name[to++] = '.';
		at += 1 + m->bytes[at];
	}
	if (!to || at + 5 > m->len)
		return false;
	ret->name[to - 1] = '\0';
	ret->type = m->bytes[at + 1] << 8 | m->bytes[at + 2];
	ret->end = at + 5;
	return true;
}

/* Adds what the line says, if it is of the question. */
static bool line_answers(struct message *m, const struct question *question, char *line)
{
	char *records = NULL, *words = NULL, *head = strtok_r(line, "|", &records), *name, *how, *record;
	unsigned int times = 1;
	size_t type;

	name = head ? strtok_r(head, " ", &words) : NULL;
	if (!name || strcasecmp(name, question->name))
		return false;
	type = type_index(strtok_r(NULL, " ", &words));
	if (types[type].type != question->type)
		return false;
	how = strtok_r(NULL, " ", &words);
	if (how[0] == 'x')
		times = strtoul(how + 1, NULL, 10);
	while ((record = strtok_r(NULL, "|", &records)))
		for (unsigned int i = 0; i < times; i++)
			put_record(m, record, i);
	if (!strncmp(how, "tc", 2))
		m->bytes[2] |= 2;
	if (how[0] == 't' && how[2] == ':')
		m->len -= strtoul(how + 3, NULL, 10);
	return true;
}

static void answer(struct message *m, const struct question *question, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[MAX_LINE];

	m->bytes[2] = 0x81;
	m->bytes[3] = 0x80;
	memset(m->bytes + 6, 0, 6);
	m->len = question->end;
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line_answers(m, question, line))
			break;
	}
	if (file)
		fclose(file);
}

static void serve(int fd, const char *path)
{
	static struct message m;
	struct sockaddr_in peer;
	socklen_t peer_len = sizeof(peer);
	struct question question;
	ssize_t len = recvfrom(fd, m.bytes, sizeof(m.bytes), 0, (struct sockaddr *)&peer, &peer_len);

	if (len < HEADER)
		return;
	m.len = len;
	if (!question_read(&m, &question))
		return;
	answer(&m, &question, path);
	sendto(fd, m.bytes, m.len, 0, (struct sockaddr *)&peer, peer_len);
}

int main(int argc, char **argv)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 3 || inet_pton(AF_INET, argv[1], &local.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&local, sizeof(local))) {
		fprintf(stderr, "usage: parrot ADDR FILE, ADDR an IPv4 address of this host: %s\n", strerror(errno));
		return 2;
	}
	printf("ready\n");
	fflush(stdout);
	for (;;)
		serve(fd, argv[2]);
}
