// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which classes a cgroup is of. */
#include <errno.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "write_settings.h"
#include "egret_limits.h"

static int set_mask(const struct kernel *kernel, uint64_t cgroup_id, uint32_t slot, uint32_t mask)
{
	int fd = kernel->maps[MAP_classes];
	struct egret_class class = {};

	bpf_map_lookup_elem(fd, &cgroup_id, &class);
	class.masks[slot] = mask;
	if (!class.masks[0] && !class.masks[1])
		return bpf_map_delete_elem(fd, &cgroup_id) && errno != ENOENT ? -errno : 0;
	return bpf_map_update_elem(fd, &cgroup_id, &class, BPF_ANY) ? -errno : 0;
}

int kernel_set_next_class(struct kernel *kernel, uint64_t cgroup_id, uint32_t mask)
{
	return set_mask(kernel, cgroup_id, kernel_next_generation(kernel) & (EGRET_POLICY_SLOTS - 1), mask);
}

static int forget_next_class(void *context, const void *key)
{
	const struct kernel *kernel = context;
	const uint64_t *cgroup_id = key;

	return set_mask(kernel, *cgroup_id, kernel_next_generation(kernel) & (EGRET_POLICY_SLOTS - 1), 0);
}

int kernel_forget_next_classes(struct kernel *kernel)
{
	uint64_t keys[2];

	return map_each_entry(kernel->maps[MAP_classes], 2 * EGRET_MAX_CLASSES, (void *[]){&keys[0], &keys[1]},
			      forget_next_class, kernel);
}

int kernel_set_class(struct kernel *kernel, uint64_t cgroup_id, uint32_t mask)
{
	struct egret_config *config = kernel->config;
	int rc = set_mask(kernel, cgroup_id, handle_slot(kernel), mask);

	if (rc)
		return rc;
	__atomic_add_fetch(&config->class_epoch, 1, __ATOMIC_RELEASE);
	if (config->generation)
		forget_verdicts(config);
	return 0;
}
