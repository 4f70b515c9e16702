// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sequences COUNT CGROUP NODE INTERNET: random sequences of what sockets, peers and
 * operators do, with real sockets between two network namespaces (NODE and INTERNET are
 * their paths), each step held to the model (tests/model/history.h). Ends 1 at the first
 * that differs, with all steps of its sequence.
 *
 * The programs are those of the build, with one constant changed: a second of flow
 * life is one tick, so that flows end within a test.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "egret.skel.h"
#include "internet.h"
#include "makers.h"
#include "model/history.h"
#include "programs.h"
#include "world.h"

#define INSTANCE "sequences"
#define STEPS    60
#define SOCKETS  4
#define STREAMS  4
#define MAKERS   4
/* A step that took longer than this leaves the model unsure when it was. */
#define SLOW_MS         20
#define LOG_SIZE        (256 * 1024)
#define TICKS_ONE_WAY   30
#define TICKS_BOTH_WAYS 180

enum maker_kind { MAKER_HOST, MAKER_POD, MAKER_A, MAKER_POD_B };

struct datagram_socket {
	int fd; /* -1 = none */
	enum maker_kind maker;
	bool v4;
	uint16_t port;
	struct history history;
};

struct stream {
	int fd, peer_fd; /* -1 = none */
	enum maker_kind maker;
	bool inbound;
	struct model_packet packet;
	struct history_connection connection;
};

struct bed {
	struct kernel *kernel;
	struct egret_bpf *programs;
	struct world world;
	struct maker makers[MAKERS];
	int listeners[MAKERS];
	struct datagram_socket sockets[SOCKETS];
	struct stream streams[STREAMS];
	struct history_clock clock;
	struct history_rules rules;
	struct egret_addr node4, node6;
	uint64_t token;
	unsigned long steps, unsure;
	bool give_up; /* too slow: nobody can say what is right */
	char log[LOG_SIZE];
	size_t log_len;
};

static struct bed bed;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	va_list arguments;

	if (bed.log_len + 2560 > sizeof(bed.log))
		return;
	va_start(arguments, format);
	bed.log_len += (size_t)vsnprintf(bed.log + bed.log_len, 2560, format, arguments);
	va_end(arguments);
}

static void die(const char *what)
{
	fprintf(stderr, "sequences: %s: %s\n", what, strerror(errno));
	exit(1);
}

__attribute__((format(printf, 1, 2))) static void disagree(const char *format, ...)
{
	va_list arguments;

	if (bed.give_up)
		return;
	va_start(arguments, format);
	fprintf(stderr, "sequences: ");
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nsteps:\n%s", bed.log);
	world_print(&bed.world);
	exit(1);
}

static void unexpected(uint64_t token)
{
	/* The lowest bit says that the model denied it. */
	if (token & 1)
		disagree("a datagram arrived that the model denied (token %llu)", (unsigned long long)token);
}

/* --- time --- */

static int64_t now_ms(void)
{
	return (int64_t)(clock_now_ns() / CLOCK_NS_PER_MS);
}

static void step_begins(void)
{
	bed.clock.now_ms = now_ms();
}

static void step_ends(void)
{
	if (now_ms() - bed.clock.now_ms > SLOW_MS)
		bed.give_up = true;
}

/* --- subjects --- */

static void set_subject(enum maker_kind maker, struct model_packet *packet)
{
	static const char *const a[] = {"/a"}, *const b[] = {"/b"};

	packet->pods = maker == MAKER_POD || maker == MAKER_POD_B;
	packet->host = !packet->pods;
	packet->cgroups = maker == MAKER_A ? a : maker == MAKER_POD_B ? b : NULL;
	packet->cgroup_count = packet->cgroups ? 1 : 0;
}

static uint32_t bit_of(const char *cgroup)
{
	for (size_t i = 0; i < bed.world.compiled->cgroup_count; i++) {
		if (!strcmp(bed.world.compiled->cgroups[i], cgroup))
			return 1U << (EGRET_CLASS_NAMED_SHIFT + i);
	}
	return 0;
}

static void set_classes(void)
{
	if (kernel_set_class(bed.kernel, bed.makers[MAKER_POD].cgroup_id, EGRET_CLASS_PODS) ||
	    kernel_set_class(bed.kernel, bed.makers[MAKER_POD_B].cgroup_id, EGRET_CLASS_PODS | bit_of("/b")) ||
	    kernel_set_class(bed.kernel, bed.makers[MAKER_A].cgroup_id, bit_of("/a")))
		die("classes");
}

