/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names and patterns of the policy that runs. */
#ifndef EGRET_VIEW_NAMES_H
#define EGRET_VIEW_NAMES_H

#include <jansson.h>

#include "../kernel/read.h"

/*
 * {state_count: {resolved: n, ...}, failing: [{name, state, failures_count, answered_time, addresses_count}]}.
 * failing: what the agent asks for and has no answer to now; failures_count: in a row; answered_time: the last good
 * answer; addresses_count: kept from it. State from-disk: nobody has answered since the start; the answer is of before,
 * and its addresses come from the state folder. State unconfirmed: the same, and they are those that ruled when the
 * agent before this one ended.
 */
json_t *view_names(const struct kernel *kernel);

#endif
