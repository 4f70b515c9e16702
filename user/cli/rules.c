// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret rules: each rule with what it let through, or took away. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/format.h"
#include "../kernel/read.h"
#include "../view/json.h"
#include "../view/names.h"
#include "../view/reason.h"
#include "../view/rules.h"
#include "table.h"
#include "wanted.h"
#include "egret_limits.h"
#include "egret_reasons.h"

static void cell_hit(const json_t *row, char buf[static CELL_SIZE])
{
	if (json_number(row, "untimed_packets_count"))
		snprintf(buf, CELL_SIZE, "since the agent ended");
	else
		cell_last(row, buf);
}

static void cell_purpose(const json_t *row, char buf[static CELL_SIZE])
{
	const char *sentence = builtin_sentence((uint32_t)json_number(row, "rule_id"));

	snprintf(buf, CELL_SIZE, "%s", sentence ? sentence : json_text(row, "purpose"));
}

/* Since the agent ended nobody saw when. */
static void cell_hit_age(const json_t *row, char buf[static CELL_SIZE])
{
	if (json_number(row, "untimed_packets_count"))
		snprintf(buf, CELL_SIZE, "?");
	else
		cell_age(row, buf);
}

/* An `audit` line has no hits of its own: what it would change is what a person looks for. */
static json_t *with_audit_hits(const json_t *row)
{
	json_t *shown = json_copy((json_t *)row);

	if (json_flag(row, "audit")) {
		json_object_set(shown, "packets_total", json_object_get(row, "would_deny_packets_count"));
		json_object_set(shown, "last_time", json_object_get(row, "would_deny_last_time"));
	}
	return shown;
}

static json_t *all_with_audit_hits(const json_t *rows)
{
	json_t *shown = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		json_array_append_new(shown, with_audit_hits(row));
	return shown;
}

/* The purpose has no room in 80 columns: it stands there, in the file. */
static void cell_short_place(const json_t *row, char buf[static CELL_SIZE])
{
	char place[CELL_SIZE];
	const char *last;

	cell_place(row, place);
	last = strrchr(place, '/');
	snprintf(buf, CELL_SIZE, "%s", last ? last + 1 : place);
}

static const struct column columns[] = {
    {"LAST", .format = cell_hit_age},
    {"COUNT", .format = cell_count, .right = true},
    {"RULE", .key = "rule", .gives = 1},
    {"WHERE", .format = cell_short_place, .gives = 2},
};
#define COUNT_OF(columns) (sizeof(columns) / sizeof((columns)[0]))

static const struct column wide_columns[] = {
    {"PACKETS", .key = "packets_total", .right = true},
    {"BYTES", .key = "bytes_total", .right = true},
    {"LAST HIT", .format = cell_hit},
    {"RULE", .key = "rule"},
    {"PURPOSE", .format = cell_purpose},
    {"WHERE", .format = cell_place},
    {"WOULD DENY", .key = "would_deny_packets_count", .right = true},
};

/* "2026-08-30", or "never since" the moment to which the record reaches. */
static void cell_unused(const json_t *row, char buf[static CELL_SIZE])
{
	bool never = !*json_text(row, "last_hit_time");

	snprintf(buf, CELL_SIZE, "%s%.10s", never ? "never since " : "", json_text(row, "unused_since_time"));
}

static const struct column unused_columns[] = {
    {"NO HIT SINCE", .format = cell_unused},
    {"RULE", .key = "rule", .gives = 1},
    {"WHERE", .format = cell_short_place, .gives = 2},
};

static const struct column wide_unused_columns[] = {
    {"NO HIT SINCE", .format = cell_unused},
    {"RULE", .key = "rule"},
    {"PURPOSE", .format = cell_purpose},
    {"WHERE", .format = cell_place},
};

static bool any_would_deny(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_number(row, "would_deny_packets_count"))
			return true;
	}
	return false;
}

/* Rules that an answer may change: `status` has the names. */
static void print_unanswered(const json_t *names, const char *state, const char *whose)
{
	long long count = json_number(json_object_get(names, "state_count"), state);

	if (count)
		printf("%lld name%s above %s not answered since the start: the addresses are %s (egret status)\n",
		       count, count == 1 ? "" : "s", count == 1 ? "was" : "were", whose);
}

