// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * learn_cost CGROUP: what the programs take to read questions and answers, and for a first
 * packet to an address that was learned; under ten patterns and under 100,000. Real
 * sockets, since a question lives with its socket; one process asks and answers. Each
 * packet's time is read on its own (BPF_ENABLE_STATS), so that one that was interrupted
 * does not count: medians. All of them hold what the counting takes: two clocks a packet.
 *
 * What an answer teaches is known already, or new; or new where the subject has as many
 * addresses as it may have, and each pushes one out ("full").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lanes.h"
#include "policies.h"
#include "report.h"
#include "egret_limits.h"

#define ROUNDS       2000
#define MANY         64 /* addresses of an answer */
#define MESSAGE_SIZE 2048
#define HEADER_LEN   12 /* RFC 1035 section 4.1.1 */
#define PATTERN      3  /* the one that is asked for */
#define BAR_NS       1000
#define BAR_PATTERNS 1.3 /* of the project's plan: 100,000 patterns against ten */

enum side { TEN, LARGE, SIDES };
enum what {
	QUESTION,
	ONE_AGAIN,
	MANY_AGAIN,
	ONE_NEW,
	MANY_NEW,
	ONE_FULL,
	MANY_FULL,
	FIRST,
	IN_TURN,
	FIRST_IN_TURN,
	WHATS
};

static const struct {
	const char *lane;
	size_t patterns;
} sides[SIDES] = {[TEN] = {"ten", 10}, [LARGE] = {"large", 100000}};

static const struct {
	const char *text;
	uint16_t addresses;
	bool again, room, in_turn;
} answers[WHATS] = {
    [ONE_AGAIN] = {"answer with one address, known", 1, .again = true},
    [MANY_AGAIN] = {"answer with 64 addresses, known", MANY, .again = true},
    [ONE_NEW] = {"answer with one address, new", 1, .room = true},
    [MANY_NEW] = {"answer with 64 addresses, new", MANY, .room = true},
    [ONE_FULL] = {"answer with one address, full", 1},
    [MANY_FULL] = {"answer with 64 addresses, full", MANY},
    [IN_TURN] = {"answer with one address, new, all patterns in turn", 1, .room = true, .in_turn = true},
};
/* What is emptied so that there is room. */
static const char *const taught_maps[] = {"learned", "known", "chunks", "shares"};
#define TAUGHT_MAPS 4

struct bench {
	struct lane lane;
	struct kernel *kernel;
	int egress, ingress;
	int client, server;
	int taught[TAUGHT_MAPS];
	uint32_t next_addr;
};

static struct bench benches[SIDES];
static double ns[WHATS][SIDES][ROUNDS];

/* --- messages: RFC 1035 section 4.1 --- */

static size_t put_name(uint8_t *to, const char *name)
{
	size_t at = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		to[at++] = len;
		memcpy(to + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	to[at++] = 0;
	return at;
}

static size_t question_make(uint8_t *to, uint16_t id, size_t pattern, bool again)
{
	const uint8_t header[HEADER_LEN] = {id >> 8, id & 0xff, 1, 0, 0, 1};
	char name[64], below[32];
	size_t len;

	snprintf(name, sizeof(name), "a%u.%s", again ? 0U : id, policy_name(pattern, below));
	memcpy(to, header, sizeof(header));
	len = HEADER_LEN + put_name(to + HEADER_LEN, name);
	memcpy(to + len, "\0\1\0\1", 4);
	return len + 4;
}

/* Turns a question into its answer: @count addresses from @first on. */
static size_t answer_make(uint8_t *message, size_t len, uint32_t first, uint16_t count)
{
	message[2] = 0x81;
	message[3] = 0x80;
	message[6] = count >> 8;
	message[7] = count & 0xff;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t addr_be = htonl(first + i);

		memcpy(message + len, "\xc0\x0c\0\1\0\1\0\0\2\x58\0\4", 12);
		memcpy(message + len + 12, &addr_be, 4);
		len += 16;
	}
	return len;
}

/* --- one packet --- */

