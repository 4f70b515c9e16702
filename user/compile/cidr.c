/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CIDRs lie in each other or apart, never across. Sorted by address and prefix, each
 * comes after all that hold it, so one pass finds who lies in whom, and the narrowest
 * one around an address is its predecessor or one around that.
 */
#include <errno.h>
#include <stdlib.h>

#include "../base/nat64.h"
#include "internal.h"

/* One CIDR as one line says it. */
struct item {
	struct cidr cidr;
	uint32_t rule; /* its index, if it is by_rule */
	bool by_rule;  /* else a setting says it */
	uint16_t flags;
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

/* As many items as there can be: names are counted too. */
static size_t room_for_items(const struct compiler *compiler)
{
	const struct policy *policy = compiler->out->policy;
	size_t room =
	    compiler->out->resolver_count + policy->settings.service_range_count + policy->settings.internal_count;

	for (size_t i = 0; i < policy->rule_count; i++)
		room += policy->rules[i].dest_count;
	return room;
}

static size_t gather_rule(const struct compiler *compiler, uint32_t index, struct item *items)
{
	const struct policy_rule *rule = &compiler->out->policy->rules[index];
	uint16_t flags = rule_is_floor(compiler, index) ? EGRET_DEST_FLOOR : 0;
	size_t count = 0;

	for (size_t d = 0; d < rule->dest_count; d++) {
		if (rule->dests[d].kind == POLICY_DEST_CIDR)
			items[count++] = (struct item){rule->dests[d].cidr, index, true, flags};
	}
	return count;
}

static size_t gather(const struct compiler *compiler, struct item *items)
{
	const struct compiled *out = compiler->out;
	const struct policy_settings *settings = &out->policy->settings;
	uint32_t rule_count = (uint32_t)out->policy->rule_count;
	size_t count = 0;

	for (uint32_t i = 0; i < rule_count; i++)
		count += gather_rule(compiler, i, &items[count]);
	for (uint32_t i = 0; i < out->resolver_count; i++)
		items[count++] = (struct item){{.addr = out->resolvers[i], .prefix_len = 128},
					       rule_count + i,
					       true,
					       EGRET_DEST_RESOLVER | EGRET_DEST_FLOOR |
						   (served_is_strict(out, i) ? EGRET_DEST_SERVED : 0)};
	for (size_t i = 0; i < settings->service_range_count; i++)
		items[count++] = (struct item){settings->service_ranges[i], .flags = EGRET_DEST_SERVICE};
	for (size_t i = 0; i < settings->internal_count; i++)
		items[count++] = (struct item){settings->internal[i], .flags = EGRET_DEST_INTERNAL};
	return count;
}

static struct cidr_node *find_around(struct cidr_node *before, const struct cidr *cidr)
{
	while (before && !cidr_covers(&before->cidr, cidr))
		before = before->around;
	return before;
}

/* Doubles are neighbours. */
static void build(struct compiler *compiler, const struct item *items, size_t count)
{
	struct cidr_node *node = NULL;
	size_t ref_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (!node || compare_cidrs(&node->cidr, &items[i].cidr)) {
			struct cidr_node *around = find_around(node, &items[i].cidr);

			node = &compiler->cidrs[compiler->cidr_count++];
			node->cidr = items[i].cidr;
			node->around = around;
			node->scope.refs = &compiler->cidr_refs[ref_count];
			node->scope.is_cidr = true;
			node->scope.dest.flags = around ? around->scope.dest.flags & EGRET_DEST_INHERITED : 0;
		}
		node->scope.dest.flags |= items[i].flags;
		if (!items[i].by_rule)
			continue;
		compiler->cidr_refs[ref_count++] = items[i].rule;
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
	node->scope.dest.flags |= list_flags(&list);
	return rc == -E2BIG ? limit_report(compiler, &list, cidr_format(&node->cidr, text)) : rc;
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
	size_t room = room_for_items(compiler) + 1, count;
	struct item *items = calloc(room, sizeof(*items));
	int rc = 0;

	compiler->cidrs = calloc(room, sizeof(*compiler->cidrs));
	compiler->cidr_refs = calloc(room, sizeof(*compiler->cidr_refs));
	if (!items || !compiler->cidrs || !compiler->cidr_refs) {
		free(items);
		return -ENOMEM;
	}
	count = gather(compiler, items);
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
	struct egret_addr meant = nat64_meant(&compiler->out->policy->settings.nat64, addr);
	enum egret_need need = egret_need_of_purpose(&meant);
	const struct cidr_node *node;

	if (need)
		return need;
	node = cidr_find(compiler, &meant);
	return node ? egret_need_inside(node->scope.dest.flags) : EGRET_NEED_NOTHING;
}

enum egret_need compiled_addr_need(const struct compiled *compiled, const struct egret_addr *addr)
{
	return addr_need(compiled->intern, addr);
}
