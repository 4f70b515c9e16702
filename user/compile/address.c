/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Single addresses: what the rules say of them and of the names that have them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "egret_reasons.h"

static int compare_numbers(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The names of one address stand together, by the first rule that allows them. */
static int compare_names(const void *left, const void *right)
{
	const struct addr_name *a = left, *b = right;
	int order = addr_compare(&a->addr, &b->addr);

	if (!order)
		order = compare_numbers(&a->node->first_allow, &b->node->first_allow);
	return order ? order : compare_numbers(&a->node->index, &b->node->index);
}

/* Several names under one pattern say the same: once is enough. Returns how many are left. */
static size_t sort_names(struct addr_name *names, size_t count)
{
	size_t kept = 0;

	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		if (!kept || compare_names(&names[kept - 1], &names[i]))
			names[kept++] = names[i];
	}
	return kept;
}

/* Turns those allows of a name's list into EGRET_SPECIAL that do not hold for an address of this need. */
static void list_meet(struct egret_port *list, size_t count, enum egret_need need)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].action == EGRET_ALLOW && list[i].private < need)
			list[i].action = EGRET_SPECIAL;
	}
}

/* Of the name's list, @copy: all denies, as skips, and the allows that became @action. */
static int add_group(struct list *list, const struct compiler *compiler, const struct egret_port *copy, size_t count,
		     uint8_t action, uint8_t group)
{
	size_t start = list->count;

	for (size_t i = 0; i < count; i++) {
		struct egret_port entry = copy[i];

		if (entry.action != EGRET_DENY && entry.action != action)
			continue;
		if (entry.action == EGRET_DENY)
			entry.action = EGRET_SKIP;
		entry.group = group;
		list_add(list, compiler, entry);
	}
	for (size_t i = start; i < list->count; i++) {
		if (list->entries[i].action == action)
			return 1;
	}
	if (!list->over)
		list->count = start; /* no allow follows: the skips would void nothing */
	return 0;
}

/* Groups of names, which are sorted; the next free number comes back. What only tells a reason
 * (EGRET_SPECIAL) is left out where there is no room. */
static uint8_t add_groups(struct list *list, const struct compiler *compiler, const struct addr_names *names,
			  uint8_t action, uint8_t group)
{
	for (size_t i = 0; i < names->count && names->all[i].node->first_allow != UINT32_MAX; i++) {
		const struct egret_dest *dest = &names->all[i].node->scope.dest;
		struct egret_port copy[EGRET_MAX_PORTS_PER_DEST];

		if (action == EGRET_SPECIAL && list->count + dest->count > EGRET_MAX_PORTS_PER_DEST)
			continue;
		if (action == EGRET_ALLOW && !name_brings_in(compiler, names->all[i].node, names->need))
			continue;
		memcpy(copy, &compiler->out->ports[dest->first], dest->count * sizeof(*copy));
		list_meet(copy, dest->count, names->need);
		group += add_group(list, compiler, copy, dest->count, action, group);
	}
	return group;
}

