// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses that names of the running policy have and may not bring in. */
#include <unistd.h>

#include <bpf/bpf.h>

#include "buckets.h"
#include "handle.h"

struct special_walk {
	const struct kernel *kernel;
	int ports_fd;
	void (*visit)(void *context, const struct egret_addr *addr, uint32_t name, uint32_t rule);
	void *context;
};

/* The first entry that says so; there is one. */
static void visit_target(void *context, const struct egret_addr *addr, const struct egret_target *target)
{
	const struct special_walk *walk = context;
	struct egret_port entry;

	if (!(target->dest.flags & EGRET_DEST_SPECIAL))
		return;
	for (uint32_t i = 0; i < target->dest.count; i++) {
		uint32_t index = target->dest.first + i;

		if (bpf_map_lookup_elem(walk->ports_fd, &index, &entry))
			return;
		if (entry.action == EGRET_SPECIAL) {
			walk->visit(walk->context, addr, target->dest.name, entry.rule);
			return;
		}
	}
}

void kernel_each_special(const struct kernel *kernel,
			 void (*visit)(void *context, const struct egret_addr *addr, uint32_t name, uint32_t rule),
			 void *context)
{
	struct special_walk walk = {kernel, handle_inner_fd(kernel, MAP_ports), visit, context};
	int fd = handle_inner_fd(kernel, MAP_addrs);

	if (fd >= 0 && walk.ports_fd >= 0)
		buckets_each(fd, visit_target, &walk);
	if (fd >= 0)
		close(fd);
	if (walk.ports_fd >= 0)
		close(walk.ports_fd);
}
