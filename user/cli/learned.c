// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret learned: the addresses that DNS answers taught, for whom, and how long they are good. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../kernel/read.h"
#include "../view/json.h"
#include "../view/learned.h"
#include "../view/rows.h"
#include "table.h"
#include "wanted.h"
#include "egret_limits.h"

static void cell_left(const json_t *row, char buf[static CELL_SIZE])
{
	char age[SHORT_AGE_SIZE];

	snprintf(buf, CELL_SIZE, "%s", short_age(json_number(row, "left_seconds"), age));
}

static void cell_who(const json_t *row, char buf[static CELL_SIZE])
{
	char who[ROW_WORDS_SIZE];

	snprintf(buf, CELL_SIZE, "%s", row_who(row, who));
}

/* The name is the pattern's where it is not written twice. */
static void cell_by(const json_t *row, char buf[static CELL_SIZE])
{
	const char *by = json_text(row, "policy_name");

	snprintf(buf, CELL_SIZE, "%s", strcmp(by, json_text(row, "name")) ? by : "=");
}

static const struct column columns[] = {
    {"LEFT", .format = cell_left},
    {"ADDRESS", .key = "address", .gives = 1},
    {"NAME", .key = "name", .gives = 2},
    {"RULE NAMES", .format = cell_by, .gives = 3},
    {"WHO", .format = cell_who, .shorten = row_who_short, .gives = 3},
};

static const struct column wide_columns[] = {
    {"ADDRESS", .key = "address"},          {"NAME", .key = "name"},
    {"BY", .key = "policy_name"},           {"SECONDS LEFT", .key = "left_seconds", .right = true},
    {"LEARNED BY", .format = cell_subject},
};

static void print_rows(const struct options *options, const json_t *rows)
{
	struct screen screen;

	if (options->wide) {
		screen_find_wide(&screen);
		table_print(rows, wide_columns, sizeof(wide_columns) / sizeof(wide_columns[0]), &screen);
	} else {
		screen_find(&screen);
		table_print(rows, columns, sizeof(columns) / sizeof(columns[0]), &screen);
	}
}

static void print(const struct options *options, const json_t *rows, size_t ended)
{
	if (json_array_size(rows))
		print_rows(options, rows);
	else if (wanted_any(options))
		puts("nothing of what was asked for is learned and still good");
	else if (ended)
		printf("nothing that was learned is still good; %zu that ended give way when there is need\n", ended);
	else
		puts("nothing was learned yet");
}

int command_learned(const struct command *command, int argc, char **argv)
{
	struct options options;
	const struct kernel *kernel;
	struct error error;
	size_t ended;
	json_t *rows;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(&options, rc, &error);
	rc = view_learned(kernel, &rows, &ended);
	kernel_close(kernel);
	if (rc) {
		error_set(&error, rc, "cannot read what instance %s learned: %s", options.instance, strerror(-rc));
		return fail(rc, &error);
	}
	wanted_keep(&options, rows);
	if (options.json) {
		json_print(rows, options.json_lines);
		return EXIT_YES;
	}
	print(&options, rows, ended);
	json_decref(rows);
	return EXIT_YES;
}
