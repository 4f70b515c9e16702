/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The resolver against a real server (dnsmasq) and against one that misbehaves.
 * The latter is played by this program, in the same loop, on 127.0.0.x.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/clock.h"
#include "resolve/resolver.h"

#define PATIENCE_SEC 20 /* a test that waits longer has failed */

/* --- the server that misbehaves --- */

struct fake {
	int udp, tcp, client; /* c-ares holds one TCP connection at a time */
	struct sockaddr_in addr;
	unsigned int asked, asked_a, asked_tcp;
	size_t (*answer)(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp);
	unsigned int step; /* for answers that change */
};

/* One packet in the making, on top of the query. */
static size_t put_record(unsigned char *packet, size_t len, uint16_t type, uint32_t ttl, const void *data, size_t size)
{
	unsigned char head[12] = {0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}; /* owner: the question's name */

	head[3] = type;
	head[6] = ttl >> 24;
	head[7] = ttl >> 16;
	head[8] = ttl >> 8;
	head[9] = ttl;
	head[10] = size >> 8;
	head[11] = size;
	memcpy(packet + len, head, sizeof(head));
	memcpy(packet + len + sizeof(head), data, size);
	packet[7]++; /* ANCOUNT; the tests stay below 256 */
	return len + sizeof(head) + size;
}

/* The query's header and question; everything behind them is gone. */
static size_t begin(unsigned char *packet, uint8_t rcode)
{
	size_t len = 12;

	while (packet[len])
		len += packet[len] + 1;
	packet[2] = 0x81; /* QR, RD */
	packet[3] = 0x80 | rcode;
	memset(packet + 6, 0, 6);
	return len + 5;
}

static bool asks_a(const unsigned char *packet)
{
	for (size_t at = 12;; at += packet[at] + 1) {
		if (!packet[at])
			return packet[at + 2] == ns_t_a;
	}
}

static const unsigned char v4[] = {198, 51, 100, 7};
static const unsigned char v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};

static size_t answer_well(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror);

	(void)fake, (void)query_len, (void)over_tcp;
	return a ? put_record(packet, len, ns_t_a, 300, v4, 4) : put_record(packet, len, ns_t_aaaa, 200, v6, 16);
}

static size_t answer_silence(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	(void)fake, (void)packet, (void)query_len, (void)over_tcp;
	return 0;
}

static size_t answer_servfail(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	(void)fake, (void)query_len, (void)over_tcp;
	return begin(packet, ns_r_servfail);
}

static size_t answer_nxdomain(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	(void)fake, (void)query_len, (void)over_tcp;
	return begin(packet, ns_r_nxdomain);
}

static size_t answer_truncated(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	size_t len;

	if (over_tcp)
		return answer_well(fake, packet, query_len, over_tcp);
	len = begin(packet, ns_r_noerror);
	packet[2] |= 0x02; /* TC */
	return len;
}

static size_t answer_garbage(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	(void)fake, (void)over_tcp;
	for (size_t i = 2; i < query_len; i++)
		packet[i] = (unsigned char)(i * 37);
	return query_len;
}

static size_t answer_wrong_id(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	size_t len = answer_well(fake, packet, query_len, over_tcp);

	packet[0] ^= 0xff;
	return len;
}

static size_t answer_ttl_0(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror);

	(void)fake, (void)query_len, (void)over_tcp;
	return a ? put_record(packet, len, ns_t_a, 0, v4, 4) : len;
}

/* The question's name is an alias of itself. */
static size_t answer_cname_loop(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	static const unsigned char self[] = {0xc0, 12};
	size_t len = begin(packet, ns_r_noerror);

	(void)fake, (void)query_len, (void)over_tcp;
	return put_record(packet, len, ns_t_cname, 60, self, sizeof(self));
}

/* An alias of 5 s in front of an address of 300 s: the chain is good for 5 s. */
static size_t answer_chain(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	static const unsigned char target[] = {1, 'y', 0xc0, 12}; /* y.NAME */
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror), owner;

	(void)fake, (void)query_len, (void)over_tcp;
	owner = len + 12;
	len = put_record(packet, len, ns_t_cname, 5, target, sizeof(target));
	if (!a)
		return len;
	packet[len + 1] = (unsigned char)owner;
	len = put_record(packet, len, ns_t_a, 300, v4, 4);
	packet[len - 4 - 12 + 1] = (unsigned char)owner;
	return len;
}

/* The address first, then the aliases that lead to it, the last of them first. */
static size_t answer_backwards(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	static const unsigned char first[] = {1, 'y', 0xc0, 12}, second[] = {1, 'z', 0xc0, 12}; /* y.NAME, z.NAME */
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror), at_first, at_second;

	(void)fake, (void)query_len, (void)over_tcp;
	if (!a)
		return len;
	/* The owners are written below: each is the data of another record. */
	len = put_record(packet, len, ns_t_a, 300, v4, 4);
	at_second = len + 12;
	len = put_record(packet, len, ns_t_cname, 7, second, sizeof(second));
	at_first = len + 12;
	len = put_record(packet, len, ns_t_cname, 60, first, sizeof(first));
	packet[at_second - 4 - 12 - 12 + 1] = (unsigned char)at_second;
	packet[at_second - 12 + 1] = (unsigned char)at_first;
	return len;
}

/* The address of another name beside the one that was asked for. */
static size_t answer_stranger(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror), before;

	(void)fake, (void)query_len, (void)over_tcp;
	if (!a)
		return len;
	len = put_record(packet, len, ns_t_a, 300, v4, 4);
	before = len;
	len = put_record(packet, len, ns_t_a, 300, (unsigned char[]){198, 51, 100, 66}, 4);
	packet[before + 1] = 12 + 1 + packet[12]; /* owner: the parent of the question's name */
	return len;
}

static size_t answer_hundred(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror);

	(void)fake, (void)query_len;
	if (!a)
		return len;
	if (!over_tcp) {
		packet[2] |= 0x02;
		return len;
	}
	for (unsigned char i = 0; i < 100; i++)
		len = put_record(packet, len, ns_t_a, 300, (unsigned char[]){198, 18, 0, i}, 4);
	return len;
}

/* .1 and .2 at first, from then on only .2. */
static size_t answer_less(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror);

	(void)query_len, (void)over_tcp;
	if (!a)
		return len;
	if (!fake->step++)
		len = put_record(packet, len, ns_t_a, 1, (unsigned char[]){198, 51, 100, 1}, 4);
	return put_record(packet, len, ns_t_a, 1, (unsigned char[]){198, 51, 100, 2}, 4);
}

