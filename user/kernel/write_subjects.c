// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Subjects of cgroups that programs did not see begin, and the audiences of all that stand. */
#include <errno.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "write_settings.h"

int kernel_make_subject(struct kernel *kernel, uint64_t cgroup_id, const struct egret_subject *subject)
{
	const struct egret_member nobody_told = {};

	if (bpf_map_update_elem(kernel->maps[MAP_audiences], &cgroup_id, &nobody_told, BPF_NOEXIST) && errno != EEXIST)
		return -errno;
	if (bpf_map_update_elem(kernel->maps[MAP_subjects], &cgroup_id, subject, BPF_NOEXIST) && errno != EEXIST)
		return -errno;
	return 0;
}

void kernel_forget_subject(struct kernel *kernel, uint64_t cgroup_id)
{
	bpf_map_delete_elem(kernel->maps[MAP_subjects], &cgroup_id);
	bpf_map_delete_elem(kernel->maps[MAP_audiences], &cgroup_id);
}

uint64_t kernel_late_subjects(const struct kernel *kernel)
{
	uint32_t zero = 0;
	uint64_t late = 0;

	bpf_map_lookup_elem(kernel->maps[MAP_late], &zero, &late);
	return late;
}

/* BPF_EXIST: whose cgroup is gone stays gone. Nobody else writes to one that stands. */
int kernel_set_audience(struct kernel *kernel, uint64_t cgroup_id, uint32_t generation, uint32_t audience)
{
	int fd = kernel->maps[MAP_audiences];
	uint32_t slot = generation & (EGRET_POLICY_SLOTS - 1);
	struct egret_member member;

	if (bpf_map_lookup_elem(fd, &cgroup_id, &member))
		return errno == ENOENT ? 0 : -errno;
	member.audience[slot] = audience;
	member.epoch[slot] = generation;
	return bpf_map_update_elem(fd, &cgroup_id, &member, BPF_EXIST) && errno != ENOENT ? -errno : 0;
}

struct untold {
	struct kernel *kernel;
	uint32_t generation;
	int (*visit)(void *context, uint64_t cgroup_id);
	void *context;
};

static int look_at_one(void *context, const void *key)
{
	const struct untold *untold = context;
	struct egret_member member;

	if (bpf_map_lookup_elem(untold->kernel->maps[MAP_audiences], key, &member) ||
	    member.epoch[untold->generation & (EGRET_POLICY_SLOTS - 1)] == untold->generation)
		return 0;
	return untold->visit(untold->context, *(const uint64_t *)key);
}

int kernel_each_untold(struct kernel *kernel, uint32_t generation, int (*visit)(void *context, uint64_t cgroup_id),
		       void *context)
{
	struct untold untold = {kernel, generation, visit, context};
	uint64_t keys[2];

	return map_each_entry(kernel->maps[MAP_audiences], 2 * EGRET_MAX_SUBJECTS, (void *[]){&keys[0], &keys[1]},
			      look_at_one, &untold);
}

void kernel_judge_anew(struct kernel *kernel)
{
	if (kernel->config->generation)
		forget_verdicts(kernel->config);
}
