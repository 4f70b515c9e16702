// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret drops: what was denied or would be, by whom, why, worst first. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "denials.h"
#include "table.h"
#include "egret_limits.h"
#include "egret_reasons.h"

#define FOLLOW_INTERVAL_US 500000

static const struct column columns[] = {
    {"packets", "PACKETS", true}, {"verdict", "VERDICT", false}, {"address", "ADDRESS", false}, {"port", "PORT", false},
    {"name", "NAME", false},      {"subject", "BY", false},      {"process", "PROCESS", false}, {"last", "LAST", false},
    {"policy", "POLICY", false},  {"why", "WHY", false},         {"rule", "RULE", false},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static json_t *rows_of(const struct kernel *kernel, const struct denials *denials)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < denials->count; i++)
		json_array_append_new(rows, denial_to_json(kernel, &denials->all[i]));
	return rows;
}

static void print_table(json_t *rows, const struct denials *denials)
{
	for (size_t i = 0; i < denials->count; i++)
		json_object_set_new(json_array_get(rows, i), "verdict", json_string(denial_verdict(&denials->all[i])));
	table_print(rows, columns, COLUMN_COUNT);
}

static uint64_t packets_counted(const struct kernel *kernel, bool audited)
{
	struct egret_counter counter;
	uint64_t packets = 0;

	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++)
		if (!kernel_get_reason(kernel, reason, audited, &counter))
			packets += counter.packets;
	return packets;
}

/* The reasons count all; rows are pushed out by newer ones, and cleared. Returns whether any are missing. */
static bool note_forgotten(const struct kernel *kernel, const struct denials *denials)
{
	uint64_t listed[2] = {}, counted;
	bool missing = false;

	for (size_t i = 0; i < denials->count; i++)
		listed[denials->all[i].key.audited & 1] += denials->all[i].drop.packets;
	for (int audited = 0; audited < 2; audited++) {
		counted = packets_counted(kernel, audited);
		if (counted <= listed[audited])
			continue;
		printf("(and %llu more packets that %s: cleared, or older than the list of %d rows can hold)\n",
		       (unsigned long long)(counted - listed[audited]),
		       audited ? "would have been denied" : "were denied", EGRET_MAX_DROPS);
		missing = true;
	}
	return missing;
}

static int show_once(const struct kernel *kernel, bool json)
{
	struct denials denials = {};
	int rc = denials_read(kernel, &denials);
	json_t *rows;

	if (rc)
		goto out;
	denials_sort(&denials);
	rows = rows_of(kernel, &denials);
	if (json) {
		json_print(rows);
		goto out;
	}
	if (denials.count)
		print_table(rows, &denials);
	if (!note_forgotten(kernel, &denials) && !denials.count)
		puts(kernel_config(kernel)->audit ? "nothing would have been denied" : "nothing was denied");
	json_decref(rows);
out:
	denials_free(&denials);
	return rc;
}

static uint64_t packets_before(const struct denials *before, const struct denial *now)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct denial *then = &before->all[i];

		/* Another beginning: the row was taken away meanwhile, and came anew. */
		if (!memcmp(&then->key, &now->key, sizeof(now->key)))
			return then->drop.first_ns == now->drop.first_ns ? then->drop.packets : 0;
	}
	return 0;
}

static void print_line(const struct kernel *kernel, const struct denial *denial, uint64_t packets, bool json)
{
	json_t *row = denial_to_json(kernel, denial);
	const char *name = json_string_value(json_object_get(row, "name"));

	if (json) {
		json_object_set_new(row, "new_packets", json_integer((json_int_t)packets));
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		printf(
		    "%s %s %llu: %s %s%s%s%s by %s %s: %s\n", json_string_value(json_object_get(row, "last_time")),
		    denial_verdict(denial), (unsigned long long)packets,
		    json_string_value(json_object_get(row, "address")), json_string_value(json_object_get(row, "port")),
		    name[0] ? " (" : "", name, name[0] ? ")" : "", json_string_value(json_object_get(row, "subject")),
		    json_string_value(json_object_get(row, "process")), json_string_value(json_object_get(row, "why")));
	}
	fflush(stdout);
	json_decref(row);
}

static int earliest_first(const void *a, const void *b)
{
	const struct denial *left = a, *right = b;

	if (left->drop.last_ns != right->drop.last_ns)
		return left->drop.last_ns > right->drop.last_ns ? 1 : -1;
	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static void print_new(const struct kernel *kernel, const struct denials *before, struct denials *now, bool json)
{
	if (now->count)
		qsort(now->all, now->count, sizeof(*now->all), earliest_first);
	for (size_t i = 0; i < now->count; i++) {
		uint64_t then = packets_before(before, &now->all[i]);

		if (now->all[i].drop.packets > then)
			print_line(kernel, &now->all[i], now->all[i].drop.packets - then, json);
	}
}

/* Until interrupted, or until the instance is no longer this one. What was denied before is not shown. */
static int follow(const struct kernel *kernel, bool json)
{
	struct denials before = {}, now = {}, swap;
	int rc = denials_read(kernel, &before);

	while (!rc && kernel_is_pinned_here(kernel)) {
		usleep(FOLLOW_INTERVAL_US);
		rc = denials_read(kernel, &now);
		if (rc)
			break;
		print_new(kernel, &before, &now, json);
		swap = before;
		before = now;
		now = swap;
	}
	denials_free(&before);
	denials_free(&now);
	return rc;
}

static int follow_to_the_end(const struct kernel *kernel, const struct options *options, struct error *error)
{
	int rc = follow(kernel, options->json);

	if (rc)
		return error_set(error, rc, "cannot read what was denied: %s", strerror(-rc));
	return error_set(error, -ENOENT,
			 "instance %s was taken down, or began anew, so nothing more is shown; if it runs, "
			 "start `egret drops --follow` again",
			 options->instance);
}

static int clear(struct kernel *kernel, bool json, struct error *error)
{
	int cleared = kernel_clear_drops(kernel);

	if (cleared < 0)
		return error_set(error, cleared, "cannot clear what was denied: %s", strerror(-cleared));
	if (json)
		json_print(json_pack("{s:i}", "cleared", cleared));
	else
		printf("%d row%s cleared; the totals of `egret status` and the hits of `egret rules` count on\n",
		       cleared, cleared == 1 ? "" : "s");
	return 0;
}

static int show(struct kernel *kernel, const struct options *options, struct error *error)
{
	int rc;

	if (options->clear)
		return clear(kernel, options->json, error);
	if (options->follow)
		return follow_to_the_end(kernel, options, error);
	rc = show_once(kernel, options->json);
	return rc ? error_set(error, rc, "cannot read what was denied: %s", strerror(-rc)) : 0;
}

int command_drops(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct kernel *kernel;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	if (options.clear && options.follow) {
		fprintf(stderr, "egret: --clear takes rows away and --follow shows new ones; give one of them\n");
		return EXIT_USAGE;
	}
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(rc, &error);
	rc = show(kernel, &options, &error);
	kernel_free(kernel);
	return rc ? fail(rc, &error) : EXIT_YES;
}