/* Good once for each family, then no more. */
static size_t answer_once(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	bool a = asks_a(packet);
	size_t len;

	(void)over_tcp;
	if (fake->step++ >= 2)
		return answer_servfail(fake, packet, query_len, over_tcp);
	len = begin(packet, ns_r_noerror);
	return a ? put_record(packet, len, ns_t_a, 1, v4, 4) : len;
}

static size_t answer_only_a(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	return asks_a(packet) ? answer_well(fake, packet, query_len, over_tcp) : 0;
}

static size_t answer_moved(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	bool a = asks_a(packet);
	size_t len = begin(packet, ns_r_noerror);

	(void)fake, (void)query_len, (void)over_tcp;
	return a ? put_record(packet, len, ns_t_a, 300, (unsigned char[]){198, 51, 100, 8}, 4) : len;
}

static bool try_open(struct fake *fake)
{
	socklen_t len = sizeof(fake->addr);
	int one = 1;

	fake->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fake->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fake->tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fake->udp, (struct sockaddr *)&fake->addr, len) &&
	    !getsockname(fake->udp, (struct sockaddr *)&fake->addr, &len) &&
	    !bind(fake->tcp, (struct sockaddr *)&fake->addr, len) && !listen(fake->tcp, 64))
		return true;
	close(fake->udp);
	close(fake->tcp);
	return false;
}

/* @port is 0 for any: the kernel picks one for UDP, and another program may have it for TCP. */
static void fake_open(struct fake *fake, const char *ip, uint16_t port,
		      size_t (*answer)(struct fake *, unsigned char *, size_t, bool))
{
	*fake = (struct fake){.answer = answer, .client = -1};
	for (int tries = 0; tries < 20; tries++) {
		fake->addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		inet_pton(AF_INET, ip, &fake->addr.sin_addr);
		if (try_open(fake))
			return;
	}
	fail_msg("cannot bind %s port %u: %s", ip, port, strerror(errno));
}

static void fake_close(struct fake *fake)
{
	close(fake->udp);
	close(fake->tcp);
	if (fake->client >= 0)
		close(fake->client);
}

static uint16_t fake_port(const struct fake *fake)
{
	return ntohs(fake->addr.sin_port);
}

static void fake_count(struct fake *fake, const unsigned char *packet)
{
	fake->asked++;
	fake->asked_a += asks_a(packet);
}

static void fake_serve_udp(struct fake *fake)
{
	unsigned char packet[4096];
	struct sockaddr_in peer;
	socklen_t peer_len = sizeof(peer);
	ssize_t len = recvfrom(fake->udp, packet, sizeof(packet), 0, (struct sockaddr *)&peer, &peer_len);
	size_t answer_len;

	assert_true(len > 12);
	fake_count(fake, packet);
	answer_len = fake->answer(fake, packet, (size_t)len, false);
	if (answer_len)
		assert_int_equal(sendto(fake->udp, packet, answer_len, 0, (struct sockaddr *)&peer, peer_len),
				 answer_len);
}

static size_t fake_answer_tcp(struct fake *fake, const unsigned char *query, size_t query_len)
{
	unsigned char packet[4096];
	size_t answer_len;

	memcpy(packet + 2, query, query_len);
	fake->asked_tcp++;
	answer_len = fake->answer(fake, packet + 2, query_len, true);
	packet[0] = (unsigned char)(answer_len >> 8);
	packet[1] = (unsigned char)answer_len;
	assert_int_equal(send(fake->client, packet, answer_len + 2, MSG_NOSIGNAL), answer_len + 2);
	return query_len + 2;
}

/* Whole queries come in one segment: they are small, and this is loopback. */
static void fake_serve_tcp(struct fake *fake)
{
	unsigned char stream[4096];
	ssize_t len, at = 0;

	if (fake->client < 0) {
		fake->client = accept(fake->tcp, NULL, NULL);
		return;
	}
	len = recv(fake->client, stream, sizeof(stream), 0);
	while (at + 2 < len)
		at += (ssize_t)fake_answer_tcp(fake, stream + at + 2, (size_t)stream[at] << 8 | stream[at + 1]);
	if (len <= 0) {
		close(fake->client);
		fake->client = -1;
	}
}

/* --- the loop that an owner of a resolver has --- */

struct seen {
	unsigned int rounds, changes;
	struct egret_addr last[256];
	size_t last_count, most;
};

static void on_name(void *context, const struct resolver_name *name, bool changed)
{
	struct seen *seen = context;

	seen->rounds++;
	seen->changes += changed;
	seen->last_count = name->addr_count;
	if (name->addr_count > seen->most)
		seen->most = name->addr_count;
	for (size_t i = 0; i < name->addr_count && i < 256; i++)
		seen->last[i] = name->addrs[i];
}

static void turn(struct resolver *resolver, struct fake *fakes, size_t fake_count_)
{
	struct pollfd fds[256];
	int timeout_ms;
	size_t count = resolver_poll(resolver, fds, 128, &timeout_ms);

	if (count > 128)
		count = 128;
	for (size_t i = 0; i < fake_count_; i++) {
		fds[count + 2 * i] = (struct pollfd){.fd = fakes[i].udp, .events = POLLIN};
		fds[count + 2 * i + 1] = (struct pollfd){.events = POLLIN};
		fds[count + 2 * i + 1].fd = fakes[i].client < 0 ? fakes[i].tcp : fakes[i].client;
	}
	if (timeout_ms < 0 || timeout_ms > 1000)
		timeout_ms = 1000;
	poll(fds, count + 2 * fake_count_, timeout_ms);
	for (size_t i = 0; i < fake_count_; i++) {
		if (fds[count + 2 * i].revents)
			fake_serve_udp(&fakes[i]);
		if (fds[count + 2 * i + 1].revents)
			fake_serve_tcp(&fakes[i]);
	}
	resolver_process(resolver, fds, count);
}

static uint64_t patience(void)
{
	return clock_now_ns() + PATIENCE_SEC * CLOCK_NS_PER_SEC;
}

static void resolve_all(struct resolver *resolver, struct fake *fakes, size_t count)
{
	for (uint64_t end = patience(); resolver_pending(resolver) && clock_now_ns() < end;)
		turn(resolver, fakes, count);
	assert_int_equal(resolver_pending(resolver), 0);
}

#define WAIT_FOR(condition, resolver, fakes, count)                                                                    \
	do {                                                                                                           \
		for (uint64_t end = patience(); !(condition) && clock_now_ns() < end;)                                 \
			turn(resolver, fakes, count);                                                                  \
		assert_true(condition);                                                                                \
	} while (0)

/* Of the resolver that was started last. */
static struct resolver_book *book;

