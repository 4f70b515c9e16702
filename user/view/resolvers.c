// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "resolvers.h"

#include <string.h>

#include "../base/addr.h"
#include "json.h"

static const char *const state_labels[] = {
    [EGRET_RESOLVER_UNKNOWN] = "unknown",
    [EGRET_RESOLVER_ANSWERS] = "answers",
    [EGRET_RESOLVER_ERRORS] = "errors",
    [EGRET_RESOLVER_SILENT] = "silent",
};
#define STATE_COUNT (sizeof(state_labels) / sizeof(state_labels[0]))

static json_t *to_json(const struct egret_resolver *resolver)
{
	uint32_t state =
	    resolver->state < STATE_COUNT ? resolver->state : EGRET_RESOLVER_UNKNOWN; /* a later version's */
	json_t *row = json_object();
	struct zoned_addr server = {.addr = resolver->addr};
	char address[ZONED_TEXT_SIZE];

	memcpy(server.zone, resolver->zone, sizeof(server.zone));
	server.zone[sizeof(server.zone) - 1] = '\0';
	json_set_text(row, "address", zoned_addr_format(&server, address));
	json_set_text(row, "state", state_labels[state]);
	json_set_time(row, "answered_time", resolver->last_answer_ns);
	json_set_time(row, "unanswered_since_time", resolver->unanswered_since_ns);
	json_set_number(row, "queries_total", resolver->queries);
	json_set_number(row, "answers_total", resolver->answers);
	json_set_number(row, "failures_total", resolver->failures);
	json_set_number(row, "timeouts_total", resolver->timeouts);
	json_set_number(row, "failures_since_answer_count", resolver->failures_since_answer);
	json_set_number(row, "timeouts_since_answer_count", resolver->timeouts_since_answer);
	return row;
}

json_t *view_resolvers(const struct egret_meta *meta)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < meta->resolver_count && i < EGRET_MAX_RESOLVERS; i++)
		json_array_append_new(rows, to_json(&meta->resolvers[i]));
	return rows;
}
