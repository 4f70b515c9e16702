// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "edges.h"
#include "model/random.h"
#include "writer.h"

#define EDGES_AN_ANSWER 30
#define MAX_ALIASES     24
#define MAX_ITEMS       (MAX_ALIASES + 64)
#define FLAG_CUT        2 /* of a message's third octet */

/* --- what must not teach --- */

static void stranger_of(const struct writer *w, char ret[EGRET_NAME_SIZE])
{
	static const char *const names[] = {"evil.example", "n.example", "example", "a.b.c.d.e.f.g.evil.example"};
	const char *dot = strchr(w->owner, '.');

	if (dot && !random_below(3))
		snprintf(ret, EGRET_NAME_SIZE, "%s", dot + 1);
	else if (!random_below(3))
		snprintf(ret, EGRET_NAME_SIZE, "x.%.200s", w->owner);
	else
		snprintf(ret, EGRET_NAME_SIZE, "%s", RANDOM_OF(names));
}

/* An alias that nobody asked for, and an address of what it leads to. */
static void put_strange_alias(struct writer *w, const char *stranger, uint16_t type)
{
	record_name(w, ANSWER, stranger, TYPE_CNAME, "led.astray.example");
	record_addr(w, ANSWER, "led.astray.example", type, CLASS_IN);
}

static void put_noise(struct writer *w, uint16_t type)
{
	char stranger[EGRET_NAME_SIZE];

	stranger_of(w, stranger);
	switch (random_below(8)) {
	case 0:
		record_random(w, ANSWER, w->owner, TYPE_TXT, CLASS_IN, random_below(40));
		return;
	case 1:
		record_addr(w, ANSWER, w->owner, type, CLASS_CH);
		return;
	case 2:
		record_addr(w, ANSWER, stranger, type, CLASS_IN);
		return;
	case 3:
		put_strange_alias(w, stranger, type);
		return;
	case 4:
		record_random(w, ANSWER, w->owner, TYPE_A, CLASS_IN, random_below(2) ? 3 : 5 + random_below(12));
		return;
	case 5:
		record_random(w, ANSWER, w->owner, TYPE_AAAA, CLASS_IN, random_below(2) ? 4 : 17);
		return;
	case 6:
		record_name(w, ANSWER, stranger, TYPE_CNAME, w->owner);
		return;
	default:
		record_random(w, ANSWER, w->owner, TYPE_RRSIG, CLASS_IN, 40 + random_below(200));
	}
}

static void maybe_noise(struct writer *w, uint16_t type)
{
	while (has_room(w) && !random_below(5))
		put_noise(w, type);
}

/* A or AAAA, for a record that is no answer to the question. */
static uint16_t plain_type(const struct asked *asked)
{
	if (asked->type == TYPE_A || asked->type == TYPE_AAAA)
		return asked->type;
	return random_below(2) ? TYPE_A : TYPE_AAAA;
}

static void put_authority(struct writer *w, const struct asked *asked)
{
	for (uint32_t count = random_below(4); count && has_room(w); count--) {
		switch (random_below(3)) {
		case 0:
			record_name(w, AUTHORITY, "example", TYPE_NS, "ns.example");
			break;
		case 1:
			record_random(w, AUTHORITY, "example", TYPE_SOA, CLASS_IN, 22 + random_below(20));
			break;
		default:
			record_addr(w, AUTHORITY, asked->name, plain_type(asked), CLASS_IN);
		}
	}
}

static void put_additional(struct writer *w, const struct asked *asked)
{
	for (uint32_t count = random_below(4); count && has_room(w); count--) {
		switch (random_below(3)) {
		case 0:
			record_random(w, ADDITIONAL, "", TYPE_OPT, 1232, random_below(20));
			break;
		case 1:
			record_addr(w, ADDITIONAL, asked->name, plain_type(asked), CLASS_IN);
			break;
		default:
			record_addr(w, ADDITIONAL, w->owner, plain_type(asked), CLASS_IN);
		}
	}
}

/* --- the chain --- */

/* The asked name and its aliases, and in which order they and the addresses are written: an item below `aliases` is the
 * alias of that name, any other an address. */