/* --- destinations --- */

static const struct egret_addr loopback = {.bytes = {[15] = 1}};

static void draw_destination(struct model_packet *packet, uint8_t l4_proto, bool only_v4)
{
	do {
		addr_parse(random_addr(), &packet->addr);
	} while (addr_equal(&packet->addr, &loopback) || (only_v4 && !addr_is_v4(&packet->addr)));
	packet->l4_proto = l4_proto;
	packet->port = (uint16_t)(1 + random_below(INTERNET_PORTS));
}

static socklen_t socket_address(const struct model_packet *packet, bool v4, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 in6 = internet_address(&packet->addr, packet->port);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = in6.sin6_port};

	memcpy(&in.sin_addr, packet->addr.bytes + 12, 4);
	if (v4)
		memcpy(ret, &in, sizeof(in));
	else
		memcpy(ret, &in6, sizeof(in6));
	return v4 ? sizeof(in) : sizeof(in6);
}

static const char *destination(const struct model_packet *packet)
{
	static char text[ADDR_TEXT_SIZE + 8];
	char addr[ADDR_TEXT_SIZE];

	snprintf(text, sizeof(text), "%s:%u", addr_format(&packet->addr, addr), packet->port);
	return text;
}

/* --- counters --- */

static uint64_t counted(struct model_verdict verdict)
{
	struct egret_counter counter;

	if (verdict.allow ? kernel_get_counter(bed.kernel, kernel_rule_id(bed.kernel, verdict.rule), &counter)
			  : kernel_get_reason(bed.kernel, verdict.reason, false, &counter))
		die("counters");
	return counter.packets;
}

/* --- datagrams --- */

static struct datagram_socket *any_socket(void)
{
	return &bed.sockets[random_below(SOCKETS)];
}

static void socket_close(struct datagram_socket *one)
{
	if (one->fd >= 0)
		close(one->fd);
	one->fd = -1;
}

static void socket_bind(struct datagram_socket *one, uint16_t port)
{
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(any6);
	int no = 0;

	if (!one->v4)
		setsockopt(one->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(one->fd, one->v4 ? (struct sockaddr *)&any4 : (struct sockaddr *)&any6,
		 one->v4 ? sizeof(any4) : sizeof(any6)) ||
	    getsockname(one->fd, (struct sockaddr *)&any6, &len))
		die("bind");
	one->port = ntohs(any6.sin6_port); /* at the same place in both families */
}

/* A new socket on the port of the old one knows nothing of its peers. */
static void step_open(void)
{
	struct datagram_socket *one = any_socket();
	uint16_t port = one->fd >= 0 && random_below(2) ? one->port : 0;

	socket_close(one);
	memset(&one->history, 0, sizeof(one->history));
	one->maker = (enum maker_kind)random_below(MAKERS);
	one->v4 = random_below(2);
	one->fd = maker_socket(&bed.makers[one->maker], one->v4 ? AF_INET : AF_INET6, SOCK_DGRAM);
	socket_bind(one, port);
	note("  open socket %td maker %d %s port %u%s\n", one - bed.sockets, one->maker, one->v4 ? "v4" : "v6",
	     one->port, port ? " again" : "");
}

static void check_arrival(const struct model_packet *packet, struct model_verdict expected, ssize_t sent, int error)
{
	if (expected.allow && sent < 0)
		disagree("sendto %s: %s; the model allows it by rule %u", destination(packet), strerror(error),
			 expected.rule);
	if (!expected.allow && (sent >= 0 || error != EPERM))
		disagree("sendto %s: %s; the model denies it for reason %u", destination(packet),
			 sent >= 0 ? "sent" : strerror(error), expected.reason);
	if (expected.allow && sent >= 0 && !internet_got(packet->port, bed.token, unexpected))
		disagree("what was sent to %s did not arrive", destination(packet));
}

