/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"
#include "egret_policy.h"

static int parse_allow(struct loader *loader, const struct statement *statement)
{
	return rule_parse(loader, statement, EGRET_ALLOW);
}

static int parse_deny(struct loader *loader, const struct statement *statement)
{
	return rule_parse(loader, statement, EGRET_DENY);
}

static int parse_use(struct loader *loader, const struct statement *statement)
{
	int error = variable_expand(loader, statement->words + 1, statement->count - 1);

	if (error)
		return error;
	if (loader->words.count != 1) {
		report(loader, statement->words[0].column,
		       "`use` takes one file; write `use aks/node`, a line for each");
		return -EINVAL;
	}
	loader->used = &loader->words.items[0];
	return 0;
}

static const struct keyword {
	const char *name;
	int (*parse)(struct loader *loader, const struct statement *statement);
} keywords[] = {
    {"allow", parse_allow},     {"deny", parse_deny},  {"audit", rule_parse_audit}, {"resolver", resolver_parse},
    {"require", require_parse}, {"set", variable_set}, {"use", parse_use},
};
#define KEYWORD_COUNT (sizeof(keywords) / sizeof(keywords[0]))

static int report_unknown(struct loader *loader, const struct word *word)
{
	struct nearest nearest = {.loader = loader, .word = word};

	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		nearest_try(&nearest, keywords[i].name);
	if (nearest.best)
		report(loader, word->column, "unknown statement `%.*s`; did you mean `%s`?", EXCERPT(word),
		       nearest.best);
	else
		report(loader, word->column,
		       "unknown statement `%.*s`; a line begins with allow, deny, audit, resolver, require, set or use",
		       EXCERPT(word));
	return -EINVAL;
}

int statement_parse(struct loader *loader, const struct statement *statement)
{
	for (size_t i = 0; i < KEYWORD_COUNT; i++) {
		if (word_is(&statement->words[0], keywords[i].name))
			return keywords[i].parse(loader, statement);
	}
	return report_unknown(loader, &statement->words[0]);
}
