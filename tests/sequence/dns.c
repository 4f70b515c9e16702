// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Questions to resolvers, trusted ones and others, and what their answers teach. */
#include "bed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TYPE_A       1
#define TYPE_AAAA    28
#define MAX_MESSAGE  512
#define MAX_ANSWERED 3
#define TICKS_OPEN   30 /* a question, here in ticks as a flow that went one way */

struct message {
	uint8_t bytes[MAX_MESSAGE];
	size_t len;
};

/* One address of an answer. */
struct record {
	struct egret_addr addr;
	uint32_t ttl_sec;
};

/* --- messages: RFC 1035 section 4 --- */

static void put16(struct message *message, uint32_t value)
{
	message->bytes[message->len++] = (uint8_t)(value >> 8);
	message->bytes[message->len++] = (uint8_t)value;
}

static void put_name(struct message *message, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		message->bytes[message->len++] = (uint8_t)len;
		memcpy(message->bytes + message->len, name, len);
		message->len += len;
		name += len + (name[len] == '.');
	}
	message->bytes[message->len++] = 0;
}

static void put_question(struct message *message, const struct question *question, uint32_t flags, size_t answers)
{
	message->len = 0;
	put16(message, question->id);
	put16(message, flags);
	put16(message, 1);
	put16(message, (uint32_t)answers);
	put16(message, 0);
	put16(message, 0);
	put_name(message, question->name);
	put16(message, question->type);
	put16(message, 1);
}

static void put_record(struct message *message, const struct record *record)
{
	bool v4 = addr_is_v4(&record->addr);
	size_t len = v4 ? 4 : 16;

	put16(message, 0xc00c); /* the name of the question */
	put16(message, v4 ? TYPE_A : TYPE_AAAA);
	put16(message, 1);
	put16(message, record->ttl_sec >> 16);
	put16(message, record->ttl_sec);
	put16(message, (uint32_t)len);
	memcpy(message->bytes + message->len, record->addr.bytes + 16 - len, len);
	message->len += len;
}

/* --- questions --- */

static struct question *free_place(struct datagram_socket *one)
{
	for (int i = 0; i < QUESTIONS; i++) {
		if (!one->questions[i].name)
			return &one->questions[i];
	}
	return NULL;
}

static bool question_is_there(const struct model_packet *packet)
{
	(void)packet;
	return internet_asked(bed.asked_id);
}

/* A resolver of the random policies, or a server that is none. */
static void draw_server(const struct datagram_socket *one, struct model_packet *packet)
{
	static const char *const v4[] = {"20.0.0.1", "20.0.0.1", "20.0.0.1", "20.0.0.2"};
	static const char *const v6[] = {"20.0.0.1", "2603:1000::1", "2603:1000::1", "2603:1000:1::1"};

	addr_parse(one->v4 ? RANDOM_OF(v4) : RANDOM_OF(v6), &packet->addr);
	packet->l4_proto = IPPROTO_UDP;
	packet->port = INTERNET_DNS_PORT;
}

/* NULL: it was not sent, or did not leave. */
static struct question *ask(struct datagram_socket *one, const char *name)
{
	struct question *place = free_place(one), question = {.name = name, .id = ++bed.asked_id};
	struct message message;
	struct parcel parcel = {message.bytes, 0, question_is_there};

	if (!place)
		return NULL;
	question.type = random_below(2) ? TYPE_A : TYPE_AAAA;
	draw_server(one, &question.server);
	question.trusted = model_trusts(&bed.world.model, &question.server.addr);
	put_question(&message, &question, 0x0100, 0);
	parcel.len = message.len;
	note("  ask for %s type %u, id %u\n", name, question.type, question.id);
	if (!send_parcel(one, &question.server, &parcel))
		return NULL;
	question.asked_ms = bed.clock.now_ms;
	*place = question;
	return place;
}

static struct datagram_socket *open_socket(void)
{
	struct datagram_socket *one = &bed.sockets[random_below(SOCKETS)];

	if (one->fd < 0 || one->history.connected)
		socket_open(one, (enum maker_kind)random_below(MAKERS), random_below(2), 0);
	return one;
}

void step_ask(void)
{
	ask(open_socket(), random_name());
}

/* --- answers --- */

static int64_t tick_ms(int64_t ticks)
{
	return ticks * bed.clock.one_way_ms / TICKS_ONE_WAY;
}

/* As `set min_ttl` and `set max_ttl` say; a second of a lesson is a tick here, too, and one more is added since the one
 * under way may be nearly over. */
static int64_t ends_ms(uint32_t ttl_sec)
{
	const struct policy_settings *settings = &bed.world.policy->settings;

	if (ttl_sec < settings->min_ttl_sec)
		ttl_sec = settings->min_ttl_sec;
	if (ttl_sec > settings->max_ttl_sec)
		ttl_sec = settings->max_ttl_sec;
	return bed.clock.now_ms + tick_ms((int64_t)ttl_sec + 1);
}

/* Addresses for which the model can say what comes of it. */
static size_t draw_records(const struct question *question, struct record records[static MAX_ANSWERED])
{
	static const uint32_t ttls[] = {0, 1, 40, 80, 200, 5000, 0x7fffffff};
	size_t count = 0, wanted = 1 + random_below(MAX_ANSWERED);

	for (int tries = 0; count < wanted && tries < 40; tries++) {
		struct record *record = &records[count];
		bool twice = false;

		addr_parse(random_addr(), &record->addr);
		record->ttl_sec = RANDOM_OF(ttls);
		for (size_t i = 0; i < count; i++)
			twice |= addr_equal(&records[i].addr, &record->addr);
		if (!twice && addr_is_v4(&record->addr) == (question->type == TYPE_A) &&
		    memory_has_room(&bed.memory, &record->addr, question->name, bed.clock.now_ms, bed.clock.unsure_ms))
			count++;
	}
	return count;
}