static struct resolver_health health_of(size_t server)
{
	struct resolver_health healths[8];

	assert_in_range(server + 1, 1, resolver_book_health(book, healths, 8));
	return healths[server];
}

static struct resolver *start(const char *const *servers, size_t count, uint16_t port, struct seen *seen)
{
	struct zoned_addr addrs[8];
	struct resolver_options options = {
	    .servers = addrs,
	    .server_count = count,
	    .port = port,
	    .min_ttl_sec = 1,
	    .max_ttl_sec = 3600,
	    .timeout_ms = 150,
	};
	struct resolver *resolver;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(zoned_addr_parse(servers[i], &addrs[i]), 0);
	memset(seen, 0, sizeof(*seen));
	resolver_book_leave(book);
	book = options.book = resolver_book_join(NULL);
	assert_int_equal(resolver_new(&options, on_name, seen, &resolver), 0);
	return resolver;
}

/* One name, one server that answers as told. */
struct one {
	struct fake fake;
	struct seen seen;
	struct resolver *resolver;
};

static const struct resolver_name *ask_one(struct one *one,
					   size_t (*answer)(struct fake *, unsigned char *, size_t, bool))
{
	static const char *const servers[] = {"127.0.0.1"};

	fake_open(&one->fake, servers[0], 0, answer);
	one->resolver = start(servers, 1, fake_port(&one->fake), &one->seen);
	assert_int_equal(resolver_add(one->resolver, "name.example"), 0);
	resolve_all(one->resolver, &one->fake, 1);
	return resolver_find(one->resolver, "name.example");
}

static void end_one(struct one *one)
{
	resolver_free(one->resolver);
	fake_close(&one->fake);
}

static void assert_addrs(const struct resolver_name *name, const char *expected)
{
	char text[2048] = "", buf[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < name->addr_count && i < 8; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 addr_format(&name->addrs[i], buf));
	assert_string_equal(text, expected);
}

/* --- the tests --- */

static void test_both_families(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_well);

	(void)state;
	assert_int_equal(name->state, RESOLVER_RESOLVED);
	assert_addrs(name, "198.51.100.7 2001:db8::7");
	assert_int_equal(name->ttl_sec, 200); /* the shorter of both */
	assert_int_not_equal(name->answered_ns, 0);
	assert_int_equal(one.seen.rounds, 1);
	assert_int_equal(one.seen.changes, 1);
	assert_int_equal(one.fake.asked, 2); /* nothing through search domains */
	end_one(&one);
}

static void test_silence(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_silence);
	struct resolver_health health = health_of(0);

	(void)state;
	assert_int_equal(name->state, RESOLVER_FAILED);
	assert_int_equal(name->addr_count, 0);
	assert_non_null(strstr(name->error, "no resolver answered"));
	assert_int_equal(health.queries, 6); /* 3 tries each */
	assert_int_equal(health.answers, 0);
	assert_int_equal(health.timeouts, 6);
	assert_int_equal(health.timeouts_since_answer, 6);
	assert_int_equal(health.last_answer_ns, 0);
	assert_true(health.unanswered_since_ns && health.unanswered_since_ns <= health.last_timeout_ns);
	end_one(&one);
}

static void test_servfail(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_servfail);
	struct resolver_health health = health_of(0);

	(void)state;
	assert_int_equal(name->state, RESOLVER_FAILED);
	assert_int_equal(name->failures, 1);
	assert_non_null(strstr(name->error, "SERVFAIL"));
	assert_int_equal(health.failures, 6);
	assert_int_equal(health.failures_since_answer, 6);
	assert_int_equal(health.timeouts, 0);
	assert_int_not_equal(health.unanswered_since_ns, 0);
	end_one(&one);
}

/* An error ends no row, a silence neither: only an answer does. */
static void test_an_answer_ends_what_was_unanswered(void **state)
{
	struct one one;
	struct resolver_health health;

	(void)state;
	ask_one(&one, answer_silence);
	one.fake.answer = answer_servfail;
	WAIT_FOR(health_of(0).failures_since_answer >= 2, one.resolver, &one.fake, 1);
	assert_int_equal(health_of(0).timeouts_since_answer, 6);
	one.fake.answer = answer_nxdomain; /* is an answer */
	WAIT_FOR(health_of(0).answers, one.resolver, &one.fake, 1);
	health = health_of(0);
	assert_int_equal(health.failures_since_answer, 0);
	assert_int_equal(health.timeouts_since_answer, 0);
	assert_int_equal(health.unanswered_since_ns, 0);
	assert_int_not_equal(health.last_answer_ns, 0);
	assert_int_equal(health.timeouts, 6);
	assert_in_range(health.failures, 2, 12);
	end_one(&one);
}

/* What an agent before this one knew is counted on from, once. */
static void test_health_is_recalled(void **state)
{
	struct one one;
	struct resolver_health before = {.queries = 100,
					 .answers = 90,
					 .failures = 1,
					 .timeouts = 9,
					 .failures_since_answer = 1,
					 .timeouts_since_answer = 4,
					 .unanswered_since_ns = 5,
					 .last_answer_ns = 4};
	struct resolver_health stranger = {.queries = 1000}, health;

	(void)state;
	ask_one(&one, answer_silence);
	zoned_addr_parse("127.0.0.1", &before.server);
	zoned_addr_parse("127.0.0.9", &stranger.server);
	resolver_book_recall(book, (struct resolver_health[]){stranger, before}, 2);
	resolver_book_recall(book, &before, 1);
	assert_int_equal(resolver_book_health(book, &health, 1), 1); /* nobody asks the stranger */
	assert_int_equal(health.queries, 106);
	assert_int_equal(health.answers, 90);
	assert_int_equal(health.timeouts, 15);
	assert_int_equal(health.failures_since_answer, 1);
	assert_int_equal(health.timeouts_since_answer, 10);
	assert_int_equal(health.unanswered_since_ns, 5);
	assert_int_equal(health.last_answer_ns, 4);
	end_one(&one);

	ask_one(&one, answer_well);
	resolver_book_recall(book, &before, 1);
	health = health_of(0);
	assert_int_equal(health.answers, 92);
	assert_int_equal(health.timeouts_since_answer, 0);
	assert_int_equal(health.unanswered_since_ns, 0);
	assert_true(health.last_answer_ns > 5);
	end_one(&one);
}

static void test_failing_names_back_off(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_servfail);
	uint64_t first, second;

	(void)state;
	first = name->next_ns - clock_now_ns();
	WAIT_FOR(name->failures == 2, one.resolver, &one.fake, 1);
	second = name->next_ns - clock_now_ns();
	assert_true(first <= CLOCK_NS_PER_SEC);
	assert_true(second > first);
	assert_true(second <= 2 * CLOCK_NS_PER_SEC);
	end_one(&one);
}

