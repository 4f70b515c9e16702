// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "answer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "edges.h"
#include "model/random.h"

#define TYPE_A          1
#define TYPE_NS         2
#define TYPE_CNAME      5
#define TYPE_SOA        6
#define TYPE_TXT        16
#define TYPE_AAAA       28
#define TYPE_OPT        41
#define TYPE_RRSIG      46
#define CLASS_IN        1
#define CLASS_CH        3
#define POINTER         0xc000 /* RFC 1035 section 4.1.4 */
#define MAX_POINTED     0x3fff
#define MAX_PLACES      64
#define MAX_RECORD      600 /* the longest that is written here */
#define MAX_SLOTS       128
#define EDGES_AN_ANSWER 30

enum section { ANSWER = 6, AUTHORITY = 8, ADDITIONAL = 10 }; /* where its count stands */

/* A name that was written, for later ones to point to. */
struct place {
	char name[EGRET_NAME_SIZE];
	size_t at;
};

struct writer {
	struct answer *to;
	struct place places[MAX_PLACES];
	size_t place_count;
	uint32_t number, slot; /* of the next address */
	char owner[EGRET_NAME_SIZE];
};

/* --- octets and names --- */

static void put(struct writer *w, const void *bytes, size_t len)
{
	if (w->to->len + len > sizeof(w->to->bytes))
		abort();
	memcpy(w->to->bytes + w->to->len, bytes, len);
	w->to->len += len;
}

static void put16(struct writer *w, uint16_t value)
{
	uint16_t be = htons(value);

	put(w, &be, sizeof(be));
}

static void put32(struct writer *w, uint32_t value)
{
	put16(w, value >> 16);
	put16(w, value);
}

static void put_random(struct writer *w, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = random_below(256);

		put(w, &octet, 1);
	}
}

static const struct place *place_of(const struct writer *w, const char *name)
{
	for (size_t i = 0; i < w->place_count; i++)
		if (!strcasecmp(w->places[i].name, name))
			return &w->places[i];
	return NULL;
}

static void place_add(struct writer *w, const char *name)
{
	struct place *place = &w->places[w->place_count];

	if (w->place_count == MAX_PLACES || w->to->len > MAX_POINTED)
		return;
	snprintf(place->name, sizeof(place->name), "%s", name);
	place->at = w->to->len;
	w->place_count++;
}

static void put_label(struct writer *w, const char *label, uint8_t len, bool odd_case)
{
	put(w, &len, 1);
	for (uint8_t i = 0; i < len; i++) {
		bool letter = label[i] >= 'a' && label[i] <= 'z';
		uint8_t octet = letter && odd_case && random_below(2) ? label[i] - 'a' + 'A' : label[i];

		put(w, &octet, 1);
	}
}

static void put_name(struct writer *w, const char *name)
{
	bool compress = random_below(4), odd_case = !random_below(3);

	while (*name) {
		const struct place *place = compress ? place_of(w, name) : NULL;
		uint8_t len = strcspn(name, ".");

		if (place) {
			put16(w, POINTER | place->at);
			return;
		}
		place_add(w, name);
		put_label(w, name, len, odd_case);
		name += len + (name[len] == '.');
	}
	put(w, "", 1);
}

/* --- records --- */

/* Returns where the length of its data stands: record_end fills it in. */
static size_t record_begin(struct writer *w, const char *owner, uint16_t type, uint16_t class)
{
	put_name(w, owner);
	put16(w, type);
	put16(w, class);
	put32(w, random_below(8) ? random_below(86400) : 0xffffffff - random_below(2));
	put16(w, 0);
	return w->to->len - 2;
}

static void count_add(struct writer *w, enum section section)
{
	uint8_t *count = w->to->bytes + section;
	uint16_t more = (count[0] << 8 | count[1]) + 1;

	count[0] = more >> 8;
	count[1] = more;
}

static void record_end(struct writer *w, enum section section, size_t length_at)
{
	size_t len = w->to->len - length_at - 2;

	w->to->bytes[length_at] = len >> 8;
	w->to->bytes[length_at + 1] = len;
	count_add(w, section);
}

static bool has_room(const struct writer *w)
{
	return w->to->len + MAX_RECORD <= sizeof(w->to->bytes) && w->slot < MAX_SLOTS;
}

static void record_name(struct writer *w, enum section section, const char *owner, uint16_t type, const char *name)
{
	size_t at = record_begin(w, owner, type, CLASS_IN);

	put_name(w, name);
	record_end(w, section, at);
}

static void record_random(struct writer *w, enum section section, const char *owner, uint16_t type, uint16_t class,
			  size_t len)
{
	size_t at = record_begin(w, owner, type, class);

	put_random(w, len);
	record_end(w, section, at);
}

