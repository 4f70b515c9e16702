/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whom rules are for: the cgroups that they name, and the sets of audiences. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "egret_subject.h"

#define OF(kind) (1U << EGRET_KIND_##kind)

/* By enum policy_class_kind. */
static const uint8_t kinds_of_class[] = {
    [POLICY_FOR_ALL] = OF(HOST) | OF(POD) | OF(HOSTNETWORK),
    [POLICY_FOR_HOST] = OF(HOST),
    [POLICY_FOR_PODS] = OF(POD) | OF(HOSTNETWORK),
    [POLICY_FOR_HOSTNETWORK] = OF(HOSTNETWORK),
    [POLICY_FOR_PODS_NOT_HOSTNETWORK] = OF(POD),
    [POLICY_FOR_CGROUP] = OF(HOST) | OF(POD) | OF(HOSTNETWORK),
};

/* --- the cgroups that a policy names --- */

static bool lies_below(const char *path, const char *above)
{
	size_t len = strcmp(above, "/") != 0 ? strlen(above) : 0;

	return !strncmp(path, above, len) && (!path[len] || path[len] == '/');
}

/* The node of the deepest named cgroup around @path but @but; 0 = none. */
static uint32_t deepest(const struct compiled *compiled, const char *path, size_t but)
{
	size_t found = compiled->cgroup_count;

	for (size_t i = 0; i < compiled->cgroup_count; i++) {
		if (i == but || !lies_below(path, compiled->cgroups[i]))
			continue;
		if (found == compiled->cgroup_count || strlen(compiled->cgroups[i]) > strlen(compiled->cgroups[found]))
			found = i;
	}
	return found == compiled->cgroup_count ? 0 : found + 1;
}

uint32_t compiled_audience_of(const struct compiled *compiled, const char *path, enum egret_kind kind)
{
	return EGRET_AUDIENCE_OF(deepest(compiled, path, SIZE_MAX), kind);
}

static int add_cgroup(struct compiler *compiler, uint32_t index, const char *path, uint32_t *ret_node)
{
	struct compiled *out = compiler->out;
	size_t i = 0;

	while (i < out->cgroup_count && strcmp(out->cgroups[i], path) != 0)
		i++;
	if (i == EGRET_MAX_NAMED_CGROUPS) {
		diag_add(compiler->diag, DIAG_ERROR, rule_place(compiler, index),
			 "more than %d different cgroups are named (%d audiences); use one further up for several",
			 EGRET_MAX_NAMED_CGROUPS, EGRET_MAX_AUDIENCES);
		return -EINVAL;
	}
	if (i == out->cgroup_count) {
		out->cgroups[i] = strdup(path);
		if (!out->cgroups[i])
			return -ENOMEM;
		out->cgroup_count++;
	}
	*ret_node = i + 1;
	return 0;
}

/* --- sets --- */

/* A subject of whom nobody knows: every deny is for it, and of allows what is for all, and what a node needs to live.
 */
static struct audience_set set_of_rule(const struct compiler *compiler, uint32_t index, uint32_t node)
{
	const struct policy_rule *rule = &compiler->out->policy->rules[index];

	return (struct audience_set){
	    .node = node,
	    .kinds = kinds_of_class[rule->class.kind],
	    .unknown =
		rule->class.kind == POLICY_FOR_ALL || rule->action == EGRET_DENY || rule_is_floor(compiler, index),
	};
}

static bool is_same(const struct audience_set *a, const struct audience_set *b)
{
	return a->node == b->node && a->kinds == b->kinds && a->unknown == b->unknown && a->also == b->also;
}

static int find_set(struct compiler *compiler, uint32_t index, const struct audience_set *set, uint16_t *ret)
{
	struct compiled *out = compiler->out;
	size_t i = 0;

	while (i < out->set_count && !is_same(&out->sets[i], set))
		i++;
	if (i == EGRET_MAX_SETS) {
		diag_add(compiler->diag, DIAG_ERROR, rule_place(compiler, index),
			 "the rules are for more than %d different sets of subjects; use cgroups further up",
			 EGRET_MAX_SETS);
		return -EINVAL;
	}
	if (i == out->set_count)
		out->sets[out->set_count++] = *set;
	*ret = i;
	return 0;
}

