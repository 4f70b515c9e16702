// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret drops: what was denied or would be, by whom, why, worst first. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../view/denials.h"
#include "../view/json.h"
#include "../view/packets.h"
#include "../view/reason.h"
#include "table.h"
#include "egret_limits.h"
#include "egret_reasons.h"

#define FOLLOW_INTERVAL_US 500000

static const char *verdict_of(const json_t *row)
{
	return json_flag(row, "audited") ? "WOULD DENY" : "DENIED";
}

static void cell_verdict(const json_t *row, char buf[static CELL_SIZE])
{
	snprintf(buf, CELL_SIZE, "%s", verdict_of(row));
}

static void cell_address(const json_t *row, char buf[static CELL_SIZE])
{
	snprintf(buf, CELL_SIZE, "%s", denial_address(row));
}

/* "curl[4242]" */
static void cell_process(const json_t *row, char buf[static CELL_SIZE])
{
	long long pid = json_number(row, "pid");

	buf[0] = '\0';
	if (pid)
		snprintf(buf, CELL_SIZE, "%s[%lld]", json_text(row, "process"), pid);
}

static void cell_policy(const json_t *row, char buf[static CELL_SIZE])
{
	snprintf(buf, CELL_SIZE, "%s", json_flag(row, "outdated") ? "older" : "running");
}

static void cell_why(const json_t *row, char buf[static CELL_SIZE])
{
	char why[REASON_TEXT_SIZE];

	snprintf(buf, CELL_SIZE, "%s", reason_of_row(row, why));
}

static const struct column columns[] = {
    {"PACKETS", .key = "packets_total", .right = true},
    {"VERDICT", .format = cell_verdict},
    {"ADDRESS", .format = cell_address},
    {"PORT", .key = "port"},
    {"NAME", .key = "name"},
    {"BY", .format = cell_subject},
    {"PROCESS", .format = cell_process},
    {"LAST", .format = cell_last},
    {"POLICY", .format = cell_policy},
    {"WHY", .format = cell_why},
    {"RULE", .format = cell_place},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static long long packets_listed(const json_t *rows, bool audited)
{
	long long packets = 0;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_flag(row, "audited") == audited)
			packets += json_number(row, "packets_total");
	}
	return packets;
}

/* The reasons count all; rows are cleared, and those of an owner go where there is no room for all owners. Returns
 * whether any are missing. */
static bool note_forgotten(const struct kernel *kernel, const json_t *rows)
{
	json_t *counted = view_packets(kernel);
	bool any = false;

	for (int audited = 0; audited < 2; audited++) {
		long long missing =
		    json_number(counted, audited ? "would_deny_total" : "denied_total") - packets_listed(rows, audited);

		if (missing <= 0)
			continue;
		printf("(and %lld more packets that %s: cleared, or of subjects that the list of %d rows has no room "
		       "for any more)\n",
		       missing, audited ? "would have been denied" : "were denied", EGRET_MAX_DROPS);
		any = true;
	}
	json_decref(counted);
	return any;
}

static int show_once(const struct kernel *kernel, bool json)
{
	json_t *rows = NULL;
	int rc = view_drops(kernel, &rows);

	if (rc)
		return rc;
	if (json) {
		json_print(rows);
		return 0;
	}
	if (json_array_size(rows))
		table_print(rows, columns, COLUMN_COUNT);
	if (!note_forgotten(kernel, rows) && !json_array_size(rows))
		puts(kernel_settings(kernel)->audit ? "nothing would have been denied" : "nothing was denied");
	json_decref(rows);
	return 0;
}

static uint64_t packets_before(const struct denials *before, const struct denial *now)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct denial *then = &before->all[i];

		/* Where the first packet is another one, the row was removed meanwhile and made anew. */
		if (!memcmp(&then->key, &now->key, sizeof(now->key)))
			return then->drop.first_ns == now->drop.first_ns ? then->drop.packets : 0;
	}
	return 0;
}

static void print_line(const json_t *row)
{
	char subject[CELL_SIZE], process[CELL_SIZE], why[REASON_TEXT_SIZE];
	const char *name = json_text(row, "name"), *address = denial_address(row);

	cell_subject(row, subject);
	cell_process(row, process);
	printf("%s %s %lld: %s%s%s%s%s%s by %s%s%s: %s\n", json_text(row, "last_time"), verdict_of(row),
	       json_number(row, "new_packets_count"), *address ? address : "a frame", *address ? " " : "",
	       json_text(row, "port"), *name ? " (" : "", name, *name ? ")" : "", subject, *process ? " " : "", process,
	       reason_of_row(row, why));
}

static void show_new(const struct kernel *kernel, const struct denial *denial, uint64_t packets, bool json)
{
	json_t *row = denial_to_json(kernel, denial, NULL);

	json_set_number(row, "new_packets_count", packets);
	if (json) {
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_line(row);
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

static void show_all_new(const struct kernel *kernel, const struct denials *before, struct denials *now, bool json)
{
	if (now->count)
		qsort(now->all, now->count, sizeof(*now->all), earliest_first);
	for (size_t i = 0; i < now->count; i++) {
		uint64_t then = packets_before(before, &now->all[i]);

		/* What made room was shown when it was new. */
		if (now->all[i].others)
			continue;
		if (now->all[i].drop.packets > then)
			show_new(kernel, &now->all[i], now->all[i].drop.packets - then, json);
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
		show_all_new(kernel, &before, &now, json);
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

static int clear(const struct kernel *kernel, bool json, struct error *error)
{
	int cleared = kernel_clear_drops(kernel);

	if (cleared < 0)
		return error_set(error, cleared, "cannot clear what was denied: %s", strerror(-cleared));
	if (json)
		json_print(json_pack("{s:i}", "cleared_count", cleared));
	else
		printf("%d row%s cleared; the totals of `egret status` and the hits of `egret rules` count on\n",
		       cleared, cleared == 1 ? "" : "s");
	return 0;
}

static int show(const struct kernel *kernel, const struct options *options, struct error *error)
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
	const struct kernel *kernel;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	if (options.clear && options.follow) {
		fprintf(stderr, "egret: --clear takes rows away and --follow shows new ones; give one of them\n");
		return EXIT_USAGE;
	}
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(&options, rc, &error);
	rc = show(kernel, &options, &error);
	kernel_close(kernel);
	return rc ? fail(rc, &error) : EXIT_YES;
}
