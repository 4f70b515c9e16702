/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"
#include "egret_policy.h"

void require_clear(struct policy_require *require)
{
	for (size_t i = 0; i < require->dest_count; i++)
		free(require->dests[i].name);
	free(require->dests);
	free(require->file);
	*require = (struct policy_require){0};
}

static bool is_port(const struct word *word)
{
	struct policy_port port;
	char text[24];

	if (word->len >= sizeof(text))
		return false;
	memcpy(text, word->text, word->len);
	text[word->len] = '\0';
	return !policy_port_parse(text, &port);
}

static int check_dest(struct loader *loader, const struct word *word, const struct policy_dest *dest)
{
	if (dest->kind != POLICY_DEST_PATTERN && (dest->kind != POLICY_DEST_CIDR || cidr_is_single(&dest->cidr)))
		return 0;
	report(loader, word->column, "`%.*s` is many destinations; `require` takes names and addresses", EXCERPT(word));
	return -EINVAL;
}

static int add_dest(struct loader *loader, const struct word *word, struct policy_require *require, size_t *capacity)
{
	struct policy_dest *dests, dest;
	int error;

	if (is_port(word)) {
		report(loader, word->column, "`require` takes one port, the last word; write a line for each");
		return -EINVAL;
	}
	if (require->dest_count == EGRET_MAX_REQUIRED_DESTS) {
		report(loader, word->column, "more than %d destinations on one `require`; name fewer",
		       EGRET_MAX_REQUIRED_DESTS);
		return -E2BIG;
	}
	error = dest_parse(loader, word, &dest);
	if (error)
		return error;
	error = check_dest(loader, word, &dest);
	dests = error ? NULL : reserve(require->dests, capacity, require->dest_count + 1, sizeof(*dests));
	if (!dests) {
		free(dest.name);
		return error ? error : -ENOMEM;
	}
	require->dests = dests;
	dests[require->dest_count++] = dest;
	return 0;
}

/* All words but the last. */
static int parse_dests(struct loader *loader, struct policy_require *require)
{
	size_t capacity = 0;
	int error = 0;

	for (size_t i = 0; i + 1 < loader->words.count; i++) {
		struct word item;
		size_t at = 0;

		while (word_next_item(&loader->words.items[i], &at, &item)) {
			int rc = add_dest(loader, &item, require, &capacity);

			if (rc == -ENOMEM || rc == -E2BIG)
				return rc;
			error = worse(error, rc);
		}
	}
	return error;
}

static int parse_port(struct loader *loader, const struct word *word, struct policy_port *ret)
{
	struct port_list list = {0};
	int error = port_list_parse(loader, word, &list);

	if (!error && (list.count != 1 || list.items[0].lo != list.items[0].hi)) {
		report(loader, word->column, "`%.*s` is not one port; `require` takes one, like `tcp:443`",
		       EXCERPT(word));
		error = -EINVAL;
	}
	if (!error)
		*ret = list.items[0];
	free(list.items);
	return error;
}

/* Takes over @require on success. */
static int add_require(struct loader *loader, struct policy_require *require)
{
	struct policy *policy = loader->policy;
	struct policy_require *requires =
	    reserve(policy->requires, &loader->require_capacity, policy->require_count + 1, sizeof(*requires));

	if (!requires)
		return -ENOMEM;
	policy->requires = requires;
	require->file = strdup(loader->source->path);
	if (!require->file)
		return -ENOMEM;
	require->line = loader->line;
	requires[policy->require_count++] = *require;
	return 0;
}

/* An address shows no name that could be checked. */
static bool has_name(const struct policy_require *require)
{
	for (size_t i = 0; i < require->dest_count; i++) {
		if (require->dests[i].kind != POLICY_DEST_CIDR)
			return true;
	}
	return false;
}

int require_parse(struct loader *loader, const struct statement *statement)
{
	int error = variable_expand(loader, statement->words + 1, statement->count - 1);
	struct policy_require require = {0};
	size_t count = loader->words.count;

	if (error)
		return error;
	if (count < 2) {
		report(loader, statement->words[0].column,
		       "`require` takes destinations and a port; write `require mcr.microsoft.com tcp:443`");
		return -EINVAL;
	}
	error = parse_dests(loader, &require);
	if (error != -ENOMEM)
		error = worse(error, parse_port(loader, &loader->words.items[count - 1], &require.port));
	if (!error && !has_name(&require))
		require.port.app = EGRET_APP_NONE;
	if (!error)
		error = add_require(loader, &require);
	if (error)
		require_clear(&require);
	return error;
}

const char *policy_require_format(const struct policy_require *require, char buf[static POLICY_REQUIRE_TEXT_SIZE])
{
	char dest[256], port[24], others[32] = "";
	size_t more = require->dest_count - 1;

	if (more)
		snprintf(others, sizeof(others), " or %zu other%s", more, more == 1 ? "" : "s");
	snprintf(buf, POLICY_REQUIRE_TEXT_SIZE, "%s%s %s", policy_dest_format(&require->dests[0], dest), others,
		 policy_port_format(&require->port, port));
	return buf;
}
