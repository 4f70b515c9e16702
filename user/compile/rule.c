/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules by their ids: their own ports, and whom they are for. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "egret_reasons.h"
#include "egret_subject.h"

#define DNS_PORT 53 /* RFC 1035 section 4.2 */

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
	struct compiled *out = compiler->out;
	struct egret_dest dest = {0};
	int rc = list_intern(compiler, list, &dest);

	if (rc == -E2BIG)
		rc = limit_report(compiler, list, "this rule");
	out->rules[out->ids[index] - EGRET_RULE_FIRST] = (struct egret_rule){
	    .born = rule_born(compiler, index),
	    .first = dest.first,
	    .count = dest.count,
	    .flags = rule_is_floor(compiler, index) ? EGRET_RULE_FLOOR : 0,
	};
	return rc;
}

static int compile_rule(struct compiler *compiler, uint32_t index)
{
	const struct policy_rule *rule = &compiler->out->policy->rules[index];
	struct list list = {.count = 0};
	uint32_t classes;
	int rc = class_mask(compiler, index, &classes);

	if (rc)
		return rc;
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
				    .rule = compiler->out->ids[index],
				});
	}
	return finish_rule(compiler, index, &list);
}

static int compile_resolver(struct compiler *compiler, uint32_t index)
{
	struct egret_port entry = {
	    .lo = DNS_PORT,
	    .hi = DNS_PORT,
	    .classes = EGRET_CLASS_ALL,
	    .rule = compiler->out->ids[index],
	};
	struct list list = {.count = 0};

	entry.l4_proto = IPPROTO_UDP;
	list_add(&list, entry);
	entry.l4_proto = IPPROTO_TCP;
	list_add(&list, entry);
	return finish_rule(compiler, index, &list);
}

/* The tables by id. */
static int make_tables(struct compiler *compiler, const struct egret_rule_text *texts)
{
	struct compiled *out = compiler->out;
	int rc = rule_ids_give(compiler, texts);

	if (rc)
		return rc;
	out->rules = calloc(out->rule_limit + 1, sizeof(*out->rules));
	out->texts = calloc(out->rule_limit + 1, sizeof(*out->texts));
	if (!out->rules || !out->texts)
		return -ENOMEM;
	for (size_t i = 0; i < out->rule_count; i++)
		out->texts[out->ids[i] - EGRET_RULE_FIRST] = texts[i];
	return 0;
}

/* @room: of rules and resolvers, even if each resolver is another one. */
static int begin(struct compiler *compiler, size_t room)
{
	struct compiled *out = compiler->out;
	struct egret_rule_text *texts = calloc(room, sizeof(*texts));
	int rc = -ENOMEM;

	out->resolvers = calloc(room, sizeof(*out->resolvers));
	out->cgroups = calloc(EGRET_MAX_NAMED_CGROUPS, sizeof(*out->cgroups));
	compiler->told = calloc(room, sizeof(*compiler->told));
	if (texts && out->resolvers && out->cgroups && compiler->told) {
		rule_texts_make(compiler, texts);
		rc = make_tables(compiler, texts);
	}
	free(texts);
	return rc;
}

int rules_compile(struct compiler *compiler)
{
	const struct policy *policy = compiler->input->policy;
	size_t room = policy->rule_count + policy->resolver_count + compiler->input->system_resolver_count;
	int rc;

	if (room > EGRET_MAX_RULES) {
		diag_add(compiler->diag, DIAG_ERROR, policy_place(compiler),
			 "%zu rules and resolvers are over the limit of %d; put destinations with the same ports "
			 "into one list",
			 room, EGRET_MAX_RULES);
		return -EINVAL;
	}
	rc = begin(compiler, room + 1);
	for (uint32_t i = 0; i < compiler->out->rule_count && !rc; i++)
		rc = i < policy->rule_count ? compile_rule(compiler, i) : compile_resolver(compiler, i);
	return rc;
}