int rule_set(struct compiler *compiler, uint32_t index, uint16_t *ret)
{
	const struct policy_class *class = &compiler->out->policy->rules[index].class;
	struct audience_set set;
	uint32_t node = 0;
	int rc = class->kind == POLICY_FOR_CGROUP ? add_cgroup(compiler, index, class->path, &node) : 0;

	if (rc)
		return rc;
	set = set_of_rule(compiler, index, node);
	return find_set(compiler, index, &set, ret);
}

static bool has_part(const struct compiled *compiled, uint16_t set, const struct audience_set *part)
{
	for (; set; set = compiled->sets[set].also) {
		if (compiled->sets[set].node == part->node && compiled->sets[set].kinds == part->kinds)
			return true;
	}
	return false;
}

/* Whoever is unknown serves nobody. */
int server_set(struct compiler *compiler, uint32_t index, const struct policy_class *class, uint16_t *set)
{
	struct audience_set wanted = {.kinds = kinds_of_class[class->kind], .also = *set};
	int rc = class->kind == POLICY_FOR_CGROUP ? add_cgroup(compiler, index, class->path, &wanted.node) : 0;

	if (rc || has_part(compiler->out, *set, &wanted))
		return rc;
	return find_set(compiler, index, &wanted, set);
}

/* As server_set, of whom `set mode = audit for` names. */
int audited_compile(struct compiler *compiler)
{
	const struct policy_settings *settings = &compiler->out->policy->settings;
	int rc = 0;

	for (size_t i = 0; i < settings->audited_count && !rc; i++)
		rc = server_set(compiler, 0, &settings->audited[i], &compiler->out->audited);
	return rc;
}

int audiences_begin(struct compiler *compiler)
{
	struct compiled *out = compiler->out;

	out->cgroups = calloc(EGRET_MAX_NAMED_CGROUPS, sizeof(*out->cgroups));
	out->around = calloc(EGRET_MAX_NAMED_CGROUPS + 1, sizeof(*out->around));
	out->sets = calloc(EGRET_MAX_SETS, sizeof(*out->sets));
	if (!out->cgroups || !out->around || !out->sets)
		return -ENOMEM;
	out->sets[EGRET_SET_ALL] = (struct audience_set){.kinds = kinds_of_class[POLICY_FOR_ALL], .unknown = true};
	out->set_count = 1;
	return 0;
}

void audiences_end(struct compiler *compiler)
{
	struct compiled *out = compiler->out;

	for (size_t i = 0; i < out->cgroup_count; i++)
		out->around[i + 1] = deepest(out, out->cgroups[i], i);
}

static bool is_within(const struct compiled *compiled, uint32_t node, uint32_t outer)
{
	while (node != outer && node)
		node = compiled->around[node];
	return node == outer;
}

bool set_covers(const struct compiled *compiled, uint16_t outer, uint16_t inner)
{
	const struct audience_set *a = &compiled->sets[outer], *b = &compiled->sets[inner];

	return !(b->kinds & ~a->kinds) && a->unknown >= b->unknown && is_within(compiled, b->node, a->node);
}

bool set_overlaps(const struct compiled *compiled, uint16_t one, uint16_t other)
{
	const struct audience_set *a = &compiled->sets[one], *b = &compiled->sets[other];

	return a->kinds & b->kinds && (is_within(compiled, a->node, b->node) || is_within(compiled, b->node, a->node));
}

size_t compiled_audience_count(const struct compiled *compiled)
{
	return EGRET_AUDIENCE_OF(compiled->cgroup_count + 1, 0);
}

static bool is_in(const struct compiled *compiled, uint32_t audience, const struct audience_set *set)
{
	uint32_t node = audience ? (audience - 1) / EGRET_KINDS : 0;

	if (!audience)
		return set->unknown;
	return set->kinds >> egret_audience_kind(audience) & 1 && is_within(compiled, node, set->node);
}

void compiled_audience(const struct compiled *compiled, uint32_t audience, struct egret_audience *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < compiled->set_count; i++) {
		const struct audience_set *set = &compiled->sets[i];
		bool holds = is_in(compiled, audience, set);

		while (!holds && set->also) {
			set = &compiled->sets[set->also];
			holds = is_in(compiled, audience, set);
		}
		ret->sets[i / 64] |= (__u64)holds << (i & 63);
	}
	if (compiled->audited && egret_set_has(compiled->audited, ret))
		ret->flags = EGRET_AUDIENCE_AUDITED;
}