static void send_to(struct datagram_socket *one, struct model_packet *packet)
{
	struct sockaddr_storage to;
	socklen_t len = socket_address(packet, one->v4, &to);
	struct model_verdict expected;
	uint64_t count, or_count;
	uint32_t or_rule;
	ssize_t sent;
	int error;

	set_subject(one->maker, packet);
	if (history_is_unsure(&one->history, packet, &bed.clock))
		return;
	step_begins();
	expected = history_send(&one->history, &bed.world.model, packet, &bed.clock, &or_rule);
	bed.token = (bed.token + 2) & ~1ULL;
	bed.token |= !expected.allow;
	note("  send socket %td to %s: model %s %u (%u)\n", one - bed.sockets, destination(packet),
	     expected.allow ? "allows, rule" : "denies, reason", expected.allow ? expected.rule : expected.reason,
	     or_rule);
	count = counted(expected);
	or_count = counted((struct model_verdict){.allow = true, .rule = or_rule});
	sent = sendto(one->fd, &bed.token, sizeof(bed.token), MSG_DONTWAIT, (struct sockaddr *)&to, len);
	error = errno;
	step_ends();
	check_arrival(packet, expected, sent, error);
	if (or_rule && counted((struct model_verdict){.allow = true, .rule = or_rule}) != or_count)
		history_counted(&one->history, packet, &bed.clock, or_rule);
	else if (counted(expected) == count)
		disagree("%s %u was not counted for %s", expected.allow ? "rule" : "reason",
			 expected.allow ? expected.rule : expected.reason, destination(packet));
}

/* Somebody who was spoken to, most of the time. */
static void draw_peer(const struct datagram_socket *one, struct model_packet *packet)
{
	draw_destination(packet, IPPROTO_UDP, one->v4);
	if (one->history.count && random_below(3)) {
		const struct history_flow *flow = &one->history.flows[random_below((uint32_t)one->history.count)];

		packet->addr = flow->addr;
		packet->port = flow->port;
	}
}

static void step_send(void)
{
	struct datagram_socket *one = any_socket();
	struct model_packet packet = {0};

	if (one->fd < 0)
		return;
	draw_peer(one, &packet);
	send_to(one, &packet);
}

/* To one address, from every socket that can: what was changed about it must show. */
static void send_from_all(const struct egret_addr *addr)
{
	for (size_t i = 0; i < 2 * SOCKETS && !bed.give_up; i++) {
		struct model_packet packet = {.addr = *addr, .l4_proto = IPPROTO_UDP, .port = 1 + i / SOCKETS};

		if (bed.sockets[i % SOCKETS].fd >= 0 && (!bed.sockets[i % SOCKETS].v4 || addr_is_v4(addr)))
			send_to(&bed.sockets[i % SOCKETS], &packet);
	}
}

/* More peers than a socket holds by itself, and then all of them again. */
static void step_send_to_many(void)
{
	struct datagram_socket *one = any_socket();
	struct model_packet packets[7] = {0};

	if (one->fd < 0)
		return;
	for (size_t i = 0; i < 7; i++)
		draw_destination(&packets[i], IPPROTO_UDP, one->v4);
	for (size_t i = 0; i < 14 && !bed.give_up; i++)
		send_to(one, &packets[i % 7]);
}

static void step_receive(void)
{
	struct datagram_socket *one = any_socket();
	struct model_packet packet = {0};
	struct sockaddr_in6 to;

	if (one->fd < 0)
		return;
	draw_peer(one, &packet);
	if (history_is_unsure(&one->history, &packet, &bed.clock))
		return;
	to = internet_address(addr_is_v4(&packet.addr) ? &bed.node4 : &bed.node6, one->port);
	step_begins();
	history_receive(&one->history, &packet, &bed.clock);
	bed.token = (bed.token + 2) & ~1ULL;
	note("  receive socket %td from %s\n", one - bed.sockets, destination(&packet));
	if (!internet_send(&packet.addr, packet.port, &to, bed.token))
		die("the internet cannot send");
	if (!token_arrives(one->fd, bed.token, 1000))
		disagree("a datagram from %s did not come in", destination(&packet));
	step_ends();
}

/* --- streams --- */

static struct stream *any_stream(void)
{
	return &bed.streams[random_below(STREAMS)];
}

