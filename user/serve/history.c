// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "history.h"

#include "../view/json.h"

#define ENDS (HISTORY_INTERVALS + 1)

void history_note(struct history *history, const struct history_totals *totals)
{
	history->ends[history->next] = *totals;
	history->next = (history->next + 1) % ENDS;
	history->count += history->count < ENDS;
}

void history_mend(struct history *history, const struct history_totals *totals)
{
	struct history_totals *last = &history->ends[(history->next + ENDS - 1) % ENDS];

	if (history->count && !last->known && totals->known)
		*last = *totals;
}

static void set_growth(json_t *interval, const char *key, bool known, uint64_t before, uint64_t after)
{
	/* Another instance has begun at 0. */
	uint64_t growth = after >= before ? after - before : after;

	if (known)
		json_set_number(interval, key, growth);
	else
		json_object_set_new(interval, key, json_null());
}

static json_t *interval_between(const struct history_totals *begin, const struct history_totals *end)
{
	bool known = begin->known && end->known;
	json_t *interval = json_object();

	json_set_time(interval, "begin_time", begin->time_ns);
	json_set_time(interval, "end_time", end->time_ns);
	set_growth(interval, "allowed_packets_count", known, begin->allowed, end->allowed);
	set_growth(interval, "denied_packets_count", known, begin->denied, end->denied);
	set_growth(interval, "would_deny_packets_count", known, begin->would_deny, end->would_deny);
	return interval;
}

json_t *history_to_json(const struct history *history, const struct history_totals *now)
{
	size_t oldest = (history->next + ENDS - history->count) % ENDS;
	json_t *view = json_object(), *intervals = json_array();

	for (size_t i = 0; i < history->count; i++) {
		const struct history_totals *begin = &history->ends[(oldest + i) % ENDS];
		bool is_last = i + 1 == history->count;
		const struct history_totals *end = is_last ? now : &history->ends[(oldest + i + 1) % ENDS];

		json_array_append_new(intervals, interval_between(begin, end));
	}
	json_set_number(view, "interval_seconds", HISTORY_INTERVAL_SEC);
	json_object_set_new(view, "intervals", intervals);
	return view;
}
