/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `set mode = audit for WHOM`: who is only audited, while the others are enforced. These lines add up, as rules do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

bool audited_is_said(const struct word *setting, const struct words *values)
{
	return word_is(setting, "mode") && values->count > 1 && word_is(&values->items[1], "for");
}

static int check_value(struct loader *loader, const struct word *value)
{
	if (word_is(value, "audit"))
		return 0;
	if (word_is(value, "off"))
		report(loader, value->column,
		       "`mode = off` is for all that is governed, and not for some; write `set mode = audit for ...`, "
		       "which lets them pass and counts");
	else if (word_is(value, "enforce"))
		report(loader, value->column,
		       "enforced is whoever no `set mode = audit for ...` names; leave this line out");
	else
		report(loader, value->column, "`%.*s` is no value of `mode`; write `set mode = audit for ...`",
		       EXCERPT(value));
	return -EINVAL;
}

/* Has an earlier line named them? */
static bool is_said_already(const struct policy_settings *settings, const struct policy_class *class)
{
	for (size_t i = 0; i < settings->audited_count; i++) {
		if (class_is_same(&settings->audited[i], class))
			return true;
	}
	return false;
}

/* Takes over @class. */
static int add(struct loader *loader, unsigned int column, struct policy_class *class)
{
	struct policy_settings *settings = &loader->policy->settings;
	struct policy_class *all;

	if (is_said_already(settings, class)) {
		diag_add(loader->diag, DIAG_WARNING, loader_place(loader, column),
			 "an earlier line audits the same; remove one");
		free(class->path);
		return 0;
	}
	all = reserve(settings->audited, &loader->audited_capacity, settings->audited_count + 1, sizeof(*all));
	if (!all) {
		free(class->path);
		return -ENOMEM;
	}
	settings->audited = all;
	all[settings->audited_count++] = *class;
	return 0;
}

int audited_parse(struct loader *loader, const struct words *values)
{
	const struct class_words said = {.words = &values->items[2],
					 .count = values->count - 2,
					 .column = values->items[1].column,
					 .lead = "for",
					 .before = "the mode"};
	struct policy_class class = {0};
	int error = check_value(loader, &values->items[0]);

	if (!error)
		error = class_parse(loader, &said, &class);
	return error ? error : add(loader, values->items[0].column, &class);
}

void audited_check(struct loader *loader)
{
	const struct policy_settings *settings = &loader->policy->settings;
	const struct variable *mode;

	HASH_FIND_STR(loader->variables, "mode", mode);
	if (settings->audited_count && settings->audit && mode)
		diag_add(
		    loader->diag, DIAG_WARNING, (struct diag_place){mode->source->path, mode->line, mode->column},
		    "`set mode = audit` audits everybody, and `set mode = audit for ...` is there for some; remove "
		    "one of them");
}

void audited_clear(struct policy_settings *settings)
{
	for (size_t i = 0; i < settings->audited_count; i++)
		free(settings->audited[i].path);
	free(settings->audited);
}