struct plan {
	char names[MAX_ALIASES + 1][EGRET_NAME_SIZE];
	uint32_t aliases, items;
	uint32_t order[MAX_ITEMS];
	bool shuffled;
};

static uint32_t draw_addr_count(const struct asked *asked)
{
	if (!random_below(16))
		return 0;
	/* A record with hints has several. */
	if (random_below(32) || asked->type > TYPE_AAAA)
		return 1 + random_below(5);
	return 20 + random_below(45);
}

static uint32_t draw_alias_count(void)
{
	if (!random_below(64))
		return 8 + random_below(MAX_ALIASES - 8);
	return random_below(2) ? random_below(4) : 0;
}

static void plan_draw(struct plan *ret, const struct asked *asked)
{
	static const char *const zones[] = {"cdn.example", "example", "edge.a-b.test", "x.y.z.cdn.example"};

	ret->aliases = draw_alias_count();
	ret->items = ret->aliases + draw_addr_count(asked);
	ret->shuffled = random_below(2);
	strcpy(ret->names[0], asked->name);
	for (uint32_t i = 1; i <= ret->aliases; i++)
		snprintf(ret->names[i], EGRET_NAME_SIZE, "c%u-%u.%s", i, random_below(1000), RANDOM_OF(zones));
	for (uint32_t i = 0; i < ret->items; i++) {
		uint32_t other = ret->shuffled ? random_below(i + 1) : i;

		ret->order[i] = ret->order[other];
		ret->order[other] = i;
	}
}

static const char *any_name(const struct plan *plan)
{
	return plan->names[random_below(plan->aliases + 1)];
}

/* More aliases of a name that has one: a loop, or a branch. */
static void put_more_aliases(struct writer *w, const struct plan *plan, const struct asked *asked)
{
	if (random_below(2)) {
		record_name(w, ANSWER, any_name(plan), TYPE_CNAME, any_name(plan));
		return;
	}
	record_addr(w, ANSWER, "branch.test", plain_type(asked), CLASS_IN);
	record_name(w, ANSWER, any_name(plan), TYPE_CNAME, "branch.test");
}

static void put_other_type(struct writer *w, const struct asked *asked)
{
	if (random_below(2))
		record_addr(w, ANSWER, w->owner, TYPE_A + TYPE_AAAA - plain_type(asked), CLASS_IN);
	else
		record_hints(w, w->owner, asked->type == TYPE_HTTPS ? TYPE_SVCB : TYPE_HTTPS, false);
}

static void put_answer(struct writer *w, const struct asked *asked)
{
	static const uint16_t any[] = {TYPE_A, TYPE_AAAA, TYPE_HTTPS};
	uint16_t type = asked->type == TYPE_ANY ? RANDOM_OF(any) : asked->type;

	if (!random_below(10))
		put_other_type(w, asked);
	else if (type == TYPE_HTTPS || type == TYPE_SVCB)
		record_hints(w, w->owner, type, !random_below(4));
	else
		record_addr(w, ANSWER, w->owner, type, CLASS_IN);
}

static void put_plan(struct writer *w, const struct plan *plan, const struct asked *asked)
{
	for (uint32_t i = 0; i < plan->items && has_room(w); i++) {
		uint32_t item = plan->order[i];

		if (plan->shuffled)
			strcpy(w->owner, any_name(plan));
		maybe_noise(w, plain_type(asked));
		if (plan->shuffled && !random_below(20))
			put_more_aliases(w, plan, asked);
		if (item >= plan->aliases) {
			put_answer(w, asked);
			continue;
		}
		record_name(w, ANSWER, plan->names[item], TYPE_CNAME, plan->names[item + 1]);
		strcpy(w->owner, plan->names[item + 1]);
	}
}

/* --- answers --- */

static void put_header(struct writer *w, uint16_t id, uint16_t flags)
{
	put16(w, id);
	put16(w, flags);
	put16(w, 1);
	for (int i = 0; i < 3; i++)
		put16(w, 0);
}

