// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret rules: each rule with what it let through, or took away. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../kernel/kernel.h"
#include "../view/reason.h"
#include "table.h"
#include "egret_limits.h"
#include "egret_reasons.h"

static const struct column columns[] = {
    {"packets", "PACKETS", true},
    {"bytes", "BYTES", true},
    {"last", "LAST HIT", false},
    {"rule", "RULE", false},
    {"purpose", "PURPOSE", false},
    {"place", "WHERE", false},
    {"would_deny_packets", "WOULD DENY", true},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

struct view {
	const struct kernel *kernel;
	bool agent_alive;
	json_t *rows;
	/* By rule: what deny rules would have taken away in audit, of the rows that `drops` has. */
	uint64_t *would_deny, would_deny_all;
	uint32_t limit;
};

static void add_row(const struct view *view, uint32_t id, const char *text, const char *purpose, const char *place)
{
	struct egret_counter counter = {};
	struct egret_hit hit = {};
	char last[32];

	kernel_get_counter(view->kernel, id, &counter);
	kernel_get_hit(view->kernel, id, &hit);
	/* Moved since the agent looked, which it does every 10 s. */
	if (counter.packets != hit.packets && view->agent_alive)
		hit.last_ns = clock_realtime_ns();
	age_format(hit.last_ns, clock_realtime_ns(), last, sizeof(last));
	if (counter.packets != hit.packets && !view->agent_alive)
		snprintf(last, sizeof(last), "since the agent ended");
	json_array_append_new(view->rows,
			      json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I}", "id", (int)id, "rule", text,
					"purpose", purpose, "place", place, "packets", (json_int_t)counter.packets,
					"bytes", (json_int_t)counter.bytes, "last", last, "last_hit_unix",
					(json_int_t)(hit.last_ns / CLOCK_NS_PER_SEC), "would_deny_packets",
					(json_int_t)(id < view->limit ? view->would_deny[id] : 0)));
}

/* What passes without a line of the policy is counted as well: only what was hit is shown. */
static void add_builtin_rows(const struct view *view)
{
	for (uint32_t id = EGRET_RULE_NONE + 1; id < EGRET_RULE_BUILTIN_COUNT; id++) {
		struct egret_counter counter = {};
		char text[64];

		if (kernel_get_counter(view->kernel, id, &counter) || !counter.packets)
			continue;
		snprintf(text, sizeof(text), "(%s)", builtin_label(id));
		add_row(view, id, text, builtin_sentence(id), "");
	}
}

static int add_rule(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	char place[EGRET_PATH_SIZE + 16];

	snprintf(place, sizeof(place), "%s:%u", text->file, text->line);
	add_row(context, rule, text->text, text->purpose, place);
	return 0;
}

static int add_would_deny(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct view *view = context;

	if (!key->audited || key->reason != EGRET_REASON_DENY_RULE || key->rule >= view->limit)
		return 0;
	view->would_deny[key->rule] += drop->packets;
	view->would_deny_all += drop->packets;
	return 0;
}

static int collect_rows(const struct kernel *kernel, const char *instance, struct view *ret)
{
	*ret = (struct view){.kernel = kernel, .agent_alive = kernel_is_held(instance), .rows = json_array()};
	ret->limit = kernel_rule_limit(kernel);
	ret->would_deny = calloc(ret->limit, sizeof(*ret->would_deny));
	if (!ret->rows || !ret->would_deny)
		return -ENOMEM;
	kernel_each_drop(kernel, add_would_deny, ret);
	kernel_each_rule(kernel, add_rule, ret);
	add_builtin_rows(ret);
	return 0;
}

int command_rules(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct kernel *kernel;
	struct error error;
	struct view view;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(rc, &error);
	rc = collect_rows(kernel, options.instance, &view);
	kernel_free(kernel);
	free(view.would_deny);
	if (rc) {
		json_decref(view.rows);
		error_set(&error, rc, "no memory for the rules of instance %s", options.instance);
		return fail(rc, &error);
	}
	if (options.json) {
		json_print(view.rows);
		return EXIT_YES;
	}
	/* The last column is for who audits. */
	table_print(view.rows, columns, view.would_deny_all ? COLUMN_COUNT : COLUMN_COUNT - 1);
	json_decref(view.rows);
	return EXIT_YES;
}
