// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret learned: the addresses that DNS answers taught, for whom, and how long they are good. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../kernel/read.h"
#include "../view/learned.h"
#include "table.h"
#include "egret_limits.h"

static const struct column columns[] = {
    {"ADDRESS", .key = "address"},          {"NAME", .key = "name"},
    {"BY", .key = "policy_name"},           {"SECONDS LEFT", .key = "left_seconds", .right = true},
    {"LEARNED BY", .format = cell_subject},
};

static void print(const json_t *rows, size_t ended)
{
	if (json_array_size(rows))
		table_print(rows, columns, sizeof(columns) / sizeof(columns[0]));
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
	if (options.json) {
		json_print(rows);
		return EXIT_YES;
	}
	print(rows, ended);
	json_decref(rows);
	return EXIT_YES;
}