/* ns of the one run since @before. Other packets may have come between: then it does not count. */
static double one_run_ns(int program, const struct run_time *before)
{
	struct run_time after = program_time(program);

	if (after.count == before->count)
		die("the program did not run");
	return (double)(after.ns - before->ns) / (double)(after.count - before->count);
}

/* Asks and answers; the time of either program. */
static void ask(struct bench *bench, size_t pattern, uint32_t first, uint16_t count, bool again, double *ret_question,
		double *ret_answer)
{
	static uint16_t id;
	uint8_t message[MESSAGE_SIZE];
	size_t len = question_make(message, ++id, pattern, again);
	struct run_time before = program_time(bench->egress);
	struct sockaddr_in peer;
	socklen_t peer_len = sizeof(peer);

	if (send(bench->client, message, len, 0) < 0)
		die("question");
	*ret_question = one_run_ns(bench->egress, &before);
	if (recvfrom(bench->server, message, sizeof(message), 0, (struct sockaddr *)&peer, &peer_len) < 0)
		die("no question");
	len = answer_make(message, len, first, count);
	before = program_time(bench->ingress);
	if (sendto(bench->server, message, len, 0, (struct sockaddr *)&peer, peer_len) < 0)
		die("answer");
	if (recv(bench->client, message, sizeof(message), 0) < 0)
		die("no answer");
	*ret_answer = one_run_ns(bench->ingress, &before);
}