static void test_nxdomain(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_nxdomain);

	(void)state;
	assert_int_equal(name->state, RESOLVER_EMPTY);
	assert_int_equal(name->failures, 0);
	assert_int_equal(one.fake.asked, 2);
	assert_true(name->next_ns > clock_now_ns() + 30 * CLOCK_NS_PER_SEC);
	end_one(&one);
}

static void test_truncated_goes_to_tcp(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_truncated);

	(void)state;
	assert_addrs(name, "198.51.100.7 2001:db8::7");
	assert_int_equal(one.fake.asked_tcp, 2);
	end_one(&one);
}

static void test_garbage(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_garbage);

	(void)state;
	assert_int_equal(name->state, RESOLVER_FAILED);
	assert_int_equal(name->addr_count, 0);
	end_one(&one);
}

static void test_wrong_id(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_wrong_id);

	(void)state;
	assert_int_equal(name->state, RESOLVER_FAILED);
	assert_int_equal(name->addr_count, 0);
	end_one(&one);
}

static void test_ttl_0_is_asked_again_with_a_pause(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_ttl_0);
	uint64_t now = clock_now_ns();

	(void)state;
	assert_int_equal(name->state, RESOLVER_RESOLVED);
	assert_addrs(name, "198.51.100.7");
	assert_int_equal(name->ttl_sec, 0);
	assert_true(name->next_ns > now + CLOCK_NS_PER_SEC / 2); /* min_ttl is 1 s here */
	WAIT_FOR(one.seen.rounds == 2, one.resolver, &one.fake, 1);
	assert_addrs(name, "198.51.100.7");
	assert_int_equal(one.seen.changes, 1);
	end_one(&one);
}

static void test_cname_loop(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_cname_loop);

	(void)state;
	assert_int_equal(name->addr_count, 0);
	assert_int_equal(name->state, RESOLVER_EMPTY);
	end_one(&one);
}

static void test_shortest_ttl_along_the_chain(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_chain);

	(void)state;
	assert_addrs(name, "198.51.100.7");
	assert_int_equal(name->ttl_sec, 5);
	end_one(&one);
}

static void test_records_in_any_order(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_backwards);

	(void)state;
	assert_addrs(name, "198.51.100.7");
	assert_int_equal(name->ttl_sec, 7);
	end_one(&one);
}

static void test_address_of_another_name(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_stranger);

	(void)state;
	assert_addrs(name, "198.51.100.7");
	end_one(&one);
}

static void test_hundred_addresses(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_hundred);

	(void)state;
	assert_int_equal(name->addr_count, 100);
	for (size_t i = 1; i < name->addr_count; i++)
		assert_true(addr_compare(&name->addrs[i - 1], &name->addrs[i]) < 0);
	end_one(&one);
}

static void test_address_that_is_gone_lives_on_for_min_ttl(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_less);

	(void)state;
	assert_addrs(name, "198.51.100.1 198.51.100.2");
	WAIT_FOR(one.fake.asked_a == 2 && one.seen.rounds == 2, one.resolver, &one.fake, 1);
	assert_addrs(name, "198.51.100.1 198.51.100.2");
	assert_int_equal(one.seen.changes, 1);
	WAIT_FOR(one.seen.changes == 2, one.resolver, &one.fake, 1);
	assert_addrs(name, "198.51.100.2");
	assert_int_equal(one.seen.last_count, 1);
	end_one(&one);
}

static void test_last_good_addresses_are_kept(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_once);

	(void)state;
	assert_int_equal(name->state, RESOLVER_RESOLVED);
	WAIT_FOR(name->failures >= 2, one.resolver, &one.fake, 1);
	assert_int_equal(name->state, RESOLVER_STALE);
	assert_addrs(name, "198.51.100.7");
	assert_int_equal(one.seen.changes, 1);
	assert_non_null(strstr(name->error, "SERVFAIL"));
	end_one(&one);
}

static void test_a_alone_is_an_answer(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_only_a);

	(void)state;
	assert_int_equal(name->state, RESOLVER_RESOLVED);
	assert_addrs(name, "198.51.100.7");
	assert_non_null(strstr(name->error, "AAAA"));
	end_one(&one);
}

/* --- what was known before --- */

static void recall(struct one *one, const char *first, const char *second)
{
	struct egret_addr addrs[2];

	assert_int_equal(addr_parse(first, &addrs[0]), 0);
	assert_int_equal(addr_parse(second, &addrs[1]), 0);
	assert_int_equal(resolver_recall(one->resolver, "name.example", addrs, 2, 1790000000), 0);
}

static void test_recalled_addresses_stand_while_nobody_answers(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_silence);

	(void)state;
	recall(&one, "2001:db8::9", "198.51.100.9");
	assert_addrs(name, "198.51.100.9 2001:db8::9");
	assert_true(name->recalled);
	assert_int_equal(name->answered_ns, 1790000000);
	assert_int_equal(one.seen.changes, 1);
	WAIT_FOR(name->failures >= 2, one.resolver, &one.fake, 1);
	assert_addrs(name, "198.51.100.9 2001:db8::9");
	assert_true(name->recalled);
	end_one(&one);
}

static void test_an_answer_takes_the_place_of_what_was_recalled(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_silence);

	(void)state;
	recall(&one, "198.51.100.9", "2001:db8::9");
	one.fake.answer = answer_only_a; /* half an answer says nothing of the other half */
	WAIT_FOR(one.seen.changes == 2, one.resolver, &one.fake, 1);
	assert_addrs(name, "198.51.100.7 2001:db8::9");
	assert_false(name->recalled);
	assert_int_not_equal(name->answered_ns, 1790000000);
	end_one(&one);
}

static void test_an_empty_answer_ends_what_was_recalled(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_silence);

	(void)state;
	recall(&one, "198.51.100.9", "2001:db8::9");
	one.fake.answer = answer_nxdomain;
	WAIT_FOR(one.seen.changes == 2, one.resolver, &one.fake, 1);
	assert_addrs(name, "");
	assert_int_equal(name->state, RESOLVER_EMPTY);
	end_one(&one);
}

