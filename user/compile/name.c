/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names and patterns, by their text ("*.x" for a pattern). What covers a name is
 * found by asking for each of its parent domains.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static struct name_node *find_text(const struct compiler *compiler, const char *text)
{
	struct name_node *node;

	HASH_FIND_STR(compiler->names_by_text, text, node);
	return node;
}

/* "*.x" takes one or more whole labels below x, never x: so the name's own first label is passed over. */
static struct name_node *nearest_pattern(const struct compiler *compiler, const char *name)
{
	char text[EGRET_NAME_SIZE];
	size_t len = strlen(name);

	if (!len || len > EGRET_NAME_MAX)
		return NULL;
	memcpy(text, name, len + 1);
	for (char *dot = strchr(text + 1, '.'); dot; dot = strchr(dot + 1, '.')) {
		struct name_node *node;

		dot[-1] = '*';
		node = find_text(compiler, dot - 1);
		if (node)
			return node;
	}
	return NULL;
}

struct name_node *name_find(const struct compiler *compiler, const char *name)
{
	struct name_node *node = find_text(compiler, name);

	return node ? node : nearest_pattern(compiler, name);
}

uint32_t compiled_name_id(const struct compiled *compiled, const char *text)
{
	const struct name_node *node = find_text(compiled->intern, text);

	return node ? node->index + 1 : 0;
}

uint32_t compiled_name_teacher(const struct compiled *compiled, const char *name)
{
	const struct name_node *node = name_find(compiled->intern, name);

	return node && compiled->name_dests[node->index].flags & EGRET_DEST_TEACHES ? node->index + 1 : 0;
}

bool name_brings_in(const struct compiler *compiler, const struct name_node *node, enum egret_need need)
{
	return egret_meets(compiler->out->name_dests[node->index].flags, need);
}

/* @count: of the names that it is added to, one of compiled's two. */
static int add_node(struct compiler *compiler, const struct policy_dest *dest, size_t *count, struct name_node **ret)
{
	struct compiled *out = compiler->out;
	size_t index = out->name_count + out->askable_count;
	struct name_node *node;
	char text[EGRET_NAME_SIZE];

	node = find_text(compiler, policy_dest_format(dest, text));
	if (node) {
		*ret = node;
		return 0;
	}
	if (index == EGRET_MAX_NAMES) {
		diag_add(compiler->diag, DIAG_ERROR, policy_place(compiler),
			 "more than %d different names; write patterns like *.x", EGRET_MAX_NAMES);
		return -EINVAL;
	}
	out->names[index] = strdup(text);
	if (!out->names[index])
		return -ENOMEM;
	node = &compiler->names[index];
	node->text = out->names[index];
	node->index = (uint32_t)index;
	(*count)++;
	node->scope.exact_name = dest->kind == POLICY_DEST_NAME;
	HASH_ADD_KEYPTR(hh, compiler->names_by_text, node->text, (unsigned int)strlen(node->text), node);
	if (!node->hh.tbl)
		return -ENOMEM;
	*ret = node;
	return 0;
}

/* @ret_nodes: of each name of each rule, in order. */
static int add_nodes(struct compiler *compiler, struct name_node **ret_nodes)
{
	const struct policy *policy = compiler->out->policy;
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t d = 0; d < rule->dest_count; d++) {
			int rc;

			if (rule->dests[d].kind == POLICY_DEST_CIDR)
				continue;
			rc = add_node(compiler, &rule->dests[d], &compiler->out->name_count, &ret_nodes[count]);
			if (rc)
				return rc;
			ret_nodes[count++]->scope.ref_count++;
		}
	}
	return 0;
}

/* After those of the rules, which have their numbers then. */
static int add_askables(struct compiler *compiler)
{
	const struct policy *policy = compiler->out->policy;
	int rc = 0;

	for (size_t i = 0; i < policy->askable_count && !rc; i++) {
		struct name_node *node;

		rc = add_node(compiler, &policy->askables[i], &compiler->out->askable_count, &node);
		if (!rc)
			node->askable = true;
	}
	return rc;
}

static void add_refs(struct compiler *compiler, struct name_node *const *nodes)
{
	const struct policy *policy = compiler->out->policy;
	uint32_t *free_ref = compiler->name_refs;

	for (size_t i = 0; i < compiler->out->name_count; i++) {
		struct scope *scope = &compiler->names[i].scope;

		scope->refs = free_ref;
		free_ref += scope->ref_count;
		scope->ref_count = 0;
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t d = 0; d < rule->dest_count; d++) {
			struct scope *scope;

			if (rule->dests[d].kind == POLICY_DEST_CIDR)
				continue;
			scope = &(*nodes++)->scope;
			compiler->name_refs[scope->refs - compiler->name_refs + scope->ref_count++] = (uint32_t)i;
		}
	}
}

