/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way to a verdict, for people: which rules speak of the name and of the address, and whose the address is. */
#ifndef EGRET_VIEW_EXPLAIN_WAY_H
#define EGRET_VIEW_EXPLAIN_WAY_H

#include <jansson.h>

#include "asker.h"
#include "explain.h"
#include "rows.h"

struct explain_way {
	const struct kernel *kernel;
	const struct explain_learned *learned;
	const struct asker *asker;
	const char *who;  /* the subject as people call it */
	const char *name; /* that leads to the address; "" = none is known */
	const struct explain_answer *answer;
};

/*
 * Without an address what is about it is left out. [{step, text, ...}], in this order: "name": name. "rule-of-name",
 * each rule that speaks of it: policy_name, ports, allows, audit (the line is an `audit` line, which neither allows nor
 * denies), for_others, rule, file, line. "address": address; source: answer (expires_time, left_seconds, given to the
 * subject), agent (resolved_time), rule, or none. "rule-of-address", as of the name. "rule": the one that decides.
 * "verdict": allowed, reason.
 */
json_t *explain_way(const struct explain_way *way);

/* What a subject is called in a sentence, as `drops` calls it. Returns @buf. */
const char *explain_who(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent,
			char buf[static ROW_WORDS_SIZE]);
/* "14:02:11Z", of a moment so many seconds from now. Returns @buf. */
#define EXPLAIN_TIME_SIZE 16
const char *explain_time(int64_t from_now_sec, char buf[static EXPLAIN_TIME_SIZE]);

#endif