/* The server says so, and sends as much as it has room for. */
static void cut(struct answer *answer, size_t question_end)
{
	answer->bytes[2] |= FLAG_CUT;
	if (random_below(4))
		answer->len = question_end + random_below(answer->len - question_end + 1);
}

void answer_draw(struct answer *ret, const struct asked *asked, uint32_t number)
{
	static struct plan plan;
	struct writer w = {.to = ret, .number = number};
	size_t question_end;

	ret->len = 0;
	put_header(&w, asked->id, 0x8180);
	put_name(&w, asked->name);
	put16(&w, asked->type);
	put16(&w, CLASS_IN);
	strcpy(w.owner, asked->name);
	question_end = ret->len;
	plan_draw(&plan, asked);
	put_plan(&w, &plan, asked);
	put_authority(&w, asked);
	put_additional(&w, asked);
	if (!random_below(16))
		cut(ret, question_end);
}

static void put_octets(struct writer *w, const struct egret_addr *addr, bool v4)
{
	put(w, v4 ? addr->bytes + 12 : addr->bytes, v4 ? 4 : sizeof(*addr));
}

/* In a record of the asked type; where any is right, in an AAAA record. */
static void put_edge(struct writer *w, const struct asked *asked)
{
	bool hint = asked->type == TYPE_HTTPS || asked->type == TYPE_SVCB;
	bool v4 = hint ? random_below(2) : asked->type == TYPE_A;
	struct egret_addr addr = edge_draw(v4);
	size_t at = record_begin(w, asked->name, asked->type == TYPE_ANY ? TYPE_AAAA : asked->type, CLASS_IN);

	if (hint) {
		put16(w, 1);
		put(w, "", 1);
		put16(w, v4 ? 4 : 6);
		put16(w, v4 ? 4 : 16);
	}
	put_octets(w, &addr, v4);
	record_end(w, ANSWER, at);
}

void answer_draw_edges(struct answer *ret, const struct asked *asked)
{
	struct writer w = {.to = ret};

	ret->len = 0;
	put_header(&w, asked->id, 0x8180);
	put_name(&w, asked->name);
	put16(&w, asked->type);
	put16(&w, CLASS_IN);
	for (uint32_t count = 1 + random_below(EDGES_AN_ANSWER); count; count--)
		put_edge(&w, asked);
}

static uint16_t draw_type(void)
{
	static const uint16_t types[] = {TYPE_A,    TYPE_A,     TYPE_A,     TYPE_A,    TYPE_AAAA, TYPE_AAAA,
					 TYPE_AAAA, TYPE_HTTPS, TYPE_HTTPS, TYPE_SVCB, TYPE_ANY};

	return RANDOM_OF(types);
}

/* What stands before a name that is asked for a service of it. */
static const char *draw_service(uint16_t type)
{
	static const char *const https[] = {"", "", "_8443._https.", "_1._https."};
	static const char *const svcb[] = {"", "_dns.", "_853._dns.", "_65535._dns."};

	if (type == TYPE_HTTPS)
		return RANDOM_OF(https);
	return type == TYPE_SVCB ? RANDOM_OF(svcb) : "";
}

void question_draw(struct asked *ret, uint32_t number)
{
	static const char *const zones[] = {"example", "wild.example", "a.very.long.chain.of.labels.wild.example",
					    "blob.core.windows.example"};

	ret->type = draw_type();
	snprintf(ret->name, sizeof(ret->name), "%sn%u.%s", draw_service(ret->type), number, RANDOM_OF(zones));
	ret->id = random_below(0x10000);
}

const char *host_of_question(const char *name)
{
	while (*name == '_')
		name = strchr(name, '.') + 1;
	return name;
}

size_t question_write(const struct asked *asked, uint8_t bytes[static EGRET_NAME_SIZE + 32])
{
	struct answer message = {.len = 0};
	struct writer w = {.to = &message};

	put_header(&w, asked->id, 0x0100);
	put_name(&w, asked->name);
	put16(&w, asked->type);
	put16(&w, CLASS_IN);
	memcpy(bytes, message.bytes, message.len);
	return message.len;
}
