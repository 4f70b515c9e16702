// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

const struct memory_addr *memory_find(const struct memory *memory, const struct egret_addr *addr)
{
	for (size_t i = 0; i < memory->count; i++) {
		if (!memcmp(&memory->all[i].addr, addr, sizeof(*addr)))
			return &memory->all[i];
	}
	return NULL;
}

static struct memory_addr *find_or_add(struct memory *memory, const struct egret_addr *addr)
{
	struct memory_addr *found = (struct memory_addr *)memory_find(memory, addr);

	if (found)
		return found;
	if (memory->count == MEMORY_MAX_ADDRS)
		abort(); /* the tests have fewer addresses */
	found = &memory->all[memory->count++];
	found->addr = *addr;
	return found;
}

bool memory_has_room(const struct memory *memory, const struct egret_addr *addr, const char *name, int64_t now_ms,
		     int64_t unsure_ms)
{
	const struct memory_addr *found = memory_find(memory, addr);
	int64_t first = INT64_MAX, second = INT64_MAX;

	for (size_t i = 0; found && i < EGRET_LEARNED_NAMES; i++) {
		int64_t ends_ms = found->lessons[i].ends_ms;

		if (!found->lessons[i].name || !strcmp(found->lessons[i].name, name))
			return true;
		second = ends_ms < first ? first : ends_ms < second ? ends_ms : second;
		first = ends_ms < first ? ends_ms : first;
	}
	return !found || (first < now_ms - unsure_ms && second - first > unsure_ms);
}

/* The one of this name, or else a free one, or the one that ended first. */
static struct memory_lesson *place_of(struct memory_addr *of, const char *name)
{
	struct memory_lesson *first = &of->lessons[0];

	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		struct memory_lesson *lesson = &of->lessons[i];

		if (lesson->name && !strcmp(lesson->name, name))
			return lesson;
		if (first->name && (!lesson->name || lesson->ends_ms < first->ends_ms))
			first = lesson;
	}
	return first;
}

static void teach(struct memory_addr *of, const char *name, int64_t ends_ms, bool inside)
{
	struct memory_lesson *lesson = place_of(of, name);
	bool is_same = lesson->name && !strcmp(lesson->name, name);

	/* A shorter TTL takes nothing away. */
	if (is_same && lesson->ends_ms > ends_ms)
		ends_ms = lesson->ends_ms;
	*lesson = (struct memory_lesson){.name = name, .ends_ms = ends_ms, .inside = inside};
}

bool memory_learn(struct memory *memory, const struct model *model, const char *name, const struct egret_addr *addr,
		  int64_t ends_ms)
{
	struct memory_addr *of = find_or_add(memory, addr);
	bool inside = model_teaches(model, name, addr);

	of->seen = true;
	teach(of, name, ends_ms, inside);
	return inside;
}

static bool is_near(const struct memory_lesson *lesson, int64_t now_ms, int64_t unsure_ms)
{
	return lesson->name && lesson->ends_ms - now_ms < unsure_ms && now_ms - lesson->ends_ms < unsure_ms;
}

bool memory_is_unsure(const struct memory *memory, const struct egret_addr *addr, int64_t now_ms, int64_t unsure_ms)
{
	const struct memory_addr *found = memory_find(memory, addr);
	bool unsure = false;

	for (size_t i = 0; found && i < EGRET_LEARNED_NAMES; i++)
		unsure |= is_near(&found->lessons[i], now_ms, unsure_ms);
	return unsure;
}

bool memory_may_be_gone(const struct memory_addr *of, int64_t by_ms, int64_t now_ms)
{
	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		const struct memory_lesson *lesson = &of->lessons[i];

		if (lesson->name && lesson->ends_ms <= (lesson->inside ? by_ms : now_ms))
			return true;
	}
	return false;
}

bool memory_tell_ends(struct memory *memory, int64_t before_ms)
{
	bool told = false;

	for (size_t i = 0; i < memory->count; i++) {
		for (size_t l = 0; l < EGRET_LEARNED_NAMES; l++) {
			struct memory_lesson *lesson = &memory->all[i].lessons[l];

			if (!lesson->name || lesson->end_told || lesson->ends_ms > before_ms)
				continue;
			lesson->end_told = told = true;
		}
	}
	return told;
}

void memory_print(const struct memory *memory, int64_t now_ms)
{
	char text[ADDR_TEXT_SIZE];

	fprintf(stderr, "learned:\n");
	for (size_t i = 0; i < memory->count; i++) {
		const struct memory_addr *of = &memory->all[i];

		fprintf(stderr, "%s", addr_format(&of->addr, text));
		for (size_t l = 0; l < EGRET_LEARNED_NAMES; l++) {
			if (of->lessons[l].name)
				fprintf(stderr, " %s (%lld ms)", of->lessons[l].name,
					(long long)(of->lessons[l].ends_ms - now_ms));
		}
		fputc('\n', stderr);
	}
}