/* Its own address: the number and the slot are in it. */
static void put_addr(struct writer *w, uint16_t type)
{
	uint32_t own = (w->number & 0xfffff) * MAX_SLOTS + w->slot++;

	if (type == TYPE_A) {
		put32(w, 0x14000000 + own);
		return;
	}
	if (random_below(16)) {
		put32(w, 0x26031000);
		put32(w, 0);
		put32(w, 1);
	} else { /* IPv4-mapped */
		put32(w, 0);
		put32(w, 0);
		put32(w, 0xffff);
		own += 0x14000000;
	}
	put32(w, own);
}

/* Of special purposes: to be found, and not to be learned. */
static void put_special(struct writer *w, uint16_t type)
{
	static const uint32_t v4[] = {0x0a000001, 0x7f000001, 0xa9fea9fe, 0xc0a80101, 0xac1f0101, 0xe0000001, 0};
	static const uint32_t v6[] = {0xfe800000, 0xfd000000, 0xff020000, 0x20010db8, 0};

	if (type == TYPE_A) {
		put32(w, RANDOM_OF(v4));
		return;
	}
	put32(w, RANDOM_OF(v6));
	put32(w, 0);
	put32(w, 0);
	put32(w, 1);
}

static void record_addr(struct writer *w, enum section section, const char *owner, uint16_t type, uint16_t class)
{
	size_t at = record_begin(w, owner, type, class);

	if (random_below(12))
		put_addr(w, type);
	else
		put_special(w, type);
	record_end(w, section, at);
}

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
			record_addr(w, AUTHORITY, asked->name, asked->type, CLASS_IN);
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
			record_addr(w, ADDITIONAL, asked->name, asked->type, CLASS_IN);
			break;
		default:
			record_addr(w, ADDITIONAL, w->owner, asked->type, CLASS_IN);
		}
	}
}

/* --- answers --- */

static void put_aliases(struct writer *w, uint16_t type)
{
	static const char *const zones[] = {"cdn.example", "example", "edge.a-b.test", "x.y.z.cdn.example"};
	uint32_t count = random_below(2) ? random_below(4) : 0;

	for (uint32_t i = 0; i < count && has_room(w); i++) {
		char alias[EGRET_NAME_SIZE];

		maybe_noise(w, type);
		snprintf(alias, sizeof(alias), "c%u-%u.%s", i, random_below(1000), RANDOM_OF(zones));
		record_name(w, ANSWER, w->owner, TYPE_CNAME, alias);
		strcpy(w->owner, alias);
	}
}

static uint32_t draw_addr_count(void)
{
	if (!random_below(16))
		return 0;
	return random_below(32) ? 1 + random_below(5) : 20 + random_below(45);
}

static void put_addrs(struct writer *w, uint16_t type)
{
	for (uint32_t count = draw_addr_count(); count && has_room(w); count--) {
		maybe_noise(w, type);
		/* Some servers bring both kinds. */
		record_addr(w, ANSWER, w->owner, random_below(10) ? type : TYPE_A + TYPE_AAAA - type, CLASS_IN);
	}
}

static void put_header(struct writer *w, uint16_t id, uint16_t flags)
{
	put16(w, id);
	put16(w, flags);
	put16(w, 1);
	for (int i = 0; i < 3; i++)
		put16(w, 0);
}

void answer_draw(struct answer *ret, const struct asked *asked, uint32_t number)
{
	struct writer w = {.to = ret, .number = number};

	ret->len = 0;
	put_header(&w, asked->id, 0x8180);
	put_name(&w, asked->name);
	put16(&w, asked->type);
	put16(&w, CLASS_IN);
	strcpy(w.owner, asked->name);
	put_aliases(&w, asked->type);
	put_addrs(&w, asked->type);
	put_authority(&w, asked);
	put_additional(&w, asked);
}

static void put_edge(struct writer *w, const struct asked *asked)
{
	struct egret_addr addr = edge_draw(asked->type == TYPE_A);
	size_t at = record_begin(w, asked->name, asked->type, CLASS_IN);

	if (asked->type == TYPE_A)
		put(w, addr.bytes + 12, 4);
	else
		put(w, addr.bytes, sizeof(addr));
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

void question_draw(struct asked *ret, uint32_t number)
{
	static const char *const zones[] = {"example", "wild.example", "a.very.long.chain.of.labels.wild.example",
					    "blob.core.windows.example"};

	snprintf(ret->name, sizeof(ret->name), "n%u.%s", number, RANDOM_OF(zones));
	ret->id = random_below(0x10000);
	ret->type = random_below(3) ? TYPE_A : TYPE_AAAA;
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
