// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "names.h"

#include "json.h"

/* By enum egret_name_state. */
static const char *const state_labels[] = {
    [EGRET_NAME_UNUSED] = "unused",
    [EGRET_NAME_PENDING] = "pending",
    [EGRET_NAME_RESOLVED] = "resolved",
    [EGRET_NAME_STALE] = "stale",
    [EGRET_NAME_FAILED] = "failed",
    [EGRET_NAME_PATTERN] = "pattern",
    [EGRET_NAME_DOES_NOT_EXIST] = "no-address",
    [EGRET_NAME_RECALLED] = "from-disk",
    [EGRET_NAME_UNCONFIRMED] = "unconfirmed",
};
#define STATE_COUNT (sizeof(state_labels) / sizeof(state_labels[0]))

struct tally {
	uint64_t by_state[STATE_COUNT];
	json_t *failing;
};

static int tally_name(void *context, uint32_t index, const struct egret_name *name)
{
	uint32_t state = name->state < STATE_COUNT ? name->state : EGRET_NAME_FAILED; /* a later version's */
	struct tally *tally = context;
	json_t *row;

	(void)index;
	tally->by_state[state]++;
	/* Nor does one fail that waits for its turn in a long list: it is a number. */
	if (state == EGRET_NAME_RESOLVED || state == EGRET_NAME_PATTERN || state == EGRET_NAME_PENDING)
		return 0;
	row = json_object();
	json_set_text(row, "name", name->name);
	json_set_text(row, "state", state_labels[state]);
	json_set_number(row, "failures_count", name->failures);
	json_set_time(row, "answered_time", name->answered_ns);
	json_set_number(row, "addresses_count", name->addresses);
	return json_array_append_new(tally->failing, row);
}

json_t *view_names(const struct kernel *kernel)
{
	struct tally tally = {.failing = json_array()};
	json_t *names = json_object(), *states = json_object();

	kernel_each_name(kernel, tally_name, &tally);
	for (uint32_t state = EGRET_NAME_PENDING; state < STATE_COUNT; state++)
		json_set_number(states, state_labels[state], tally.by_state[state]);
	json_object_set_new(names, "state_count", states);
	json_object_set_new(names, "failing", tally.failing);
	return names;
}
