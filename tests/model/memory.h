/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What answers taught one network namespace: a few names for each address, each until its own end, whether a
 * policy has it or not. Times are milliseconds.
 */
#ifndef EGRET_MEMORY_H
#define EGRET_MEMORY_H

#include "model.h"
#include "egret_limits.h"

#define MEMORY_MAX_ADDRS 64

struct memory_lesson {
	const char *name; /* NULL: none */
	int64_t ends_ms;
	bool end_told;
	bool inside; /* a rule had the name when it was answered last */
};

struct memory_addr {
	struct egret_addr addr;
	struct memory_lesson lessons[EGRET_LEARNED_NAMES];
	bool seen; /* something was resolved to it once */
};

struct memory {
	struct memory_addr all[MEMORY_MAX_ADDRS];
	size_t count;
};

/* NULL: nothing is known of the address. */
const struct memory_addr *memory_find(const struct memory *memory, const struct egret_addr *addr);
/* Can it be said which lesson of the address @name would take? Else it must not be taught. */
bool memory_has_room(const struct memory *memory, const struct egret_addr *addr, const char *name, int64_t now_ms,
		     int64_t unsure_ms);
/* An answer for @name, which is kept, has @addr until @ends_ms. Did that teach what the policy has? */
bool memory_learn(struct memory *memory, const struct model *model, const char *name, const struct egret_addr *addr,
		  int64_t ends_ms);
/* Is a lesson of the address about to end? Then nobody can say what holds. */
bool memory_is_unsure(const struct memory *memory, const struct egret_addr *addr, int64_t now_ms, int64_t unsure_ms);
/* Did a lesson of the address end by then; or by now, one of a name that no rule had? */
bool memory_may_be_gone(const struct memory_addr *of, int64_t by_ms, int64_t now_ms);
/* Did a lesson end that this was not said of before? */
bool memory_tell_ends(struct memory *memory, int64_t before_ms);
void memory_print(const struct memory *memory, int64_t now_ms);

#endif