/* A datagram of a new socket. What was not learned is refused, and ends the program. */
static double first_packet_ns(struct bench *bench, uint32_t addr)
{
	struct sockaddr_in to = lane_address(addr, POLICY_UDP_PORT);
	struct run_time before;
	double ret;
	int fd;

	lane_enter(&bench->lane);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	before = program_time(bench->egress);
	if (fd < 0 || sendto(fd, "first", 5, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("first packet");
	ret = one_run_ns(bench->egress, &before);
	close(fd);
	return ret;
}

static void empty_map(int fd)
{
	uint8_t key[64];

	while (!bpf_map_get_next_key(fd, NULL, key))
		bpf_map_delete_elem(fd, key);
}

static void fill(struct bench *bench)
{
	double ignored;

	for (int i = 0; i < EGRET_SHARE_MAX_ADDRS + MANY; i += MANY, bench->next_addr += MANY)
		ask(bench, PATTERN, bench->next_addr, MANY, false, &ignored, &ignored);
}

static void measure_answer(enum what what, enum side side, int round)
{
	struct bench *bench = &benches[side];
	uint16_t count = answers[what].addresses;
	uint32_t first = answers[what].again ? POLICY_TAUGHT : bench->next_addr;
	/* A step that is prime to the count visits them all, and none beside the one before. */
	size_t pattern = answers[what].in_turn ? (size_t)round * 48271 % sides[side].patterns : PATTERN;
	double question_ns, answer_ns;

	if (!answers[what].again)
		bench->next_addr += count;
	if (answers[what].again) /* it may have been pushed out */
		ask(bench, pattern, first, count, true, &question_ns, &answer_ns);
	for (int i = 0; answers[what].room && i < TAUGHT_MAPS; i++)
		empty_map(bench->taught[i]);
	ask(bench, pattern, first, count, answers[what].again, &question_ns, &ns[what][side][round]);
	if (what == ONE_NEW) {
		ns[QUESTION][side][round] = question_ns;
		ns[FIRST][side][round] = first_packet_ns(bench, first);
	}
	if (what == IN_TURN)
		ns[FIRST_IN_TURN][side][round] = first_packet_ns(bench, first);
}

static void measure_round(int round, bool full)
{
	for (int what = 0; what < WHATS; what++)
		for (int i = 0; answers[what].text && i < SIDES; i++)
			if (full == (what == ONE_FULL || what == MANY_FULL))
				measure_answer(what, (round + i) % SIDES, round);
}

/* --- */

static int bound_to(uint32_t addr, uint16_t port)
{
	struct sockaddr_in at = lane_address(addr, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
	return fd;
}

static int connected_to(uint32_t addr, uint16_t port)
{
	struct sockaddr_in to = lane_address(addr, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	return fd;
}

static void bench_open(struct bench *bench, const char *cgroup, enum side side)
{
	const char *name = sides[side].lane;
	char path[128];

	lane_open(&bench->lane, cgroup, name);
	bench->kernel = instance_of_patterns(name, sides[side].patterns);
	lanes_attach_instance(cgroup, name, bench->kernel);
	bench->egress = lanes_program_fd(name, "egress");
	bench->ingress = lanes_program_fd(name, "ingress");
	lane_enter_peer(&bench->lane);
	bench->server = bound_to(POLICY_RESOLVER, 53);
	lane_enter(&bench->lane);
	bench->client = connected_to(POLICY_RESOLVER, 53);
	bench->next_addr = POLICY_TAUGHT + MANY;
	for (int i = 0; i < TAUGHT_MAPS; i++) {
		snprintf(path, sizeof(path), "/sys/fs/bpf/egret/%s/map_%s", name, taught_maps[i]);
		bench->taught[i] = bpf_obj_get(path);
		if (bench->taught[i] < 0)
			die(path);
	}
}

static void bench_close(struct bench *bench, enum side side)
{
	struct error error;

	kernel_free(bench->kernel);
	if (kernel_detach(sides[side].lane, &error))
		die(error.text);
}

static void report_side(enum side side)
{
	char name[160];

	for (int what = 0; what < WHATS; what++) {
		if (!answers[what].text)
			continue;
		snprintf(name, sizeof(name), "%s, %zu patterns", answers[what].text, sides[side].patterns);
		report(&(struct row){.name = name,
				     .value = median(ns[what][side], ROUNDS),
				     .unit = "ns",
				     .bar = side == TEN && (what == ONE_AGAIN || what == ONE_NEW) ? BAR_NS : 0,
				     .note = "with what the counting takes"});
	}
}

static void report_each(const char *kind, enum what one, enum what many)
{
	char name[160];

	snprintf(name, sizeof(name), "each address more of an answer, %s", kind);
	report(&(struct row){.name = name,
			     .value = median_of_deltas(ns[many][TEN], ns[one][TEN], ROUNDS) / (MANY - 1),
			     .unit = "ns",
			     .bar = BAR_NS,
			     .steady = true});
}

static void report_plain(const char *text, enum what what)
{
	report(&(struct row){.name = text, .value = median(ns[what][TEN], ROUNDS), .unit = "ns"});
}

static void report_ratio(const char *text, enum what what, double bar)
{
	char name[160];

	snprintf(name, sizeof(name), "%s, 100k patterns against 10", text);
	report(&(struct row){.name = name,
			     .value = median(ns[what][LARGE], ROUNDS) / median(ns[what][TEN], ROUNDS),
			     .unit = "x",
			     .bar = bar,
			     .steady = bar > 0});
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: learn_cost CGROUP\n", stderr);
		return 2;
	}
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		die("BPF_ENABLE_STATS");
	for (int side = 0; side < SIDES; side++)
		bench_open(&benches[side], argv[1], side);
	for (int round = 0; round < ROUNDS; round++)
		measure_round(round, false);
	for (int side = 0; side < SIDES; side++)
		fill(&benches[side]);
	for (int round = 0; round < ROUNDS; round++)
		measure_round(round, true);
	report_plain("question to a resolver, 10 patterns", QUESTION);
	report_plain("first packet to a learned address, 10 patterns", FIRST);
	report_side(TEN);
	report_side(LARGE);
	report_each("known", ONE_AGAIN, MANY_AGAIN);
	report_each("new", ONE_NEW, MANY_NEW);
	report_each("full", ONE_FULL, MANY_FULL);
	report_ratio("answer learned", ONE_NEW, BAR_PATTERNS);
	report_ratio("first packet to a learned address", FIRST, BAR_PATTERNS);
	report_ratio("answer learned, all patterns in turn", IN_TURN, 0);
	report_ratio("first packet to a learned address, all patterns in turn", FIRST_IN_TURN, 0);
	for (int side = 0; side < SIDES; side++)
		bench_close(&benches[side], side);
	return 0;
}
