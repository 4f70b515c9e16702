/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules by their ids: their own ports, their texts, and whom they are for. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "egret_reasons.h"
#include "egret_subject.h"

#define DNS_PORT 53 /* RFC 1035 section 4.2 */

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

static int named_class(struct compiler *compiler, uint32_t index, const char *path, uint32_t *ret)
{
	struct compiled *out = compiler->out;
	size_t i = 0;

	while (i < out->cgroup_count && strcmp(out->cgroups[i], path) != 0)
		i++;
	if (i == EGRET_MAX_NAMED_CGROUPS) {
		diag_add(compiler->diag, DIAG_ERROR, rule_place(compiler, index),
			 "more than %d different cgroups are named; use one further up for several",
			 EGRET_MAX_NAMED_CGROUPS);
		return -EINVAL;
	}
	if (i == out->cgroup_count) {
		out->cgroups[i] = strdup(path);
		if (!out->cgroups[i])
			return -ENOMEM;
		out->cgroup_count++;
	}
	*ret = 1U << (EGRET_CLASS_NAMED_SHIFT + i);
	return 0;
}

static int class_mask(struct compiler *compiler, uint32_t index, uint32_t *ret)
{
	const struct policy_class *class = &compiler->out->policy->rules[index].class;

	switch (class->kind) {
	case POLICY_FOR_ALL:
		*ret = EGRET_CLASS_ALL;
		return 0;
	case POLICY_FOR_HOST:
		*ret = EGRET_CLASS_HOST;
		return 0;
	case POLICY_FOR_PODS:
		*ret = EGRET_CLASS_PODS;
		return 0;
	case POLICY_FOR_CGROUP:
		return named_class(compiler, index, class->path, ret);
	}
	return -EINVAL;
}

static int finish_rule(struct compiler *compiler, uint32_t index, const struct list *list)
{
	struct egret_dest dest = {0};
	int rc = list_intern(compiler, list, &dest);

	if (rc == -E2BIG)
		rc = limit_report(compiler, list, "this rule");
	compiler->out->rules[index] = (struct egret_rule){
	    .born = compiler->input->generation,
	    .first = dest.first,
	    .count = dest.count,
	    .flags = rule_is_floor(compiler, index) ? EGRET_RULE_FLOOR : 0,
	};
	return rc;
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

static int compile_rule(struct compiler *compiler, uint32_t index)
{
	const struct policy_rule *rule = &compiler->out->policy->rules[index];
	struct egret_rule_text *text = &compiler->out->texts[index];
	struct list list = {.count = 0};
	uint32_t classes;
	int rc = class_mask(compiler, index, &classes);

	if (rc)
		return rc;
	copy_text(text->text, sizeof(text->text), rule->text);
	copy_text(text->purpose, sizeof(text->purpose), rule->purpose);
	copy_text(text->file, sizeof(text->file), rule->file);
	text->line = rule->line;
	text->position = index;
	text->dests_hash = hash_dests(rule);
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];

		list_add(&list, (struct egret_port){
				    .lo = port->lo,
				    .hi = port->hi,
				    .l4_proto = port->l4_proto,
				    .action = rule->action,
				    .app = port->app,
				    .private = rule->private,
				    .classes = classes,
				    .rule = EGRET_RULE_FIRST + index,
				});
		if (!text->app)
			text->app = port->app;
	}
	return finish_rule(compiler, index, &list);
}

/* The same resolver may be named twice, or stand in /etc/resolv.conf too. */
static int add_resolver(struct compiler *compiler, const struct policy_resolver *line, const struct egret_addr *addr)
{
	struct compiled *out = compiler->out;
	uint32_t index = (uint32_t)(out->policy->rule_count + out->resolver_count);
	struct egret_rule_text *text = &out->texts[index];
	struct egret_port entry = {
	    .lo = DNS_PORT,
	    .hi = DNS_PORT,
	    .classes = EGRET_CLASS_ALL,
	    .rule = EGRET_RULE_FIRST + index,
	};
	struct list list = {.count = 0};
	char buf[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < out->resolver_count; i++) {
		if (addr_equal(&out->resolvers[i], addr))
			return 0;
	}
	out->resolvers[out->resolver_count++] = *addr;
	snprintf(text->text, sizeof(text->text), line->system ? "resolver system (%s)" : "resolver %s",
		 addr_format(addr, buf));
	copy_text(text->purpose, sizeof(text->purpose), "DNS");
	copy_text(text->file, sizeof(text->file), line->file);
	text->line = line->line;
	text->position = index;
	entry.l4_proto = IPPROTO_UDP;
	list_add(&list, entry);
	entry.l4_proto = IPPROTO_TCP;
	list_add(&list, entry);
	return finish_rule(compiler, index, &list);
}

static int compile_resolvers(struct compiler *compiler)
{
	const struct compile_input *input = compiler->input;
	const struct policy *policy = input->policy;
	int rc = 0;

	for (size_t i = 0; i < policy->resolver_count && !rc; i++) {
		const struct policy_resolver *line = &policy->resolvers[i];

		if (!line->system)
			rc = add_resolver(compiler, line, &line->addr);
		for (size_t s = 0; line->system && s < input->system_resolver_count && !rc; s++)
			rc = add_resolver(compiler, line, &input->system_resolvers[s]);
	}
	return rc;
}

int rules_compile(struct compiler *compiler)
{
	const struct compile_input *input = compiler->input;
	const struct policy *policy = input->policy;
	struct compiled *out = compiler->out;
	size_t resolvers = policy->resolver_count + input->system_resolver_count;
	size_t room = policy->rule_count + resolvers + 1;
	int rc = 0;

	if (policy->rule_count + resolvers > EGRET_MAX_RULES) {
		diag_add(compiler->diag, DIAG_ERROR, policy_place(compiler),
			 "%zu rules and resolvers are over the limit of %d; put destinations with the same ports "
			 "into one list",
			 policy->rule_count + resolvers, EGRET_MAX_RULES);
		return -EINVAL;
	}
	out->rules = calloc(room, sizeof(*out->rules));
	out->texts = calloc(room, sizeof(*out->texts));
	out->resolvers = calloc(resolvers + 1, sizeof(*out->resolvers));
	out->cgroups = calloc(EGRET_MAX_NAMED_CGROUPS, sizeof(*out->cgroups));
	compiler->told = calloc(room, sizeof(*compiler->told));
	if (!out->rules || !out->texts || !out->resolvers || !out->cgroups || !compiler->told)
		return -ENOMEM;
	for (uint32_t i = 0; i < policy->rule_count && !rc; i++)
		rc = compile_rule(compiler, i);
	if (!rc)
		rc = compile_resolvers(compiler);
	out->rule_count = policy->rule_count + out->resolver_count;
	return rc;
}