static void stream_close(struct stream *stream)
{
	struct linger at_once = {1, 0};

	if (stream->peer_fd >= 0) {
		setsockopt(stream->peer_fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(stream->peer_fd);
	}
	if (stream->fd >= 0) {
		setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(stream->fd);
	}
	stream->fd = stream->peer_fd = -1;
}

static void step_connect(void)
{
	struct stream *stream = any_stream();
	struct model_verdict expected;
	struct sockaddr_storage to;
	bool v4 = random_below(2);
	socklen_t len;
	int rc;

	stream_close(stream);
	memset(&stream->connection, 0, sizeof(stream->connection));
	stream->inbound = false;
	stream->maker = (enum maker_kind)random_below(MAKERS);
	draw_destination(&stream->packet, IPPROTO_TCP, v4);
	set_subject(stream->maker, &stream->packet);
	expected = model_judge(&bed.world.model, &stream->packet);
	note("  connect stream %td maker %d to %s: model %s %u\n", stream - bed.streams, stream->maker,
	     destination(&stream->packet), expected.allow ? "allows, rule" : "denies, reason",
	     expected.allow ? expected.rule : expected.reason);
	stream->fd = maker_socket(&bed.makers[stream->maker], v4 ? AF_INET : AF_INET6, SOCK_STREAM);
	len = socket_address(&stream->packet, v4, &to);
	rc = connect(stream->fd, (struct sockaddr *)&to, len);
	if (!expected.allow) {
		if (!rc || errno != EPERM)
			disagree("connect to %s: %s; the model denies it", destination(&stream->packet),
				 rc ? strerror(errno) : "connected");
		stream_close(stream);
		return;
	}
	if (rc && errno != EINPROGRESS)
		disagree("connect to %s: %s; the model allows it", destination(&stream->packet), strerror(errno));
	stream->peer_fd = internet_accept(stream->packet.port);
	if (stream->peer_fd < 0)
		disagree("connect to %s: no connection came; the model allows it", destination(&stream->packet));
	history_stream(&stream->connection, &bed.world.model, &stream->packet, &bed.clock);
}

static void step_accept(void)
{
	struct stream *stream = any_stream();
	struct sockaddr_in6 to;

	stream_close(stream);
	stream->inbound = true;
	stream->maker = (enum maker_kind)random_below(MAKERS);
	draw_destination(&stream->packet, IPPROTO_TCP, false);
	to = internet_address(addr_is_v4(&stream->packet.addr) ? &bed.node4 : &bed.node6,
			      (uint16_t)(7000 + stream->maker));
	note("  accept stream %td maker %d from %s\n", stream - bed.streams, stream->maker,
	     destination(&stream->packet));
	stream->peer_fd = internet_connect(&stream->packet.addr, &to);
	if (stream->peer_fd < 0)
		disagree("nobody could connect from %s", destination(&stream->packet));
	stream->fd = accept4(bed.listeners[stream->maker], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (stream->fd < 0)
		die("accept");
}

static void step_say(void)
{
	struct stream *stream = any_stream();
	struct model_verdict expected = {.allow = true, .rule = EGRET_RULE_INBOUND};
	uint64_t count;

	if (stream->fd < 0)
		return;
	set_subject(stream->maker, &stream->packet);
	if (!stream->inbound)
		expected = history_stream(&stream->connection, &bed.world.model, &stream->packet, &bed.clock);
	note("  say over stream %td: model %s %u\n", stream - bed.streams,
	     expected.allow ? "allows, rule" : "denies, reason", expected.allow ? expected.rule : expected.reason);
	count = counted(expected);
	bed.token += 2;
	if (send(stream->fd, &bed.token, sizeof(bed.token), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(bed.token))
		disagree("send over a stream to %s: %s", destination(&stream->packet), strerror(errno));
	if (expected.allow) {
		if (!token_arrives(stream->peer_fd, bed.token, 1000))
			disagree("what was said to %s did not arrive; the model allows it",
				 destination(&stream->packet));
		return;
	}
	if (counted(expected) == count || token_arrives(stream->peer_fd, bed.token, 2))
		disagree("what was said to %s was not denied for reason %u", destination(&stream->packet),
			 expected.reason);
	stream_close(stream); /* it repeats itself for minutes */
}

/* --- operators --- */

static void load_world(void)
{
	world_load(&bed.world, bed.kernel);
	set_classes();
	history_switch(&bed.rules, bed.world.policy, ++bed.clock.epoch);
}

static void step_reload(void)
{
	if (random_below(3))
		world_change(&bed.world);
	else
		world_draw(&bed.world, false);
	note("  reload\n%s", bed.world.policy_text);
	load_world();
}

static void agent_start(void)
{
	struct error error;

	if (kernel_claim(INSTANCE, KERNEL_ANY, &bed.kernel, &error) || kernel_load(bed.kernel, -1, &error)) {
		fprintf(stderr, "sequences: %s\n", error.text);
		exit(1);
	}
}

static void step_restart(void)
{
	note("  restart\n");
	kernel_free(bed.kernel);
	agent_start();
	load_world();
}

static size_t names_with(const struct egret_addr *addr, const char *names[static RANDOM_MAX_NAMES])
{
	size_t count = 0;

	for (size_t i = 0; i < bed.world.names.count; i++) {
		const struct model_name *name = &bed.world.names.names[i];
		size_t a = 0;

		while (a < name->count && !addr_equal(&name->addrs[a], addr))
			a++;
		if (a < name->count)
			names[count++] = name->name;
	}
	return count;
}

static void lose_address(struct random_names *names, size_t at, const struct egret_addr *addr)
{
	struct model_name *name = &names->names[at];
	size_t kept = 0;

	for (size_t i = 0; i < name->count; i++) {
		if (!addr_equal(&names->addrs[at][i], addr))
			names->addrs[at][kept++] = names->addrs[at][i];
	}
	name->count = kept;
}

/* As the agent does it. */
static void write_address(const struct egret_addr *addr)
{
	const char *with[RANDOM_MAX_NAMES];
	size_t count = names_with(addr, with);
	struct egret_dest dest;
	int rc = compiled_address(bed.world.compiled, addr, with, count, &dest);

	if (!rc)
		rc = kernel_set_address(bed.kernel, bed.world.compiled, addr, &dest);
	if (rc) /* the tables are full: the agent loads them anew */
		load_world();
	else
		kernel_forget_denials(bed.kernel);
}

static size_t place_of_name(const char *text)
{
	size_t at = 0;

	while (at < bed.world.names.count && strcmp(bed.world.names.names[at].name, text))
		at++;
	return at;
}

/* Any name that resolves; often one that is denied, since few are. */
static size_t draw_name(void)
{
	const struct policy *policy = bed.world.policy;
	uint32_t skip = random_below(3);

	for (size_t i = 0; i < policy->rule_count && random_below(4); i++) {
		const struct policy_dest *dest = &policy->rules[i].dests[0];

		if (policy->rules[i].action != EGRET_DENY || dest->kind != POLICY_DEST_NAME || skip--)
			continue;
		if (place_of_name(dest->name) < bed.world.names.count)
			return place_of_name(dest->name);
	}
	return random_below((uint32_t)bed.world.names.count);
}

/* What a resolver's next answer does: one name has one address more, or less. */
static void step_resolve(void)
{
	struct model_packet packet = {0};
	struct model_name *name;
	size_t at;

	if (!bed.world.names.count)
		return;
	at = draw_name();
	name = &bed.world.names.names[at];
	draw_destination(&packet, IPPROTO_TCP, false);
	if (name->count && random_below(3))
		packet.addr = name->addrs[random_below((uint32_t)name->count)];
	if (addr_equal(&packet.addr, &loopback)) /* what goes there never leaves */
		return;
	send_from_all(&packet.addr);
	if (random_below(2))
		lose_address(&bed.world.names, at, &packet.addr);
	else if (name->count < RANDOM_MAX_ADDRS)
		bed.world.names.addrs[at][name->count++] = packet.addr;
	note("  resolve %s: %zu addresses, %s\n", name->name, name->count, destination(&packet));
	write_address(&packet.addr);
	send_from_all(&packet.addr);
}

static void step_wait(void)
{
	int64_t ms = (random_below(5) ? bed.clock.one_way_ms : bed.clock.both_ways_ms) + 2 * bed.clock.unsure_ms;

	note("  wait %lld ms\n", (long long)ms);
	usleep((useconds_t)ms * 1000);
	bed.clock.now_ms = now_ms();
	for (int i = 0; i < 3; i++)
		step_send();
}

/* --- all of it --- */

static void attach(const char *cgroup)
{
	struct bpf_program *const programs[] = {
	    bed.programs->progs.egret_create,   bed.programs->progs.egret_ingress,  bed.programs->progs.egret_connect4,
	    bed.programs->progs.egret_connect6, bed.programs->progs.egret_sendmsg4, bed.programs->progs.egret_sendmsg6,
	    bed.programs->progs.egret_egress,
	};
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die(cgroup);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!bpf_program__attach_cgroup(programs[i], fd))
			die("attach");
	}
	close(fd);
}

static void load_programs(void)
{
	bed.programs = egret_bpf__open();
	if (!bed.programs)
		die("open");
	bed.programs->rodata->ticks_per_sec = 1;
	programs_share_keys(bed.kernel, (void *)bed.programs->rodata->hash_keys);
	programs_share_maps(bed.programs->obj, INSTANCE);
	if (egret_bpf__load(bed.programs))
		die("load");
}

static void listen_everywhere(void)
{
	for (int i = 0; i < MAKERS; i++) {
		struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)(7000 + i))};
		int fd = maker_socket(&bed.makers[i], AF_INET6, SOCK_STREAM), no = 0, yes = 1;

		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
		if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 16))
			die("a listener of the node");
		bed.listeners[i] = fd;
	}
}