static void test_nothing_is_recalled_over_an_answer(void **state)
{
	struct one one;
	const struct resolver_name *name = ask_one(&one, answer_well);

	(void)state;
	recall(&one, "198.51.100.9", "2001:db8::9");
	assert_addrs(name, "198.51.100.7 2001:db8::7");
	assert_false(name->recalled);
	assert_int_equal(one.seen.changes, 1);
	end_one(&one);
	ask_one(&one, answer_nxdomain);
	recall(&one, "198.51.100.9", "2001:db8::9");
	assert_int_equal(one.seen.changes, 0);
	assert_int_equal(resolver_recall(one.resolver, "other.example", NULL, 0, 1), 0);
	end_one(&one);
}

/* Another policy's resolver, which has the name too, and one that the first has not. */
static struct resolver *next_of(struct one *one, const char *server, struct seen *seen)
{
	struct resolver *next = start(&server, 1, fake_port(&one->fake), seen);

	resolver_add(next, "name.example");
	resolver_add(next, "new.example");
	assert_int_equal(resolver_inherit(next, one->resolver), 0);
	return next;
}

static void test_what_is_known_is_inherited(void **state)
{
	struct one one;
	const struct resolver_name *known = ask_one(&one, answer_well), *name;
	struct seen seen;
	struct resolver *next = next_of(&one, "127.0.0.1", &seen);

	(void)state;
	name = resolver_find(next, "name.example");
	assert_addrs(name, "198.51.100.7 2001:db8::7");
	assert_int_equal(name->state, RESOLVER_RESOLVED);
	assert_int_equal(name->answered_ns, known->answered_ns);
	assert_int_equal(name->next_ns, known->next_ns);
	assert_int_equal(seen.changes, 1);
	assert_int_equal(resolver_pending(next), 1); /* nobody waits for what is known */
	one.fake.asked = 0;
	resolve_all(next, &one.fake, 1);
	assert_int_equal(one.fake.asked, 2); /* nor asks for it again */
	resolver_free(next);
	end_one(&one);
}

/* Silence takes nothing away; the first answer that names other addresses does, as always min_ttl later. */
static void test_what_is_inherited_stands_until_an_answer(void **state)
{
	struct one one;
	struct seen seen;
	struct resolver *next;

	(void)state;
	ask_one(&one, answer_well);
	fake_close(&one.fake);
	fake_open(&one.fake, "127.0.0.2", fake_port(&one.fake), answer_silence);
	next = next_of(&one, "127.0.0.2", &seen); /* another server: it is asked at once */
	WAIT_FOR(resolver_find(next, "name.example")->failures >= 1, next, &one.fake, 1);
	assert_addrs(resolver_find(next, "name.example"), "198.51.100.7 2001:db8::7");
	assert_int_equal(resolver_find(next, "name.example")->state, RESOLVER_STALE);
	one.fake.answer = answer_only_a;
	WAIT_FOR(resolver_find(next, "name.example")->state == RESOLVER_RESOLVED, next, &one.fake, 1);
	assert_addrs(resolver_find(next, "name.example"), "198.51.100.7 2001:db8::7");
	one.fake.answer = answer_nxdomain;
	WAIT_FOR(resolver_find(next, "name.example")->state == RESOLVER_EMPTY, next, &one.fake, 1);
	assert_addrs(resolver_find(next, "name.example"), "198.51.100.7 2001:db8::7");
	WAIT_FOR(!resolver_find(next, "name.example")->addr_count, next, &one.fake, 1);
	resolver_free(next);
	end_one(&one);
}

/* What the one before was answered while the next one asked, too: DNS that takes turns names others to each. */
static void test_what_both_were_answered_is_united(void **state)
{
	struct one one;
	struct seen seen;
	struct resolver *next;
	const struct resolver_name *name;

	(void)state;
	ask_one(&one, answer_well);
	next = start((const char *[]){"127.0.0.1"}, 1, fake_port(&one.fake), &seen);
	resolver_add(next, "name.example");
	one.fake.answer = answer_moved;
	resolve_all(next, &one.fake, 1);
	name = resolver_find(next, "name.example");
	assert_addrs(name, "198.51.100.8");
	assert_int_equal(resolver_inherit(next, one.resolver), 0);
	assert_addrs(name, "198.51.100.7 198.51.100.8 2001:db8::7");
	assert_int_equal(name->state, RESOLVER_RESOLVED);
	WAIT_FOR(name->addr_count == 1, next, &one.fake, 1); /* an answer did not name them, so they go after min_ttl */
	assert_addrs(name, "198.51.100.8");
	resolver_free(next);
	end_one(&one);
}

static char asked_first[8];

static size_t answer_and_note(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	size_t len = strlen(asked_first);

	if (asks_a(packet) && len + 1 < sizeof(asked_first))
		asked_first[len] = (char)packet[13];
	return answer_well(fake, packet, query_len, over_tcp);
}

/* In the order of the policy, but for what somebody uses; what is known already can wait. */
static void test_which_names_come_first(void **state)
{
	static const char *const servers[] = {"127.0.0.1"};
	struct egret_addr addr;
	struct resolver *resolver;
	struct fake fake;
	struct seen seen;

	(void)state;
	memset(asked_first, 0, sizeof(asked_first));
	fake_open(&fake, servers[0], 0, answer_and_note);
	resolver = start(servers, 1, fake_port(&fake), &seen);
	for (char c = 'f'; c >= 'a'; c--)
		resolver_add(resolver, (char[]){c, '.', 'x', '\0'});
	addr_parse("198.51.100.9", &addr);
	resolver_remember(resolver, "e.x", &addr, 0, 1);
	resolver_remember(resolver, "f.x", &addr, 0, 1);
	resolver_hurry(resolver, "b.x");
	resolver_hurry(resolver, "nobody.x");
	assert_int_equal(resolver_pending(resolver), 4);
	WAIT_FOR(strlen(asked_first) == 6, resolver, &fake, 1);
	assert_string_equal(asked_first, "bdcafe");
	assert_int_equal(resolver_first_round_sec(50000, 0), 500);
	assert_int_equal(resolver_first_round_sec(1, 100), 1);
	resolver_free(resolver);
	fake_close(&fake);
}

