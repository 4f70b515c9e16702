/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes DNS messages: names compressed and in odd case by chance, records, addresses that no other answer has. */
#ifndef EGRET_ANSWERS_WRITER_H
#define EGRET_ANSWERS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"

#define TYPE_A     1
#define TYPE_NS    2
#define TYPE_CNAME 5
#define TYPE_SOA   6
#define TYPE_TXT   16
#define TYPE_AAAA  28
#define TYPE_DNAME 39
#define TYPE_OPT   41
#define TYPE_RRSIG 46
#define TYPE_SVCB  64
#define TYPE_HTTPS 65
#define TYPE_ANY   255
#define CLASS_IN   1
#define CLASS_CH   3
#define MAX_PLACES 64

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

void put(struct writer *w, const void *bytes, size_t len);
void put16(struct writer *w, uint16_t value);
void put32(struct writer *w, uint32_t value);
void put_name(struct writer *w, const char *name);
/* An address of @type, A or AAAA: its own, with the number and a slot in it; or one of special purposes, to be found
 * and not to be learned. */
void put_addr(struct writer *w, uint16_t type);
void put_special(struct writer *w, uint16_t type);

/* Is there room for another record? */
bool has_room(const struct writer *w);
/* Returns where the length of its data stands: record_end fills it in. */
size_t record_begin(struct writer *w, const char *owner, uint16_t type, uint16_t class);
void record_end(struct writer *w, enum section section, size_t length_at);

void record_name(struct writer *w, enum section section, const char *owner, uint16_t type, const char *name);
void record_random(struct writer *w, enum section section, const char *owner, uint16_t type, uint16_t class,
		   size_t len);
void record_addr(struct writer *w, enum section section, const char *owner, uint16_t type, uint16_t class);
/* An HTTPS or SVCB record with hints; @spoiled: one whose parameters are malformed, or an alias: its hints count for
 * nothing. */
void record_hints(struct writer *w, const char *owner, uint16_t type, bool spoiled);

#endif