static void start_makers(const char *cgroup, const char *netns)
{
	static const char *const names[MAKERS] = {"host", "pod", "a", "b"};
	char path[512];

	for (int i = 0; i < MAKERS; i++) {
		snprintf(path, sizeof(path), "%s/%s", cgroup, names[i]);
		maker_start(&bed.makers[i], path, netns);
	}
}

static void take_step(void)
{
	static void (*const often[])(void) = {step_open,    step_send,    step_send,    step_send,
					      step_send,    step_receive, step_receive, step_receive,
					      step_connect, step_connect, step_accept,  step_say,
					      step_say,     step_say,     step_resolve, step_send_to_many};
	uint32_t rare = random_below(100);

	bed.clock.now_ms = now_ms();
	bed.steps++;
	if (rare < 4)
		step_reload();
	else if (rare < 7)
		step_wait();
	else if (rare < 8 && !random_below(4))
		step_restart();
	else
		RANDOM_OF(often)();
}

static void run_sequence(void)
{
	bed.log_len = 0;
	bed.give_up = false;
	for (int i = 0; i < SOCKETS; i++)
		socket_close(&bed.sockets[i]);
	for (int i = 0; i < STREAMS; i++)
		stream_close(&bed.streams[i]);
	world_draw(&bed.world, true);
	load_world();
	for (int i = 0; i < STEPS && !bed.give_up; i++)
		take_step();
	internet_drain(unexpected);
	bed.unsure += bed.give_up;
}

