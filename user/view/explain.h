/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Would it pass, by which rule, or for what reason not: asked of files, or of what runs. */
#ifndef EGRET_VIEW_EXPLAIN_H
#define EGRET_VIEW_EXPLAIN_H

#include <jansson.h>

#include "../compile/compile.h"
#include "../kernel/read.h"
#include "../subject/asked_subject.h"
#include "egret_limits.h"

struct explain_question {
	const char *destination; /* as it was asked */
	const char *name;        /* NULL = an address was asked about */
	struct policy_port port; /* one port */
	struct asked_subject subject;
	/* The address, or those that the name has: of what runs, a name is judged by each of them. */
	const struct egret_addr *addrs;
	size_t addr_count;
};

/*
 * All three: {destination, port, subject, governed, audited, allowed, answers: [{address, nat64_address, allowed,
 * reason, rule, file, line, purpose, name}]}. allowed: all answers are. audited: what is not allowed passes all the
 * same. name: of a special address, the one that a rule has; address: null of a name that files alone were asked about;
 * nat64_address: the IPv4 address in it, by whose rules it is judged, too.
 */
json_t *view_explain_off(const struct explain_question *question);
/* A name is judged by its rules, or, where it has addresses that it may not bring in, by each of its addresses. */
json_t *view_explain_files(struct compiled *compiled, const struct explain_question *question);
/*
 * And, of an address that is denied, {learned: [{name, subject, cgroup_id, allowed, left_seconds}],
 * names_without_rule: [name]}: who learned it, and may therefore reach it; and what it was resolved for in vain.
 */
int view_explain_kernel(const struct kernel *kernel, const struct explain_question *question, json_t **ret);

/* For these functions. */
struct explain_answer {
	struct judgement judgement;
	const struct egret_addr *addr; /* NULL = of the name, whatever addresses it has */
	struct egret_rule_text text;   /* "" = no line says it */
	char name[EGRET_NAME_SIZE];    /* "" = none is known */
};
json_t *explain_to_json(const struct explain_question *question, const struct egret_nat64 *nat64,
			const struct explain_answer *answers, size_t count);

#endif
