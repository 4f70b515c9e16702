/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `resolver ADDRESS... [NAME...] [served by WHOM]` */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

static int add_resolver(struct loader *loader, struct policy_resolver resolver)
{
	struct policy *policy = loader->policy;
	struct policy_resolver *resolvers =
	    reserve(policy->resolvers, &loader->resolver_capacity, policy->resolver_count + 1, sizeof(*resolvers));

	if (!resolvers)
		return -ENOMEM;
	policy->resolvers = resolvers;
	resolver.served_by.kind = POLICY_FOR_HOST;
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

/* 10.0.0.10:5353 */
static bool has_port(const struct word *word)
{
	const char *colon = memchr(word->text, ':', word->len);

	return colon && memchr(word->text, '.', (size_t)(colon - word->text));
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
	if (has_port(word)) {
		report(loader, word->column, "a resolver is asked on port 53; write `%.*s`",
		       (int)((const char *)memchr(word->text, ':', word->len) - word->text), word->text);
		return -EINVAL;
	}
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

/* A slip in `served by` would be taken for names that may be asked for. */
static int check_slips(struct loader *loader, size_t count)
{
	static const char *const slips[] = {"by", "for", "served-by", "served_by", "servedby"};
	static const struct word usual = {.text = "host", .len = 4};

	for (size_t i = 0; i < count; i++) {
		const struct word *word = &loader->words.items[i];

		for (size_t s = 0; s < sizeof(slips) / sizeof(slips[0]); s++) {
			if (!word_is(word, slips[s]))
				continue;
			report(loader, word->column,
			       "`%.*s` is no name to ask for: everybody may ask a resolver; who answers in its name "
			       "stands behind `served by`, as in `served by %.*s`",
			       EXCERPT(word), EXCERPT(i + 1 < loader->words.count ? word + 1 : &usual));
			return -EINVAL;
		}
	}
	return 0;
}

/* loader->words[@at] is `served`. */
static int parse_served(struct loader *loader, size_t at, struct policy_class *ret)
{
	const struct words *words = &loader->words;
	struct class_words said = {
	    .column = words->items[at].column, .lead = "served by", .before = "addresses and names"};

	if (at + 1 == words->count || !word_is(&words->items[at + 1], "by")) {
		report(loader, said.column,
		       "`by` is missing behind `served`; write `served by host`, `served by pods` or their like");
		return -EINVAL;
	}
	said.words = &words->items[at + 2];
	said.count = words->count - at - 2;
	return class_parse(loader, &said, ret);
}

/* Of all resolvers of the line, which begin at @first. */
static int set_served(struct policy *policy, size_t first, const struct policy_class *class)
{
	for (size_t i = first; i < policy->resolver_count; i++) {
		struct policy_class *copy = &policy->resolvers[i].served_by;

		policy->resolvers[i].says_served = true;
		copy->kind = class->kind;
		copy->path = class->path ? strdup(class->path) : NULL;
		if (class->path && !copy->path)
			return -ENOMEM;
	}
	return 0;
}

static int parse_servers(struct loader *loader, const struct statement *statement, size_t count)
{
	size_t before = loader->policy->resolver_count;
	int error = check_slips(loader, count);

	if (error)
		return error;
	if (!count) {
		report(loader, statement->words[0].column,
		       "`resolver` needs an address, or `system`; write `resolver 10.0.0.10`");
		return -EINVAL;
	}
	for (size_t i = 0; i < count; i++) {
		struct word item;
		size_t at = 0;

		while (error != -ENOMEM && word_next_item(&loader->words.items[i], &at, &item))
			error =
			    worse(error, parse_resolver_item(loader, &item, loader->policy->resolver_count > before));
	}
	return error;
}

int resolver_parse(struct loader *loader, const struct statement *statement)
{
	int error = variable_expand(loader, statement->words + 1, statement->count - 1);
	size_t before = loader->policy->resolver_count, at = 0;
	struct policy_class class = {.kind = POLICY_FOR_HOST};

	if (error)
		return error;
	while (at < loader->words.count && !word_is(&loader->words.items[at], "served"))
		at++;
	error = parse_servers(loader, statement, at);
	if (error != -ENOMEM && at < loader->words.count)
		error = worse(error, parse_served(loader, at, &class));
	if (!error && at < loader->words.count)
		error = set_served(loader->policy, before, &class);
	free(class.path);
	return error;
}