static uint32_t first_allow(const struct compiler *compiler, const struct egret_dest *dest)
{
	uint32_t first_audit = UINT32_MAX;

	for (uint32_t i = 0; i < dest->count; i++) {
		const struct egret_port *entry = &compiler->out->ports[dest->first + i];

		if (entry->action != EGRET_ALLOW)
			continue;
		if (!entry->audit)
			return rule_index(compiler, entry->rule);
		if (first_audit == UINT32_MAX)
			first_audit = EGRET_MAX_RULES + rule_index(compiler, entry->rule);
	}
	return first_audit;
}

/* An `audit allow` changes nothing of what the other lines of its name say: it has no part in what these may bring in,
 * or explain. */
static uint16_t entry_flags(const struct egret_port *entry)
{
	if (entry->action != EGRET_ALLOW)
		return EGRET_DEST_DENIES;
	if (entry->audit)
		return EGRET_DEST_ASKABLE;
	return EGRET_DEST_ASKABLE | EGRET_DEST_ALLOWS | (entry->private ? EGRET_DEST_PRIVATE : 0);
}

/* Does no rule have the name, but for `audit` lines, which take nothing away? */
static bool is_only_audited(const struct compiled *out, const struct scope *scope)
{
	for (uint32_t i = 0; i < scope->ref_count; i++) {
		if (!out->policy->rules[scope->refs[i]].audit)
			return false;
	}
	return true;
}

/* A question for an exact name carries out nothing but that name, which the policy has; and the agent must be able to
 * ask for it even if it is denied. A name below a denied pattern can carry out anything in its labels. */
static uint16_t name_flags(const struct compiled *out, const struct name_node *node)
{
	const struct egret_dest *dest = &node->scope.dest;
	bool inherits = node->around && is_only_audited(out, &node->scope);
	uint16_t flags = dest->flags | (dest->count ? EGRET_DEST_TEACHES : 0);

	for (uint32_t i = 0; i < dest->count; i++)
		flags |= entry_flags(&out->ports[dest->first + i]);
	if (node->askable || (node->scope.exact_name && node->scope.ref_count) ||
	    (inherits && out->name_dests[node->around->index].flags & EGRET_DEST_ASKABLE))
		flags |= EGRET_DEST_ASKABLE;
	return flags;
}

/* What is around it comes first; a name has at most 127 labels, so this is not deep. */
static int compile_node(struct compiler *compiler, struct name_node *node)
{
	struct list list;
	int rc = 0;

	if (node->done)
		return 0;
	node->around = nearest_pattern(compiler, node->scope.exact_name ? node->text : node->text + 2);
	if (node->around)
		rc = compile_node(compiler, node->around);
	if (rc)
		return rc;
	list_of_scope(&list, compiler, &node->scope, node->around ? &node->around->scope.dest : NULL);
	rc = list_intern(compiler, &list, &node->scope.dest);
	node->scope.dest.flags |= list_flags(&list);
	if (rc == -E2BIG)
		rc = limit_report(compiler, &list, node->text);
	node->first_allow = first_allow(compiler, &node->scope.dest);
	compiler->out->name_dests[node->index] = node->scope.dest;
	compiler->out->name_dests[node->index].name = node->index + 1;
	compiler->out->name_dests[node->index].flags = name_flags(compiler->out, node);
	node->done = true;
	return rc;
}

static size_t count_names(const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		for (size_t d = 0; d < policy->rules[i].dest_count; d++)
			count += policy->rules[i].dests[d].kind != POLICY_DEST_CIDR;
	}
	return count;
}

int names_compile(struct compiler *compiler)
{
	struct compiled *out = compiler->out;
	size_t mentions = count_names(out->policy);
	size_t all = mentions + out->policy->askable_count;
	size_t room = all < EGRET_MAX_NAMES ? all + 1 : EGRET_MAX_NAMES;
	struct name_node **nodes = calloc(mentions + 1, sizeof(struct name_node *));
	int rc = -ENOMEM;

	out->names = calloc(room, sizeof(*out->names));
	out->name_dests = calloc(room, sizeof(*out->name_dests));
	compiler->names = calloc(room, sizeof(*compiler->names));
	compiler->name_refs = calloc(mentions + 1, sizeof(*compiler->name_refs));
	if (!nodes || !out->names || !out->name_dests || !compiler->names || !compiler->name_refs)
		goto out;
	rc = add_nodes(compiler, nodes);
	if (!rc)
		rc = add_askables(compiler);
	if (rc)
		goto out;
	add_refs(compiler, nodes);
	for (size_t i = 0; i < out->name_count + out->askable_count && !rc; i++)
		rc = compile_node(compiler, &compiler->names[i]);
out:
	free(nodes);
	return rc;
}
