/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CIDRs lie in each other or apart, never across. Sorted by address and prefix, each
 * comes after all that hold it, so one pass finds who lies in whom, and the narrowest
 * one around an address is its predecessor or one around that.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "special.h"

/* Instead of a rule's index. */
#define SERVICE_RANGE UINT32_MAX
#define INTERNAL      (UINT32_MAX - 1)

/* One destination of one rule. */
struct item {
	struct cidr cidr;
	uint32_t rule;
};

static int compare_cidrs(const struct cidr *a, const struct cidr *b)
{
	int order = addr_compare(&a->addr, &b->addr);

	return order ? order : (int)a->prefix_len - (int)b->prefix_len;
}

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = compare_cidrs(&a->cidr, &b->cidr);

	return order ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static size_t gather_rule(const struct policy_rule *rule, uint32_t index, struct item *items)
{
	size_t count = 0;

	for (size_t d = 0; d < rule->dest_count; d++) {
		if (rule->dests[d].kind != POLICY_DEST_CIDR)
			continue;
		if (items)
			items[count] = (struct item){rule->dests[d].cidr, index};
		count++;
	}
	return count;
}

/* Only counts where @items is NULL. */
static size_t gather(const struct compiler *compiler, struct item *items)
{
	const struct policy *policy = compiler->out->policy;
	const struct policy_settings *settings = &policy->settings;
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		count += gather_rule(&policy->rules[i], (uint32_t)i, items ? items + count : NULL);
	for (size_t i = 0; i < compiler->out->resolver_count; i++, count++) {
		struct cidr cidr = {.addr = compiler->out->resolvers[i], .prefix_len = 128};

		if (items)
			items[count] = (struct item){cidr, (uint32_t)(policy->rule_count + i)};
	}
	for (size_t i = 0; i < settings->service_range_count; i++, count++) {
		if (items)
			items[count] = (struct item){settings->service_ranges[i], SERVICE_RANGE};
	}
	for (size_t i = 0; i < settings->internal_count; i++, count++) {
		if (items)
			items[count] = (struct item){settings->internal[i], INTERNAL};
	}
	return count;
}

static struct cidr_node *find_around(struct cidr_node *before, const struct cidr *cidr)
{
	while (before && !cidr_covers(&before->cidr, cidr))
		before = before->around;
	return before;
}

static uint16_t item_flags(const struct compiler *compiler, const struct item *item)
{
	uint16_t flags = 0;

	if (item->rule == SERVICE_RANGE)
		return EGRET_DEST_SERVICE;
	if (item->rule == INTERNAL)
		return EGRET_DEST_INTERNAL;
	if (item->rule >= compiler->out->policy->rule_count)
		flags |= EGRET_DEST_RESOLVER;
	return rule_is_floor(compiler, item->rule) ? flags | EGRET_DEST_FLOOR : flags;
}

/* Doubles are neighbours. */
static void build(struct compiler *compiler, const struct item *items, size_t count)
{
	struct cidr_node *node = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!node || compare_cidrs(&node->cidr, &items[i].cidr)) {
			struct cidr_node *around = find_around(node, &items[i].cidr);

			node = &compiler->cidrs[compiler->cidr_count++];
			node->cidr = items[i].cidr;
			node->around = around;
			node->scope.refs = &compiler->cidr_refs[i];
			node->scope.is_cidr = true;
			node->scope.dest.flags = around ? around->scope.dest.flags & EGRET_DEST_INHERITED : 0;
		}
		compiler->cidr_refs[i] = items[i].rule;
		node->scope.dest.flags |= item_flags(compiler, &items[i]);
		if (items[i].rule < INTERNAL)
			node->scope.ref_count++;
	}
}

static int compile_node(struct compiler *compiler, struct cidr_node *node)
{
	char text[ADDR_TEXT_SIZE];
	struct list list;
	int rc;

	list_of_scope(&list, compiler, &node->scope, node->around ? &node->around->scope.dest : NULL);
	rc = list_intern(compiler, &list, &node->scope.dest);
	return rc == -E2BIG ? finding_over(compiler, &list, cidr_format(&node->cidr, text)) : rc;
}

static int put_out(struct compiler *compiler)
{
	struct compiled *out = compiler->out;
	size_t count = 0;

	for (size_t i = 0; i < compiler->cidr_count; i++)
		count += !cidr_is_single(&compiler->cidrs[i].cidr);
	if (count > EGRET_MAX_CIDRS) {
		diag_add(compiler->diag, DIAG_ERROR, policy_place(compiler),
			 "%zu different CIDRs are over the limit of %d; write wider ones", count, EGRET_MAX_CIDRS);
		return -EINVAL;
	}
	out->cidrs = calloc(count ? count : 1, sizeof(*out->cidrs));
	if (!out->cidrs)
		return -ENOMEM;
	for (size_t i = 0; i < compiler->cidr_count; i++) {
		const struct cidr_node *node = &compiler->cidrs[i];

		if (!cidr_is_single(&node->cidr))
			out->cidrs[out->cidr_count++] = (struct compiled_cidr){
			    .key = {.prefix_len = node->cidr.prefix_len, .addr = node->cidr.addr},
			    .dest = node->scope.dest,
			};
	}
	return 0;
}

int cidrs_compile(struct compiler *compiler)
{
	size_t count = gather(compiler, NULL);
	struct item *items = calloc(count ? count : 1, sizeof(*items));
	int rc = 0;

	compiler->cidrs = calloc(count ? count : 1, sizeof(*compiler->cidrs));
	compiler->cidr_refs = calloc(count ? count : 1, sizeof(*compiler->cidr_refs));
	if (!items || !compiler->cidrs || !compiler->cidr_refs) {
		free(items);
		return -ENOMEM;
	}
	gather(compiler, items);
	qsort(items, count, sizeof(*items), compare_items);
	build(compiler, items, count);
	free(items);
	for (size_t i = 0; i < compiler->cidr_count && !rc; i++)
		rc = compile_node(compiler, &compiler->cidrs[i]);
	return rc ? rc : put_out(compiler);
}

struct cidr_node *cidr_find(const struct compiler *compiler, const struct egret_addr *addr)
{
	const struct cidr wanted = {.addr = *addr, .prefix_len = 128};
	size_t low = 0, high = compiler->cidr_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_cidrs(&compiler->cidrs[middle].cidr, &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? find_around(&compiler->cidrs[low - 1], &wanted) : NULL;
}

enum egret_need addr_need(const struct compiler *compiler, const struct egret_addr *addr)
{
	const struct cidr_node *node;

	if (addr_is_special(addr))
		return addr_is_private(addr) ? EGRET_NEED_PRIVATE : EGRET_NEED_ADDRESS;
	node = cidr_find(compiler, addr);
	return node && node->scope.dest.flags & EGRET_DEST_INTERNAL ? EGRET_NEED_ADDRESS : EGRET_NEED_NOTHING;
}

enum egret_need compiled_addr_need(const struct compiled *compiled, const struct egret_addr *addr)
{
	return addr_need(compiled->intern, addr);
}