/* What an agent before this one left has its times, and ends as any address does. */
static void test_what_is_remembered_ends_as_any_address_does(void **state)
{
	static const char *const servers[] = {"127.0.0.1"};
	struct egret_addr addrs[3];
	const struct resolver_name *name;
	struct resolver *resolver;
	struct fake fake;
	struct seen seen;

	(void)state;
	fake_open(&fake, servers[0], 0, answer_silence);
	resolver = start(servers, 1, fake_port(&fake), &seen);
	resolver_add(resolver, "name.example");
	addr_parse("198.51.100.8", &addrs[0]);
	addr_parse("198.51.100.9", &addrs[1]);
	addr_parse("198.51.100.10", &addrs[2]);
	resolver_remember(resolver, "name.example", &addrs[0], 0, 1790000000);
	resolver_remember(resolver, "name.example", &addrs[1], 1, 1790000000);
	resolver_remember(resolver, "name.example", &addrs[2], clock_now_ns() + 3600 * CLOCK_NS_PER_SEC, 1790000000);
	resolver_remember(resolver, "other.example", &addrs[0], 0, 1);
	name = resolver_find(resolver, "name.example");
	assert_int_equal(resolver_pending(resolver), 0);
	WAIT_FOR(name->failures == 1, resolver, &fake, 1);
	assert_addrs(name, "198.51.100.8 198.51.100.10"); /* the time of one was over */
	assert_true(name->recalled && !name->from_disk);
	assert_int_equal(name->answered_ns, 1790000000);
	fake.answer = answer_well;
	WAIT_FOR(name->state == RESOLVER_RESOLVED, resolver, &fake, 1);
	assert_addrs(name, "198.51.100.7 198.51.100.8 198.51.100.10 2001:db8::7");
	assert_false(name->recalled);
	WAIT_FOR(name->addr_count == 3, resolver, &fake, 1);
	assert_addrs(name, "198.51.100.7 198.51.100.10 2001:db8::7");
	resolver_free(resolver);
	fake_close(&fake);
}

/* An agent that starts while DNS is silent recalls what is known in the middle of its first questions. */
static void test_what_is_remembered_is_not_asked_twice(void **state)
{
	static const char *const servers[] = {"127.0.0.1"};
	const struct resolver_name *name;
	struct resolver *resolver;
	struct egret_addr addr;
	unsigned int a_round;
	struct fake fake;
	struct seen seen;

	(void)state;
	addr_parse("198.51.100.8", &addr);
	fake_open(&fake, servers[0], 0, answer_silence);
	resolver = start(servers, 1, fake_port(&fake), &seen);
	resolver_add(resolver, "alone.example");
	WAIT_FOR(resolver_find(resolver, "alone.example")->failures == 1, resolver, &fake, 1);
	a_round = fake.asked;
	resolver_remove(resolver, "alone.example");
	resolver_add(resolver, "name.example");
	name = resolver_find(resolver, "name.example");
	WAIT_FOR(fake.asked == a_round + 2, resolver, &fake, 1);
	resolver_remember(resolver, "name.example", &addr, 0, 1790000000);
	WAIT_FOR(name->failures == 1, resolver, &fake, 1);
	assert_int_equal(fake.asked, 2 * a_round);
	assert_addrs(name, "198.51.100.8");
	resolver_free(resolver);
	fake_close(&fake);
}

/* --- several servers --- */

static const char *const two[] = {"127.0.0.2", "127.0.0.3"};

static struct resolver *start_two(struct fake fakes[2], struct seen *seen,
				  size_t (*first)(struct fake *, unsigned char *, size_t, bool),
				  size_t (*second)(struct fake *, unsigned char *, size_t, bool))
{
	fake_open(&fakes[0], two[0], 0, first);
	fake_open(&fakes[1], two[1], fake_port(&fakes[0]), second); /* nobody else binds 127.0.0.3 */
	return start(two, 2, fake_port(&fakes[0]), seen);
}

static void end_two(struct resolver *resolver, struct fake fakes[2])
{
	resolver_free(resolver);
	fake_close(&fakes[0]);
	fake_close(&fakes[1]);
}

static void test_next_server_when_one_is_silent(void **state)
{
	struct fake fakes[2];
	struct seen seen;
	struct resolver *resolver = start_two(fakes, &seen, answer_silence, answer_well);
	unsigned int asked;

	(void)state;
	resolver_add(resolver, "one.example");
	resolver_add(resolver, "two.example");
	resolve_all(resolver, fakes, 2);
	assert_addrs(resolver_find(resolver, "one.example"), "198.51.100.7 2001:db8::7");
	assert_addrs(resolver_find(resolver, "two.example"), "198.51.100.7 2001:db8::7");
	asked = fakes[0].asked;
	assert_true(asked >= 3);
	resolver_add(resolver, "three.example"); /* no time is lost with the silent one any more */
	resolve_all(resolver, fakes, 2);
	assert_int_equal(fakes[0].asked, asked);
	end_two(resolver, fakes);
}

static void test_next_server_when_one_knows_no_such_name(void **state)
{
	struct fake fakes[2];
	struct seen seen;
	struct resolver *resolver = start_two(fakes, &seen, answer_nxdomain, answer_well);

	(void)state;
	resolver_add(resolver, "one.example");
	resolve_all(resolver, fakes, 2);
	assert_addrs(resolver_find(resolver, "one.example"), "198.51.100.7 2001:db8::7");
	end_two(resolver, fakes);
}

static size_t answer_no_aaaa(struct fake *fake, unsigned char *packet, size_t query_len, bool over_tcp)
{
	return asks_a(packet) ? answer_well(fake, packet, query_len, over_tcp) : begin(packet, ns_r_noerror);
}

static void test_a_name_without_aaaa_is_settled(void **state)
{
	struct fake fakes[2];
	struct seen seen;
	struct resolver *resolver = start_two(fakes, &seen, answer_no_aaaa, answer_silence);

	(void)state;
	resolver_add(resolver, "one.example");
	resolve_all(resolver, fakes, 2);
	assert_addrs(resolver_find(resolver, "one.example"), "198.51.100.7");
	assert_int_equal(resolver_find(resolver, "one.example")->failures, 0);
	assert_int_equal(fakes[1].asked, 0);
	end_two(resolver, fakes);
}

static void test_no_such_name_counts_although_another_server_fails(void **state)
{
	struct fake fakes[2];
	struct seen seen;
	struct resolver *resolver = start_two(fakes, &seen, answer_servfail, answer_nxdomain);

	(void)state;
	resolver_add(resolver, "one.example");
	resolve_all(resolver, fakes, 2);
	assert_int_equal(resolver_find(resolver, "one.example")->state, RESOLVER_EMPTY);
	end_two(resolver, fakes);
}

/* --- many names --- */

