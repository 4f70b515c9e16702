// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One address of the policy that rules. */
#include <errno.h>
#include <stdlib.h>

#include "../compile/compile.h"
#include "buckets.h"
#include "write_settings.h"
#include "write_tables.h"
#include "egret_reasons.h"

/* Entries that compiled_address appended since. */
static int write_new_ports(struct kernel *kernel, const struct compiled *compiled)
{
	size_t count = compiled->port_count - kernel->ports_written;
	int rc;

	if (!count)
		return 0;
	if (compiled->port_count > kernel->ports_capacity)
		return -ENOSPC;
	rc = write_array(kernel->inner_ports, compiled->ports + kernel->ports_written, kernel->ports_written, count);
	if (!rc)
		kernel->ports_written = compiled->port_count;
	return rc;
}

static bool takes_away(const struct compiled *compiled, const struct egret_dest *dest)
{
	for (uint32_t i = 0; i < dest->count; i++) {
		uint8_t action = compiled->ports[dest->first + i].action;

		if (action == EGRET_DENY || action == EGRET_SKIP)
			return true;
	}
	return false;
}

int kernel_set_address(struct kernel *kernel, const struct compiled *compiled, const struct egret_addr *addr,
		       const struct egret_dest *dest)
{
	bool gone = !dest->count && !dest->flags;
	struct egret_target target;
	int rc;

	rc = gone ? 0 : write_new_ports(kernel, compiled);
	if (rc)
		return rc;
	target = target_of_addr(compiled, addr, dest);
	rc = buckets_set(&kernel->buckets, kernel->hash_keys, addr, gone ? NULL : &target);
	note_places(kernel, handle_slot(kernel), &kernel->buckets);
	/* A deny takes away whatever was said before, also to live connections. */
	if (!rc && takes_away(compiled, dest))
		forget_verdicts(kernel->config);
	return rc;
}