static void set_clock(void)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	bed.clock.one_way_ms = TICKS_ONE_WAY * tick.tv_nsec / 1000000;
	bed.clock.both_ways_ms = TICKS_BOTH_WAYS * tick.tv_nsec / 1000000;
	bed.clock.unsure_ms = SLOW_MS + 10;
}

int main(int argc, char **argv)
{
	unsigned long count;
	struct error error;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: sequences COUNT CGROUP NODE INTERNET\n");
		return 2;
	}
	count = strtoul(argv[1], NULL, 10);
	addr_parse("10.224.0.4", &bed.node4);
	addr_parse("fd00:e9::4", &bed.node6);
	for (int i = 0; i < SOCKETS; i++)
		bed.sockets[i].fd = -1;
	for (int i = 0; i < STREAMS; i++)
		bed.streams[i].fd = bed.streams[i].peer_fd = -1;
	set_clock();
	bed.clock.rules = &bed.rules;
	start_makers(argv[2], argv[3]);
	fd = open(argv[4], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(argv[4]);
	agent_start();
	load_programs();
	random_start("random sequences", count);
	world_draw(&bed.world, true);
	load_world();
	attach(argv[2]);
	listen_everywhere();
	internet_up();
	for (unsigned long i = 0; i < count; i++)
		run_sequence();
	printf("note: %lu sequences, %lu steps, no disagreement; %lu ended early, because the machine was too slow\n",
	       count, bed.steps, bed.unsure);
	for (int i = 0; i < MAKERS; i++)
		maker_stop(&bed.makers[i]);
	kernel_free(bed.kernel);
	return kernel_detach(INSTANCE, &error) ? 1 : 0;
}