static void test_queries_in_flight_are_bounded(void **state)
{
	static const char *const servers[] = {"127.0.0.1"};
	struct zoned_addr addr;
	struct resolver_options options = {.servers = &addr,
					   .server_count = 1,
					   .inflight = 10,
					   .queries_per_sec = RESOLVER_MAX_RATE,
					   .min_ttl_sec = 60,
					   .max_ttl_sec = 3600,
					   .timeout_ms = 2000,
					   .book = resolver_book_join(NULL)};
	struct fake fake;
	struct seen seen = {0};
	struct resolver *resolver;
	unsigned int most_in_flight = 0;
	char text[64];

	(void)state;
	fake_open(&fake, servers[0], 0, answer_well);
	zoned_addr_parse(servers[0], &addr);
	options.port = fake_port(&fake);
	assert_int_equal(resolver_new(&options, on_name, &seen, &resolver), 0);
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		assert_int_equal(resolver_add(resolver, text), 0);
	}
	for (uint64_t end = patience(); resolver_pending(resolver) && clock_now_ns() < end;) {
		struct resolver_health health;
		unsigned int under_way;

		resolver_process(resolver, NULL, 0);
		resolver_book_health(options.book, &health, 1);
		under_way = (unsigned int)(health.queries - health.answers);
		if (under_way > most_in_flight)
			most_in_flight = under_way;
		turn(resolver, &fake, 1);
	}
	assert_int_equal(resolver_pending(resolver), 0);
	assert_int_equal(seen.rounds, 500);
	assert_int_equal(fake.asked, 1000);
	assert_int_equal(most_in_flight, 10);
	resolver_free(resolver);
	resolver_book_leave(options.book);
	fake_close(&fake);
}

/* Two that share a book ask a server together no faster than one of them might; who is urgent does not wait for the
 * many names of the other. */
static void test_a_rate_is_shared(void **state)
{
	struct zoned_addr addr;
	struct resolver_options options = {.servers = &addr,
					   .server_count = 1,
					   .inflight = 1000,
					   .queries_per_sec = 20,
					   .min_ttl_sec = 60,
					   .max_ttl_sec = 3600,
					   .book = resolver_book_join(NULL)};
	struct fake fake;
	struct seen seen = {0};
	struct resolver *many, *urgent;
	struct resolver_health before, health;
	uint64_t begin = clock_now_ns();
	char text[64];

	(void)state;
	fake_open(&fake, "127.0.0.1", 0, answer_well);
	zoned_addr_parse("127.0.0.1", &addr);
	options.port = fake_port(&fake);
	assert_int_equal(resolver_new(&options, on_name, &seen, &many), 0);
	options.urgent = true;
	assert_int_equal(resolver_new(&options, on_name, &seen, &urgent), 0);
	for (int i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		assert_int_equal(resolver_add(many, text), 0);
	}
	resolver_process(many, NULL, 0);
	resolver_process(many, NULL, 0); /* all that may go at once has gone */
	resolver_book_health(options.book, &before, 1);
	assert_int_equal(resolver_add(urgent, "now.example"), 0);
	resolver_process(urgent, NULL, 0);
	assert_int_equal(resolver_book_health(options.book, &health, 1), 1);
	assert_int_equal(health.queries, before.queries + 2);
	for (uint64_t end = patience(); resolver_pending(urgent) && clock_now_ns() < end;)
		turn(urgent, &fake, 1);
	assert_int_equal(resolver_find(urgent, "now.example")->state, RESOLVER_RESOLVED);
	assert_int_not_equal(resolver_pending(many), 0);
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "u%d.example", i);
		assert_int_equal(resolver_add(urgent, text), 0);
	}
	for (uint64_t end = patience(); (resolver_pending(many) || resolver_pending(urgent)) && clock_now_ns() < end;) {
		turn(many, &fake, 1);
		turn(urgent, &fake, 1);
	}
	assert_int_equal(fake.asked, 82);
	/* 20 at once, and 20 more each second. */
	assert_true(clock_now_ns() - begin > 3 * CLOCK_NS_PER_SEC);
	resolver_free(many);
	resolver_free(urgent);
	assert_int_equal(resolver_book_health(options.book, &health, 1), 0);
	resolver_book_leave(options.book);
	fake_close(&fake);
}

static void test_refreshes_are_spread(void **state)
{
	static const char *const servers[] = {"127.0.0.1"};
	uint64_t first = UINT64_MAX, last = 0;
	struct fake fake;
	struct seen seen;
	struct resolver *resolver;
	char text[64];

	(void)state;
	fake_open(&fake, servers[0], 0, answer_well);
	resolver = start(servers, 1, fake_port(&fake), &seen);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		resolver_add(resolver, text);
	}
	resolve_all(resolver, &fake, 1);
	for (int i = 0; i < 50; i++) {
		uint64_t next;

		snprintf(text, sizeof(text), "n%d.example", i);
		next = resolver_find(resolver, text)->next_ns;
		first = next < first ? next : first;
		last = next > last ? next : last;
	}
	/* A TTL of 200 s spread over its last tenth, and never beyond it. */
	assert_true(last - first > 10 * CLOCK_NS_PER_SEC);
	assert_true(last <= clock_now_ns() + 200 * CLOCK_NS_PER_SEC);
	resolver_free(resolver);
	fake_close(&fake);
}

static void test_names_come_and_go(void **state)
{
	static const char *const servers[] = {"127.0.0.1"};
	struct fake fake;
	struct seen seen;
	struct resolver *resolver;

	(void)state;
	fake_open(&fake, servers[0], 0, answer_silence);
	resolver = start(servers, 1, fake_port(&fake), &seen);
	resolver_add(resolver, "gone.example");
	resolver_add(resolver, "gone.example"); /* there already */
	resolver_add(resolver, "never-asked.example");
	assert_int_equal(resolver_pending(resolver), 2);
	turn(resolver, &fake, 1);
	turn(resolver, &fake, 1);
	assert_int_equal(resolver_remove(resolver, "gone.example"), 0); /* with queries under way */
	assert_int_equal(resolver_remove(resolver, "gone.example"), -ENOENT);
	assert_null(resolver_find(resolver, "gone.example"));
	fake.answer = answer_well;
	resolve_all(resolver, &fake, 1);
	assert_int_equal(seen.rounds, 1);
	resolver_add(resolver, "under-way.example");
	turn(resolver, &fake, 1);
	resolver_remove(resolver, "under-way.example");
	resolver_free(resolver); /* with queries of a removed name under way */
	fake_close(&fake);
}

static void test_options(void **state)
{
	struct zoned_addr addrs[RESOLVER_MAX_SERVERS + 1] = {0};
	struct resolver_options options = {.servers = addrs};
	struct resolver *resolver = NULL;
	struct seen seen;

	(void)state;
	assert_int_equal(resolver_new(&options, on_name, &seen, &resolver), -EINVAL);
	options.server_count = RESOLVER_MAX_SERVERS + 1;
	assert_int_equal(resolver_new(&options, on_name, &seen, &resolver), -E2BIG);
	assert_null(resolver);
	resolver_free(NULL);
}

/* --- resolv.conf --- */

