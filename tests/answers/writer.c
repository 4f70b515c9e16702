// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "writer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/random.h"

#define POINTER     0xc000 /* RFC 1035 section 4.1.4 */
#define MAX_POINTED 0x3fff
#define MAX_RECORD  600 /* the longest that is written here */
#define MAX_SLOTS   128
#define MAX_HINTS   8 /* of a record */

/* --- octets and names --- */

void put(struct writer *w, const void *bytes, size_t len)
{
	if (w->to->len + len > sizeof(w->to->bytes))
		abort();
	memcpy(w->to->bytes + w->to->len, bytes, len);
	w->to->len += len;
}

void put16(struct writer *w, uint16_t value)
{
	uint16_t be = htons(value);

	put(w, &be, sizeof(be));
}

void put32(struct writer *w, uint32_t value)
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

void put_name(struct writer *w, const char *name)
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
size_t record_begin(struct writer *w, const char *owner, uint16_t type, uint16_t class)
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

void record_end(struct writer *w, enum section section, size_t length_at)
{
	size_t len = w->to->len - length_at - 2;

	w->to->bytes[length_at] = len >> 8;
	w->to->bytes[length_at + 1] = len;
	count_add(w, section);
}

bool has_room(const struct writer *w)
{
	return w->to->len + MAX_RECORD <= sizeof(w->to->bytes) && w->slot + MAX_HINTS < MAX_SLOTS;
}

void record_name(struct writer *w, enum section section, const char *owner, uint16_t type, const char *name)
{
	size_t at = record_begin(w, owner, type, CLASS_IN);

	put_name(w, name);
	record_end(w, section, at);
}

void record_random(struct writer *w, enum section section, const char *owner, uint16_t type, uint16_t class, size_t len)
{
	size_t at = record_begin(w, owner, type, class);

	put_random(w, len);
	record_end(w, section, at);
}

/* Its own address: the number and the slot are in it. */
void put_addr(struct writer *w, uint16_t type)
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
void put_special(struct writer *w, uint16_t type)
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

void record_addr(struct writer *w, enum section section, const char *owner, uint16_t type, uint16_t class)
{
	size_t at = record_begin(w, owner, type, class);

	if (random_below(12))
		put_addr(w, type);
	else
		put_special(w, type);
	record_end(w, section, at);
}

/* --- hints: RFC 9460 section 2.2 --- */

#define KEY_ALPN  1
#define KEY_V4    4
#define KEY_ECH   5
#define KEY_V6    6
#define KEY_OTHER 0xff00

/* What is wrong with a record, if anything. */
enum spoiled {
	SOUND,
	ALIAS_MODE,
	DESCENDING,
	TWICE,
	ODD_LENGTH,
	NO_ADDRESS,
	TOO_LONG,
	CUT_SHORT,
	POINTS,
	SPOILED_WAYS,
};

static void param_random(struct writer *w, uint16_t key)
{
	uint32_t len = random_below(12);

	put16(w, key);
	put16(w, len);
	put_random(w, len);
}

static void param_hints(struct writer *w, uint16_t key, enum spoiled how)
{
	uint16_t size = key == KEY_V4 ? 4 : 16, count = how == NO_ADDRESS ? 0 : 1 + random_below(MAX_HINTS / 2);
	uint16_t len = size * count;

	put16(w, key);
	put16(w, how == TOO_LONG ? len + size * 40 : how == ODD_LENGTH ? len + 1 : len);
	for (uint16_t i = 0; i < count; i++)
		if (random_below(12))
			put_addr(w, key == KEY_V4 ? TYPE_A : TYPE_AAAA);
		else
			put_special(w, key == KEY_V4 ? TYPE_A : TYPE_AAAA);
	if (how == ODD_LENGTH)
		put_random(w, 1);
}

static void put_target(struct writer *w, enum spoiled how)
{
	static const char *const names[] = {"", "", "svc.example", "a.b.c.svc.test"};

	if (how == POINTS) {
		put16(w, POINTER | 12);
		return;
	}
	for (const char *name = RANDOM_OF(names); *name;) {
		uint8_t len = strcspn(name, ".");

		put_label(w, name, len, false);
		name += len + (name[len] == '.');
	}
	put(w, "", 1);
}

void record_hints(struct writer *w, const char *owner, uint16_t type, bool spoiled)
{
	enum spoiled how = spoiled ? SOUND + 1 + random_below(SPOILED_WAYS - 1) : SOUND;
	bool v4 = random_below(4), v6 = !v4 || random_below(2);
	size_t at = record_begin(w, owner, type, CLASS_IN);

	put16(w, how == ALIAS_MODE ? 0 : 1 + random_below(3));
	put_target(w, how);
	if (random_below(2))
		param_random(w, KEY_ALPN);
	if (how == DESCENDING)
		param_random(w, KEY_OTHER);
	if (v4)
		param_hints(w, KEY_V4, how);
	if (how == TWICE)
		param_hints(w, v4 ? KEY_V4 : KEY_V6, how);
	if (v4 && random_below(3) == 0)
		param_random(w, KEY_ECH);
	if (v6)
		param_hints(w, KEY_V6, how);
	if (random_below(4) == 0)
		param_random(w, KEY_OTHER);
	if (how == CUT_SHORT)
		put_random(w, 1 + random_below(3));
	record_end(w, ANSWER, at);
}
