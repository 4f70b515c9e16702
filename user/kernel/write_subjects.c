// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Subjects of cgroups that programs did not see begin. */
#include <errno.h>

#include <bpf/bpf.h>

#include "handle.h"

int kernel_make_subject(struct kernel *kernel, uint64_t cgroup_id, const struct egret_subject *subject)
{
	if (!bpf_map_update_elem(kernel->maps[MAP_subjects], &cgroup_id, subject, BPF_NOEXIST) || errno == EEXIST)
		return 0;
	return -errno;
}

void kernel_forget_subject(struct kernel *kernel, uint64_t cgroup_id)
{
	bpf_map_delete_elem(kernel->maps[MAP_subjects], &cgroup_id);
}

uint64_t kernel_late_subjects(const struct kernel *kernel)
{
	uint32_t zero = 0;
	uint64_t late = 0;

	bpf_map_lookup_elem(kernel->maps[MAP_late], &zero, &late);
	return late;
}
