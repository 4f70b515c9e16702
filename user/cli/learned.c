// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret learned: the addresses that DNS answers taught, for whom, and how long they are good. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/kernel.h"
#include "../subject/cgroup.h"
#include "../view/subject_name.h"
#include "table.h"
#include "egret_limits.h"

static const struct column columns[] = {
    {"address", "ADDRESS", false},          {"name", "NAME", false},          {"rule", "BY", false},
    {"seconds_left", "SECONDS LEFT", true}, {"subject", "LEARNED BY", false},
};

/* The names of the policy by their keys. */
struct named {
	uint64_t key;
	char *text;
};

struct view {
	const struct kernel *kernel;
	uint32_t slot; /* of the policy that rules */
	struct named *named;
	size_t named_count, named_capacity;
	json_t *rows;
	size_t ended; /* lessons that the agent has not swept away yet */
};

static int add_named(void *context, uint32_t index, const struct egret_name *name)
{
	struct view *view = context;
	struct named *grown;

	(void)index;
	if (view->named_count == view->named_capacity) {
		view->named_capacity = view->named_capacity ? view->named_capacity * 2 : 64;
		grown = reallocarray(view->named, view->named_capacity, sizeof(*grown));
		if (!grown)
			return -1;
		view->named = grown;
	}
	view->named[view->named_count++] =
	    (struct named){kernel_name_key(view->kernel, name->name), strndup(name->name, sizeof(name->name) - 1)};
	return 0;
}

static const char *named_text(const struct view *view, uint64_t key)
{
	for (size_t i = 0; i < view->named_count; i++) {
		if (view->named[i].key == key && view->named[i].text)
			return view->named[i].text;
	}
	return "";
}

static int add_lessons(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	struct view *view = context;
	char address[ADDR_TEXT_SIZE], subject[512];

	subject_name(view->kernel, learned->subject, 0, subject, sizeof(subject));
	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		const struct egret_lesson *lesson = &learned->lessons[i];
		int64_t left = kernel_seconds_until(lesson->expires_tick);
		struct egret_asked asked = {};

		view->ended += lesson->name && left < 0;
		if (!lesson->rule_names[view->slot] || left < 0)
			continue;
		kernel_get_asked(view->kernel, lesson->name, &asked);
		json_array_append_new(view->rows,
				      json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}", "address",
						addr_format(&key->addr, address), "name", asked.name, "rule",
						named_text(view, lesson->rule_names[view->slot]), "seconds_left",
						(json_int_t)left, "subject", subject, "scope", (json_int_t)key->scope));
	}
	return 0;
}

static void view_free(struct view *view)
{
	for (size_t i = 0; i < view->named_count; i++)
		free(view->named[i].text);
	free(view->named);
}

int command_learned(const struct command *command, int argc, char **argv)
{
	struct view view = {.rows = json_array()};
	struct options options;
	struct kernel *kernel;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(rc, &error);
	view.kernel = kernel;
	view.slot = kernel_config(kernel)->generation & (EGRET_POLICY_SLOTS - 1);
	kernel_each_name(kernel, add_named, &view);
	kernel_each_learned(kernel, add_lessons, &view);
	kernel_free(kernel);
	view_free(&view);
	if (options.json) {
		json_print(view.rows);
		return EXIT_YES;
	}
	if (json_array_size(view.rows))
		table_print(view.rows, columns, sizeof(columns) / sizeof(columns[0]));
	else if (view.ended)
		printf("nothing that was learned is still good; %zu that ended go a minute later, if an agent runs\n",
		       view.ended);
	else
		puts("nothing was learned yet");
	json_decref(view.rows);
	return EXIT_YES;
}
