/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules by their ids: their own ports, and whom they are for. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "internal.h"
#include "egret_reasons.h"

#define DNS_PORT 53 /* RFC 1035 section 4.2 */

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

static uint8_t audit_of(const struct policy_rule *rule)
{
	if (!rule->audit)
		return 0;
	return rule->action == EGRET_ALLOW ? EGRET_AUDIT_ALLOW : EGRET_AUDIT_DENY;
}

static int compile_rule(struct compiler *compiler, uint32_t index)
{
	const struct policy_rule *rule = &compiler->out->policy->rules[index];
	struct list list = {.count = 0};
	uint16_t set;
	int rc = rule_set(compiler, index, &set);

	if (rc)
		return rc;
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];

		list_add(&list, compiler,
			 (struct egret_port){
			     .lo = port->lo,
			     .hi = port->hi,
			     .l4_proto = port->l4_proto,
			     .action = rule->action,
			     .app = port->app,
			     .audit = audit_of(rule),
			     .private = rule->private,
			     .set = set,
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
	    .set = EGRET_SET_ALL,
	    .rule = compiler->out->ids[index],
	};
	struct list list = {.count = 0};

	entry.l4_proto = IPPROTO_UDP;
	list_add(&list, compiler, entry);
	entry.l4_proto = IPPROTO_TCP;
	list_add(&list, compiler, entry);
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
	compiler->told = calloc(room, sizeof(*compiler->told));
	if (texts && out->resolvers && compiler->told && !audiences_begin(compiler)) {
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
	if (!rc)
		rc = served_compile(compiler);
	if (!rc)
		rc = audited_compile(compiler);
	if (!rc)
		audiences_end(compiler);
	return rc;
}