/* Spoils what makes an answer the answer to this question. */
static bool maybe_spoil(struct question *answered, struct model_packet *from)
{
	switch (random_below(12)) {
	case 0:
		answered->id ^= 0x8000;
		return true;
	case 1:
		answered->type ^= TYPE_A ^ TYPE_AAAA;
		return true;
	case 2:
		answered->name = "other.x";
		return true;
	case 3:
		addr_parse("20.0.0.2", &from->addr);
		return false; /* the policy says whether that is wrong */
	default:
		return false;
	}
}

static void deliver(struct datagram_socket *one, const struct model_packet *from, const struct question *answered,
		    const struct record *records, size_t count)
{
	struct sockaddr_in6 to = internet_address(addr_is_v4(&from->addr) ? &bed.node4 : &bed.node6, one->port);
	struct message message;

	put_question(&message, answered, 0x8180, count);
	for (size_t i = 0; i < count; i++)
		put_record(&message, &records[i]);
	if (!internet_answers(&from->addr, &to, message.bytes, message.len))
		die("the resolver cannot send");
	if (!message_arrives(one->fd, answered->id, 1000))
		disagree("an answer from %s did not come in", destination(from));
}

static uint64_t learned_ever(void)
{
	struct egret_counter counter;

	if (kernel_get_lesson(bed.kernel, EGRET_LESSON_ADDRESS, &counter))
		die("lessons");
	return counter.packets;
}

/* Too old to teach; 0 = open, -1 = nobody can say. */
static int is_late(const struct question *question)
{
	int64_t age_ms = bed.clock.now_ms - question->asked_ms, limit_ms = tick_ms(TICKS_OPEN);

	if (age_ms > limit_ms - bed.clock.unsure_ms && age_ms < limit_ms + bed.clock.unsure_ms)
		return -1;
	return age_ms >= limit_ms;
}

static void try_all(const struct record *records, size_t count)
{
	for (size_t i = 0; i < count && !bed.give_up; i++) {
		if (addr_equal(&records[i].addr, &loopback))
			continue;
		connect_from_all(&records[i].addr);
		send_from_all(&records[i].addr);
	}
}

static void answer(struct datagram_socket *one, struct question *question)
{
	struct question answered = *question;
	struct model_packet from = question->server;
	struct record records[MAX_ANSWERED];
	bool wrong = maybe_spoil(&answered, &from), teaches;
	size_t count, taught = 0;
	uint64_t before;
	int late;

	step_begins();
	late = is_late(question);
	if (late < 0 || history_is_unsure(&one->history, NULL, &from, &bed.clock))
		return;
	teaches = !late && !wrong && question->trusted &&
		  (addr_equal(&from.addr, &question->server.addr) || model_trusts(&bed.world.model, &from.addr));
	count = draw_records(&answered, records);
	note("  answer socket %td for %s type %u id %u from %s, %zu addresses: %s\n", one - bed.sockets, answered.name,
	     answered.type, answered.id, destination(&from), count, teaches ? "teaches" : "does not teach");
	history_receive(&one->history, &from, &bed.clock);
	before = learned_ever();
	deliver(one, &from, &answered, records, count);
	step_ends();
	for (size_t i = 0; teaches && i < count; i++)
		taught += memory_learn(&bed.memory, &bed.world.model, question->name, &records[i].addr,
				       ends_ms(records[i].ttl_sec));
	if (learned_ever() - before != taught)
		disagree("the answer taught %llu addresses; the model says %zu",
			 (unsigned long long)(learned_ever() - before), taught);
	if (teaches || late)
		question->name = NULL;
	try_all(records, count);
}

void step_answer(void)
{
	struct datagram_socket *one = &bed.sockets[random_below(SOCKETS)];
	uint32_t first = random_below(QUESTIONS);

	for (uint32_t i = 0; one->fd >= 0 && i < QUESTIONS; i++) {
		struct question *question = &one->questions[(first + i) % QUESTIONS];

		if (!question->name)
			continue;
		answer(one, question);
		return;
	}
}

/* Nobody waits that long: whoever answers now had time to guess. */
void step_answer_late(void)
{
	struct datagram_socket *one = open_socket();
	struct question *question = ask(one, random_name());

	if (!question)
		return;
	usleep((useconds_t)(tick_ms(TICKS_OPEN) + 2 * bed.clock.unsure_ms) * 1000);
	answer(one, question);
}

/* Waits until something that was learned has ended. */
void step_lesson_ends(void)
{
	int64_t soonest_ms = bed.clock.now_ms + 600, from_ms = bed.clock.now_ms + bed.clock.unsure_ms;
	const struct memory_addr *next = NULL;

	for (size_t i = 0; i < bed.memory.count; i++) {
		for (size_t l = 0; l < EGRET_LEARNED_NAMES; l++) {
			const struct memory_lesson *lesson = &bed.memory.all[i].lessons[l];

			if (!lesson->name || lesson->ends_ms > soonest_ms || lesson->ends_ms < from_ms)
				continue;
			next = &bed.memory.all[i];
			soonest_ms = lesson->ends_ms;
		}
	}
	if (!next || addr_equal(&next->addr, &loopback))
		return;
	send_from_all(&next->addr);
	note("  wait for the end of what was learned\n");
	usleep((useconds_t)(soonest_ms - bed.clock.now_ms + 2 * bed.clock.unsure_ms) * 1000);
	connect_from_all(&next->addr);
	send_from_all(&next->addr);
}
