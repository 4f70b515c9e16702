/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
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

static int add_resolver(struct loader *loader, struct policy_resolver resolver)
{
	struct policy *policy = loader->policy;
	struct policy_resolver *resolvers =
	    reserve(policy->resolvers, &loader->resolver_capacity, policy->resolver_count + 1, sizeof(*resolvers));

	if (!resolvers)
		return -ENOMEM;
	policy->resolvers = resolvers;
	resolver.file = strdup(loader->source->path);
	if (!resolver.file)
		return -ENOMEM;
	resolver.line = loader->line;
	resolvers[policy->resolver_count++] = resolver;
	return 0;
}

/* A name behind the addresses: it may be asked for. Takes @dest over. */
static int add_askable(struct loader *loader, struct policy_dest *dest)
{
	struct policy *policy = loader->policy;
	struct policy_dest *askables =
	    reserve(policy->askables, &loader->askable_capacity, policy->askable_count + 1, sizeof(*askables));

	if (!askables) {
		free(dest->name);
		return -ENOMEM;
	}
	policy->askables = askables;
	askables[policy->askable_count++] = *dest;
	return 0;
}

/* fe80::1%eth0 */
static int parse_zoned(struct loader *loader, const struct word *word)
{
	size_t address_len = (size_t)((const char *)memchr(word->text, '%', word->len) - word->text);
	struct word address = word_part(word, 0, address_len);
	struct policy_resolver resolver = {.system = false};
	char text[ZONED_TEXT_SIZE] = "";
	int error = -EINVAL;

	if (word->len < sizeof(text)) {
		memcpy(text, word->text, word->len);
		error = zoned_addr_parse(text, &resolver.server);
	}
	if (!error)
		return add_resolver(loader, resolver);
	if (error == -EDOM)
		report(loader, word_part(word, address_len, 0).column,
		       "only link-local addresses (fe80::/10) have a zone; write `resolver %.*s`", EXCERPT(&address));
	else
		report(loader, word->column,
		       "`%.*s` is no address with an interface of the node behind it; write one like fe80::1%%eth0",
		       EXCERPT(word));
	return -EINVAL;
}

/* @has_server: an address or `system` stands before it on the line. */
static int parse_resolver_item(struct loader *loader, const struct word *word, bool has_server)
{
	struct policy_dest dest;
	int error;

	if (word_is(word, "system"))
		return add_resolver(loader, (struct policy_resolver){.system = true});
	if (memchr(word->text, '%', word->len))
		return parse_zoned(loader, word);
	error = dest_parse(loader, word, &dest);
	if (error)
		return error;
	if (dest.kind != POLICY_DEST_CIDR && has_server)
		return add_askable(loader, &dest);
	if (dest.kind != POLICY_DEST_CIDR) {
		report(loader, word->column,
		       "`%.*s` is a name, and somebody would have to be trusted to resolve it; write an address or "
		       "`system`, and behind it the names that may be asked for",
		       EXCERPT(word));
		free(dest.name);
		return -EINVAL;
	}
	if (!cidr_is_single(&dest.cidr)) {
		report(loader, word->column,
		       "`%.*s` would trust every pod in it to teach addresses; write the resolver's own address",
		       EXCERPT(word));
		return -EINVAL;
	}
	return add_resolver(loader, (struct policy_resolver){.server.addr = dest.cidr.addr});
}

static int parse_resolver(struct loader *loader, const struct statement *statement)
{
	int error = variable_expand(loader, statement->words + 1, statement->count - 1);
	const struct policy *policy = loader->policy;
	size_t before = policy->resolver_count;

	if (error)
		return error;
	if (!loader->words.count) {
		report(loader, statement->words[0].column,
		       "`resolver` needs an address, or `system`; write `resolver 10.0.0.10`");
		return -EINVAL;
	}
	for (size_t i = 0; i < loader->words.count; i++) {
		struct word item;
		size_t at = 0;

		while (error != -ENOMEM && word_next_item(&loader->words.items[i], &at, &item))
			error = worse(error, parse_resolver_item(loader, &item, policy->resolver_count > before));
	}
	return error;
}

static const struct keyword {
	const char *name;
	int (*parse)(struct loader *loader, const struct statement *statement);
} keywords[] = {
    {"allow", parse_allow},     {"deny", parse_deny},  {"resolver", parse_resolver},
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
		       "unknown statement `%.*s`; a line begins with allow, deny, resolver, require, set or use",
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