static size_t read_conf(const char *text, struct zoned_addr **ret)
{
	char path[] = "/tmp/egret-resolv-XXXXXX";
	int fd = mkstemp(path);
	size_t count = 0;
	int rc;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	rc = resolver_system_servers(path, ret, &count);
	unlink(path);
	assert_int_equal(rc, count ? 0 : -ENOENT);
	return count;
}

static void test_resolv_conf(void **state)
{
	struct zoned_addr *servers, first, second;
	char zoned[ZONED_TEXT_SIZE];

	(void)state;
	zoned_addr_parse("10.0.0.10", &first);
	zoned_addr_parse("2001:db8::53", &second);
	assert_int_equal(read_conf("# nameserver 192.0.2.1\nsearch example\n"
				   "nameserver 10.0.0.10\nnameserver\t2001:db8::53 \noptions ndots:5\n",
				   &servers),
			 2);
	assert_memory_equal(&servers[0], &first, sizeof(first));
	assert_memory_equal(&servers[1], &second, sizeof(second));
	free(servers);
	assert_int_equal(read_conf("nameserver fe80::1%eth0\nnameserver 2001:db8::53%eth0\n", &servers), 2);
	assert_string_equal(zoned_addr_format(&servers[0], zoned), "fe80::1%eth0");
	assert_memory_equal(&servers[1], &second, sizeof(second));
	free(servers);
	assert_int_equal(read_conf("search example\nnameserver\nnameserver name%eth0\n", &servers), 0);
	assert_int_equal(resolver_system_servers("/nonexistent/resolv.conf", &servers, &(size_t){0}), -ENOENT);
}

/* --- a real server --- */

static uint16_t free_port(void)
{
	struct fake fake;

	fake_open(&fake, "127.0.0.1", 0, answer_well);
	fake_close(&fake);
	return fake_port(&fake);
}

static pid_t start_dnsmasq(uint16_t port)
{
	char option[32];
	pid_t pid;

	snprintf(option, sizeof(option), "--port=%u", port);
	pid = fork();
	if (pid)
		return pid;
	execlp("dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
	       "--bind-interfaces", "--listen-address=127.0.0.1", option, "--pid-file=", "--user=root",
	       "--log-facility=/dev/null", "--local=/example/",
	       "--host-record=mcr.example,198.51.100.10,2001:db8::10,120",
	       "--host-record=mcr.example,198.51.100.11,120", "--cname=alias.example,mcr.example,40",
	       "--host-record=v6.example,2001:db8::66", NULL);
	_exit(127);
}

static void test_dnsmasq(void **state)
{
	static const char *const servers[] = {"127.0.0.1"};
	uint16_t port = free_port();
	pid_t pid = start_dnsmasq(port);
	const struct resolver_name *name;
	struct resolver *resolver;
	struct seen seen;
	int status;

	(void)state;
	resolver = start(servers, 1, port, &seen);
	resolver_add(resolver, "mcr.example");
	/* It may not listen yet. */
	WAIT_FOR(resolver_find(resolver, "mcr.example")->addr_count == 3 || waitpid(pid, &status, WNOHANG) == pid,
		 resolver, NULL, 0);
	name = resolver_find(resolver, "mcr.example");
	assert_addrs(name, "198.51.100.10 198.51.100.11 2001:db8::10");
	assert_int_equal(name->ttl_sec, 120);
	resolver_add(resolver, "alias.example");
	resolver_add(resolver, "v6.example");
	resolver_add(resolver, "missing.example");
	resolve_all(resolver, NULL, 0);
	name = resolver_find(resolver, "alias.example");
	assert_addrs(name, "198.51.100.10 198.51.100.11 2001:db8::10");
	assert_int_equal(name->ttl_sec, 40);
	assert_addrs(resolver_find(resolver, "v6.example"), "2001:db8::66");
	assert_int_equal(resolver_find(resolver, "missing.example")->state, RESOLVER_EMPTY);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	WAIT_FOR(resolver_find(resolver, "v6.example")->failures, resolver, NULL, 0);
	assert_int_equal(resolver_find(resolver, "v6.example")->state, RESOLVER_STALE);
	assert_addrs(resolver_find(resolver, "v6.example"), "2001:db8::66");
	resolver_free(resolver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_families),
	    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_servfail),
	    cmocka_unit_test(test_an_answer_ends_what_was_unanswered),
	    cmocka_unit_test(test_health_is_recalled),
	    cmocka_unit_test(test_failing_names_back_off),
	    cmocka_unit_test(test_nxdomain),
	    cmocka_unit_test(test_truncated_goes_to_tcp),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_wrong_id),
	    cmocka_unit_test(test_ttl_0_is_asked_again_with_a_pause),
	    cmocka_unit_test(test_cname_loop),
	    cmocka_unit_test(test_shortest_ttl_along_the_chain),
	    cmocka_unit_test(test_records_in_any_order),
	    cmocka_unit_test(test_address_of_another_name),
	    cmocka_unit_test(test_hundred_addresses),
	    cmocka_unit_test(test_address_that_is_gone_lives_on_for_min_ttl),
	    cmocka_unit_test(test_last_good_addresses_are_kept),
	    cmocka_unit_test(test_a_alone_is_an_answer),
	    cmocka_unit_test(test_recalled_addresses_stand_while_nobody_answers),
	    cmocka_unit_test(test_an_answer_takes_the_place_of_what_was_recalled),
	    cmocka_unit_test(test_an_empty_answer_ends_what_was_recalled),
	    cmocka_unit_test(test_nothing_is_recalled_over_an_answer),
	    cmocka_unit_test(test_what_is_known_is_inherited),
	    cmocka_unit_test(test_what_is_inherited_stands_until_an_answer),
	    cmocka_unit_test(test_what_both_were_answered_is_united),
	    cmocka_unit_test(test_which_names_come_first),
	    cmocka_unit_test(test_what_is_remembered_ends_as_any_address_does),
	    cmocka_unit_test(test_what_is_remembered_is_not_asked_twice),
	    cmocka_unit_test(test_next_server_when_one_is_silent),
	    cmocka_unit_test(test_next_server_when_one_knows_no_such_name),
	    cmocka_unit_test(test_a_name_without_aaaa_is_settled),
	    cmocka_unit_test(test_no_such_name_counts_although_another_server_fails),
	    cmocka_unit_test(test_queries_in_flight_are_bounded),
	    cmocka_unit_test(test_a_rate_is_shared),
	    cmocka_unit_test(test_refreshes_are_spread),
	    cmocka_unit_test(test_names_come_and_go),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_resolv_conf),
	    cmocka_unit_test(test_dnsmasq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
