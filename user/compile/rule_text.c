/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each rule says, for people, and for its id. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* What does not fit ends in "...". */
static void copy_text(char *to, size_t size, const char *from)
{
	static const char cut[] = "...";
	size_t len = strlen(from);

	if (len < size) {
		memcpy(to, from, len + 1);
		return;
	}
	memcpy(to, from, size - sizeof(cut));
	memcpy(to + size - sizeof(cut), cut, sizeof(cut));
}

/* FNV-1a; over all destinations, each with its end; and `private`, for which a variable may stand, too. */
static uint32_t hash_dests(const struct policy_rule *rule)
{
	uint32_t hash = 2166136261U;
	char text[256];

	for (size_t i = 0; i < rule->dest_count; i++) {
		policy_dest_format(&rule->dests[i], text);
		for (size_t at = 0; at <= strlen(text); at++)
			hash = (hash ^ (uint8_t)text[at]) * 16777619U;
	}
	return (hash ^ rule->private) * 16777619U;
}

static void text_of_rule(const struct policy_rule *rule, struct egret_rule_text *ret)
{
	copy_text(ret->text, sizeof(ret->text), rule->text);
	copy_text(ret->purpose, sizeof(ret->purpose), rule->purpose);
	copy_text(ret->file, sizeof(ret->file), rule->file);
	ret->line = rule->line;
	ret->dests_hash = hash_dests(rule);
	for (size_t i = 0; i < rule->port_count && !ret->app; i++)
		ret->app = rule->ports[i].app;
}

static void text_of_resolver(const struct policy_resolver *line, const struct egret_addr *addr,
			     struct egret_rule_text *ret)
{
	char text[ZONED_TEXT_SIZE];

	if (line->system)
		snprintf(ret->text, sizeof(ret->text), "resolver system (%s)", addr_format(addr, text));
	else
		snprintf(ret->text, sizeof(ret->text), "resolver %s", zoned_addr_format(&line->server, text));
	copy_text(ret->purpose, sizeof(ret->purpose), "DNS");
	copy_text(ret->file, sizeof(ret->file), line->file);
	ret->line = line->line;
}

/* The same resolver may be named twice, or stand in /etc/resolv.conf too. */
static void add_resolver(struct compiled *out, const struct policy_resolver *line, const struct egret_addr *addr,
			 struct egret_rule_text *texts)
{
	for (size_t i = 0; i < out->resolver_count; i++) {
		if (addr_equal(&out->resolvers[i], addr))
			return;
	}
	out->resolvers[out->resolver_count++] = *addr;
	text_of_resolver(line, addr, &texts[out->rule_count++]);
}

static void add_resolvers(const struct compile_input *input, struct compiled *out, struct egret_rule_text *texts)
{
	const struct policy *policy = input->policy;

	for (size_t i = 0; i < policy->resolver_count; i++) {
		const struct policy_resolver *line = &policy->resolvers[i];

		if (!line->system)
			add_resolver(out, line, &line->server.addr, texts);
		for (size_t s = 0; line->system && s < input->system_resolver_count; s++)
			add_resolver(out, line, &input->system_resolvers[s], texts);
	}
}

void rule_texts_make(struct compiler *compiler, struct egret_rule_text *texts)
{
	struct compiled *out = compiler->out;

	for (; out->rule_count < out->policy->rule_count; out->rule_count++)
		text_of_rule(&out->policy->rules[out->rule_count], &texts[out->rule_count]);
	add_resolvers(compiler->input, out, texts);
	for (uint32_t i = 0; i < out->rule_count; i++)
		texts[i].position = i;
}