static int reserve_scratch(struct compiler *compiler, size_t need)
{
	size_t capacity = need > 2 * compiler->scratch_capacity ? need : 2 * compiler->scratch_capacity;
	uint32_t *scratch;

	if (need <= compiler->scratch_capacity)
		return 0;
	scratch = reallocarray(compiler->scratch, capacity, sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	compiler->scratch = scratch;
	compiler->scratch_capacity = capacity;
	return 0;
}

/* By whole rules: their order is over all names, and a rule may deny several of them. */
static int add_denied_names(struct list *list, struct compiler *compiler, const struct addr_names *names)
{
	const struct compiled *out = compiler->out;
	size_t found = 0;

	for (size_t n = 0; n < names->count; n++) {
		const struct egret_dest *dest = &names->all[n].node->scope.dest;
		int rc = reserve_scratch(compiler, found + dest->count);

		if (rc)
			return rc;
		if (!name_brings_in(compiler, names->all[n].node, names->need))
			continue;
		for (uint32_t i = 0; i < dest->count && out->ports[dest->first + i].action == EGRET_DENY; i++)
			compiler->scratch[found++] = rule_index(compiler, out->ports[dest->first + i].rule);
	}
	if (found)
		qsort(compiler->scratch, found, sizeof(*compiler->scratch), compare_numbers);
	for (size_t i = 0; i < found; i++) {
		const struct egret_rule *rule = rule_ports(compiler, compiler->scratch[i]);

		for (uint32_t p = 0; p < rule->count && (!i || compiler->scratch[i] != compiler->scratch[i - 1]); p++)
			list_add(list, compiler, out->ports[rule->first + p]);
	}
	return 0;
}

/* No names and no rule for this very address: *ret is all zero. */
static int compile_address(struct compiler *compiler, const struct egret_addr *addr, const struct addr_names *names,
			   struct egret_dest *ret)
{
	static const struct scope no_rule = {.is_cidr = true};
	const struct cidr_node *node = cidr_find(compiler, addr);
	bool own = node && cidr_is_single(&node->cidr);
	const struct scope *scope = own ? &node->scope : &no_rule;
	const struct cidr_node *around = own ? node->around : node;
	const struct egret_dest *outer = around ? &around->scope.dest : NULL;
	struct egret_dest dest = {0};
	char text[ADDR_TEXT_SIZE];
	bool told = false;
	struct list list;
	uint8_t group;
	int rc;

	if (!names->count) {
		*ret = scope->dest;
		return 0;
	}
	list.count = 0;
	list.over = 0;
	list_add_scope(&list, compiler, scope, outer, EGRET_DENY);
	group = add_groups(&list, compiler, names, EGRET_ALLOW, 1);
	rc = add_denied_names(&list, compiler, names);
	list_add_scope(&list, compiler, scope, outer, EGRET_ALLOW);
	if (names->need)
		add_groups(&list, compiler, names, EGRET_SPECIAL, group);
	if (!rc)
		rc = list_intern(compiler, &list, &dest);
	if (rc == -E2BIG)
		rc = limit_report(compiler, &list, addr_format(addr, text));
	if (rc)
		return rc;
	finding_address(compiler, &list, names);
	for (size_t i = 0; i < list.count; i++)
		told |= list.entries[i].action == EGRET_SPECIAL;
	dest.flags = own    ? node->scope.dest.flags & ~EGRET_DEST_AUDIT
		     : node ? node->scope.dest.flags & EGRET_DEST_INHERITED
			    : 0;
	dest.flags |= list_flags(&list);
	if (told)
		dest.flags |= EGRET_DEST_SPECIAL;
	dest.name = names->all[0].node->index + 1;
	*ret = dest;
	return 0;
}

/* A name that may not bring the address in has something to say only if it allows something elsewhere. */
static bool name_matters(const struct compiler *compiler, const struct name_node *node, const struct egret_addr *addr)
{
	return node->first_allow != UINT32_MAX || name_brings_in(compiler, node, addr_need(compiler, addr));
}

static size_t gather_names(struct compiler *compiler, struct addr_name *names)
{
	const struct compile_input *input = compiler->input;
	size_t count = 0;

	for (size_t i = 0; i < input->name_count; i++) {
		const struct name_addrs *name = &input->names[i];
		const struct name_node *node = name_find(compiler, name->name);

		for (size_t a = 0; node && a < name->count; a++) {
			const struct egret_addr *addr = &name->addrs[a];

			if (!name_brings_in(compiler, node, addr_need(compiler, addr)))
				finding_special(compiler, name->name, node, addr);
			if (name_matters(compiler, node, addr))
				names[count++] = (struct addr_name){*addr, node};
		}
	}
	return sort_names(names, count);
}

static int put_address(struct compiler *compiler, const struct egret_addr *addr, const struct addr_name *all,
		       size_t count)
{
	struct addr_names names = {all, count, addr_need(compiler, addr)};
	struct compiled *out = compiler->out;
	struct compiled_addr *entry = &out->addrs[out->addr_count];

	if (out->addr_count == EGRET_MAX_ADDRESSES) {
		diag_add(compiler->diag, DIAG_ERROR, policy_place(compiler),
			 "more than %d different addresses; write CIDRs for whole networks", EGRET_MAX_ADDRESSES);
		return -EINVAL;
	}
	entry->addr = *addr;
	out->addr_count++;
	return compile_address(compiler, addr, &names, &entry->dest);
}

/* Both are sorted: addresses that rules list, and those that names have. */
static int merge(struct compiler *compiler, const struct addr_name *names, size_t count)
{
	size_t c = 0, n = 0;
	int rc = 0;

	while (!rc) {
		const struct egret_addr *listed, *next;
		size_t same = 0;

		while (c < compiler->cidr_count && !cidr_is_single(&compiler->cidrs[c].cidr))
			c++;
		listed = c < compiler->cidr_count ? &compiler->cidrs[c].cidr.addr : NULL;
		next = n < count ? &names[n].addr : NULL;
		if (!listed && !next)
			break;
		if (!next || (listed && addr_compare(listed, next) < 0))
			next = listed;
		while (n + same < count && addr_equal(&names[n + same].addr, next))
			same++;
		rc = put_address(compiler, next, &names[n], same);
		n += same;
		if (listed && addr_equal(listed, next))
			c++;
	}
	return rc;
}

int addresses_compile(struct compiler *compiler)
{
	const struct compile_input *input = compiler->input;
	struct addr_name *names;
	size_t room = 0, count;
	int rc;

	for (size_t i = 0; i < input->name_count; i++)
		room += input->names[i].count;
	names = calloc(room + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	count = gather_names(compiler, names);
	compiler->out->addrs = calloc(compiler->cidr_count + count + 1, sizeof(*compiler->out->addrs));
	rc = compiler->out->addrs ? merge(compiler, names, count) : -ENOMEM;
	free(names);
	return rc;
}

int compiled_address(struct compiled *compiled, const struct egret_addr *addr, const char *const *names,
		     size_t name_count, struct egret_dest *ret)
{
	struct compiler *compiler = compiled->intern;
	struct addr_name *found = calloc(name_count + 1, sizeof(*found));
	struct addr_names all = {found, 0, addr_need(compiler, addr)};
	size_t count = 0;
	int rc;

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < name_count; i++) {
		const struct name_node *node = name_find(compiler, names[i]);

		if (node && name_matters(compiler, node, addr))
			found[count++] = (struct addr_name){*addr, node};
	}
	all.count = sort_names(found, count);
	rc = compile_address(compiler, addr, &all, ret);
	free(found);
	return rc;
}
