/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The addresses that DNS answers taught, for whom, and how long they are good. */
#ifndef EGRET_VIEW_LEARNED_H
#define EGRET_VIEW_LEARNED_H

#include <jansson.h>
#include <stdbool.h>

#include "../kernel/read.h"

/*
 * [{address, name, policy_name, expires_time, left_seconds, subject, cgroup_id, scope}]. policy_name: the name or
 * pattern of the policy that speaks for the name; scope: whom it serves, as in egret_subject.h.
 * @ret_ended: of how many the time is over, and the agent has not swept them away yet.
 */
int view_learned(const struct kernel *kernel, json_t **ret, size_t *ret_ended);
/* The same of @limit of them, in no order, without a walk over all. @ret_more: there may be others. */
int view_learned_some(const struct kernel *kernel, size_t limit, json_t **ret, bool *ret_more);

#endif
