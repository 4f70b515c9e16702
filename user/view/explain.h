/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Would it pass, by which rule, or for what reason not: asked of files, or of what runs. */
#ifndef EGRET_VIEW_EXPLAIN_H
#define EGRET_VIEW_EXPLAIN_H

#include <jansson.h>

#include "../compile/compile.h"
#include "../kernel/read.h"
#include "../subject/asked_subject.h"
#include "suggestion.h"
#include "egret_limits.h"

/* What answers have taught of a name, or of an address: of a moment, since whoever asks may be taught himself. */
struct explain_learned {
	struct kernel_lesson *all; /* also those that are over */
	size_t count, capacity;
};

struct explain_question {
	const char *destination; /* as it was asked */
	const char *name;        /* NULL = an address was asked about */
	struct policy_port port; /* one port */
	struct asked_subject subject;
	/* The address, or those that the name has: of what runs, a name is judged by each of them. */
	const struct egret_addr *addrs;
	size_t addr_count;
	const char *addresses_from;     /* of a name, of what runs: EXPLAIN_FROM_... */
	struct explain_learned learned; /* of what runs */
};
/* Where the addresses of a name are from: of what the subject was given; of /etc/resolv.conf's resolvers; of what this
 * node knows else. Or there are none, and its rules alone are asked. */
#define EXPLAIN_FROM_ANSWERS "answers"
#define EXPLAIN_FROM_LOOKUP  "resolv.conf"
#define EXPLAIN_FROM_NODE    "node"
#define EXPLAIN_FROM_NOWHERE "nowhere"

/*
 * All three: {destination, port, subject, who, governed, audited, audited_subject, allowed, must_ask, answers:
 * [{address, nat64_address, allowed, must_ask, audit_line, reason, rule, file, line, purpose, name, suggestion,
 * steps}]}. allowed: all answers are. audited: what is not allowed passes all the same. must_ask: only who has asked a
 * resolver of the policy for the name is allowed, and of one subject, that it has not. name: of a special address, the
 * one that a rule has; address: null of a name that files alone were asked about; nat64_address: the IPv4 address in
 * it, by whose rules it is judged, too. suggestion: the line that would allow it. audited_subject: not all are audited,
 * but this one is. audit_line: the rule is an `audit` line, by which it passes all the same. who: the subject as
 * `drops` calls it.
 */
json_t *view_explain_off(const struct explain_question *question);
/* A name is judged by its rules, or, where it has addresses that it may not bring in, by each of its addresses. */
json_t *view_explain_files(struct compiled *compiled, const struct explain_question *question);

/* First. @ret: for explain_learned_free. */
int view_explain_learned(const struct kernel *kernel, const struct explain_question *question,
			 struct explain_learned *ret);
void explain_learned_free(struct explain_learned *learned);
/* The addresses that the subject was given for the name; *ret is malloc'd. Without any, a resolver has to be asked. */
int view_explain_given(const struct kernel *kernel, const struct explain_question *question, struct egret_addr **ret,
		       size_t *ret_count);
/* Else those that this node knows: of answers that are over or were others', of the agent, of rows of drops. */
int view_explain_known(const struct kernel *kernel, const struct explain_question *question, struct egret_addr **ret,
		       size_t *ret_count);
/*
 * And {addresses_from: of a name, as above; learned: [{name, address, subject, cgroup_id, allowed, audit_line,
 * expires_time, left_seconds}], names_without_rule: [name]}: who learned the name, or an address that is denied, and
 * may therefore reach it; and what the address was resolved for in vain. "steps" of an answer is the way to it, a list
 * of {step, text, ...}: explain_way.h.
 */
int view_explain_kernel(const struct kernel *kernel, const struct explain_question *question, json_t **ret);

/*
 * Of each row of `drops` with this number (of row_number, also of `--by workload`): the row as denial_to_json has it,
 * and "now", an answer as above of what the policy that rules says of the same subject, address and port, with audited
 * and audited_subject; null where no rule decides about its reason. Its suggestion is the row's while that is not
 * outdated. Rows that a person cannot tell apart are one. [] = there is none.
 */
int view_explain_rows(const struct kernel *kernel, uint32_t number, json_t **ret);

/* For these functions. */
struct explain_answer {
	struct judgement judgement;
	const struct egret_addr *addr; /* NULL = of the name, whatever addresses it has */
	struct egret_rule_text text;   /* "" = no line says it */
	char name[EGRET_NAME_SIZE];    /* "" = none is known */
	char suggestion[SUGGESTION_SIZE];
	bool must_ask;
	json_t *steps; /* given away to the view; NULL = none */
};
json_t *explain_answer_to_json(const struct explain_answer *answer, const struct egret_nat64 *nat64);
json_t *explain_to_json(const struct explain_question *question, const struct egret_nat64 *nat64,
			const struct explain_answer *answers, size_t count);
/* Sets "audited" and "audited_subject" by what runs. */
void explain_set_audited(json_t *view, const struct kernel *kernel, uint32_t audience);

#endif
