// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lists of the policy that rules, for people: what it has for an address or a name, whatever is asked of it. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "read_tables.h"
#include "egret_limits.h"

struct list_walk {
	struct tables tables;
	struct egret_audience who;
	int (*visit)(void *context, const struct kernel_entry *entry);
	void *context;
};

static int begin(struct list_walk *walk, const struct kernel *kernel, uint32_t audience)
{
	int rc = tables_open(kernel, &walk->tables);

	if (rc)
		return rc;
	if (!bpf_map_lookup_elem(walk->tables.sets, &audience, &walk->who))
		return 0;
	tables_close(&walk->tables);
	return -errno;
}

static int visit_list(const struct list_walk *walk, const struct egret_dest *dest)
{
	struct egret_port port;
	int rc = 0;

	if (dest->count > EGRET_MAX_PORTS_PER_DEST)
		return -EPROTO;
	for (uint32_t i = 0; i < dest->count && !rc; i++) {
		uint32_t index = dest->first + i;

		if (bpf_map_lookup_elem(walk->tables.ports, &index, &port))
			return -errno;
		rc = walk->visit(walk->context, &(struct kernel_entry){
						    .rule = port.rule,
						    .action = port.action,
						    .l4_proto = port.l4_proto,
						    .lo = port.lo,
						    .hi = port.hi,
						    .is_for_it = egret_set_has(port.set, &walk->who),
						});
	}
	return rc;
}

int kernel_each_entry_of_addr(const struct kernel *kernel, const struct egret_addr *addr, uint32_t audience,
			      int (*visit)(void *context, const struct kernel_entry *entry), void *context)
{
	struct list_walk walk = {.visit = visit, .context = context};
	struct egret_target target;
	int rc = begin(&walk, kernel, audience);

	if (rc)
		return rc;
	rc = tables_find_target(&walk.tables, addr, &target);
	if (!rc)
		rc = visit_list(&walk, &target.dest);
	tables_close(&walk.tables);
	return rc;
}

int kernel_each_entry_of_name(const struct kernel *kernel, const char *name, uint32_t audience,
			      int (*visit)(void *context, const struct kernel_entry *entry), void *context,
			      uint32_t *ret_policy_name)
{
	struct list_walk walk = {.visit = visit, .context = context};
	struct egret_target target;
	int rc = begin(&walk, kernel, audience);

	*ret_policy_name = 0;
	if (rc)
		return rc;
	tables_find_list_of_text(&walk.tables, name, &target);
	*ret_policy_name = target.dest.name;
	rc = visit_list(&walk, &target.dest);
	tables_close(&walk.tables);
	return rc;
}