static void print(const struct options *options, const json_t *rows, const json_t *names)
{
	json_t *shown = all_with_audit_hits(rows);
	struct screen screen;

	/* The last column is left out where it would be empty: nothing was only audited. */
	if (options->wide)
		screen_find_wide(&screen);
	else
		screen_find(&screen);
	if (!json_array_size(rows))
		puts("no rule was hit since then");
	else if (options->wide)
		table_print(rows, wide_columns, COUNT_OF(wide_columns) - !any_would_deny(rows), &screen);
	else
		table_print(shown, columns, COUNT_OF(columns), &screen);
	json_decref(shown);
	print_unanswered(names, "from-disk", "from disk");
	print_unanswered(names, "unconfirmed", "those of before");
}

/* A rule with a record that is too short is in neither of both. */
struct unused {
	json_t *rows;        /* lines of the policy that nothing has hit since then */
	size_t too_short;    /* rules without a hit so far, of which nobody knows what was then */
	time_t reaches_back; /* the oldest record of any rule; 0 = there is none */
};

static void sort_out(const json_t *row, time_t since, struct unused *ret)
{
	time_t unused, recorded;

	if (json_number(row, "rule_id") < EGRET_RULE_FIRST)
		return;
	if (json_time(row, "recorded_since_time", &recorded) && (!ret->reaches_back || recorded < ret->reaches_back))
		ret->reaches_back = recorded;
	if (json_number(row, "would_deny_packets_count"))
		return;
	if (json_time(row, "unused_since_time", &unused) && unused <= since)
		json_array_append(ret->rows, (json_t *)row);
	else if (!json_number(row, "packets_total"))
		ret->too_short++;
}

static json_t *find_unused(json_t *rows, time_t since, struct unused *ret)
{
	const json_t *row;
	size_t i;

	*ret = (struct unused){.rows = json_array()};
	json_array_foreach (rows, i, row)
		sort_out(row, since, ret);
	json_decref(rows);
	return ret->rows;
}

static void print_unused(const struct options *options, const struct unused *unused, time_t policy)
{
	struct screen screen;
	char text[TIME_TEXT_SIZE];

	if (options->wide)
		screen_find_wide(&screen);
	else
		screen_find(&screen);
	if (!json_array_size(unused->rows))
		printf("no rule is known to be without a hit since %s\n", time_format(options->unused, text));
	else if (options->wide)
		table_print(unused->rows, wide_unused_columns, COUNT_OF(wide_unused_columns), &screen);
	else
		table_print(unused->rows, unused_columns, COUNT_OF(unused_columns), &screen);
	if (unused->too_short)
		printf("%zu more rule%s had no hit, but the record of %s does not reach back so far\n",
		       unused->too_short, unused->too_short == 1 ? "" : "s", unused->too_short == 1 ? "it" : "them");
	if (unused->reaches_back)
		printf("hits are recorded since %s", time_format(unused->reaches_back, text));
	else
		printf("no hit is recorded so far");
	printf("; policy of %s\n", time_format(policy, text));
}

int command_rules(const struct command *command, int argc, char **argv)
{
	struct options options;
	const struct kernel *kernel;
	struct error error;
	struct egret_meta meta = {};
	json_t *rows, *names = NULL;
	struct unused unused;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(&options, rc, &error);
	rc = view_rules(kernel, options.instance, &rows);
	if (!rc)
		names = view_names(kernel);
	kernel_get_meta(kernel, &meta);
	kernel_close(kernel);
	if (rc) {
		error_set(&error, rc, "no memory for the rules of instance %s", options.instance);
		return fail(rc, &error);
	}
	wanted_keep(&options, rows);
	if (options.unused)
		rows = find_unused(rows, options.unused, &unused);
	if (options.json) {
		json_print(rows, options.json_lines);
	} else {
		if (options.unused)
			print_unused(&options, &unused, (time_t)(meta.policy_ns / CLOCK_NS_PER_SEC));
		else
			print(&options, rows, names);
		json_decref(rows);
	}
	json_decref(names);
	return EXIT_YES;
}
