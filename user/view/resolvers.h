/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the resolvers answer the agent. */
#ifndef EGRET_VIEW_RESOLVERS_H
#define EGRET_VIEW_RESOLVERS_H

#include <jansson.h>

#include "egret_people.h"

/*
 * [{address, state, answered_time, unanswered_since_time, queries_total, answers_total, failures_total, timeouts_total,
 * failures_since_answer_count, timeouts_since_answer_count}], in the order in which they are asked.
 * state: answers, errors, silent, unknown. answered_time: of the last answer. failures: SERVFAIL, REFUSED and their
 * like; an answer that says that there is no such name is an answer. As of the agent's last look, 10 s ago or less
 * while it lives.
 */
json_t *view_resolvers(const struct egret_meta *meta);

#endif
