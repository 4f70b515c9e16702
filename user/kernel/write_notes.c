// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent notes for whoever looks at an instance, also when no agent runs any more. */
#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "handle.h"
#include "write_teach.h"

int kernel_set_meta(struct kernel *kernel, const struct egret_meta *meta)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(kernel->maps[MAP_meta], &zero, meta, BPF_ANY) ? -errno : 0;
}

int kernel_set_subject_name(struct kernel *kernel, uint64_t cgroup_id, const struct egret_subject_name *subject)
{
	return bpf_map_update_elem(kernel->maps[MAP_subject_names], &cgroup_id, subject, BPF_ANY) ? -errno : 0;
}

int kernel_set_pod_name(struct kernel *kernel, const struct egret_pod_uid *uid, const struct egret_pod_name *name)
{
	return bpf_map_update_elem(kernel->maps[MAP_pod_names], uid, name, BPF_ANY) ? -errno : 0;
}

int kernel_denied_fd(const struct kernel *kernel)
{
	return ring_buffer__epoll_fd(kernel->denied);
}

struct denied_visit {
	void (*visit)(void *context, const struct egret_denied *denied);
	void *context;
};

static int visit_denied(void *context, void *data, size_t size)
{
	const struct denied_visit *visit = *(struct denied_visit *const *)context;

	if (size >= sizeof(struct egret_denied))
		visit->visit(visit->context, data);
	return 0;
}

int kernel_take_denied(struct kernel *kernel, void (*visit)(void *context, const struct egret_denied *denied),
		       void *context)
{
	struct denied_visit one = {visit, context};
	int rc;

	kernel->denied_visit = &one;
	rc = ring_buffer__consume(kernel->denied);
	kernel->denied_visit = NULL;
	return rc < 0 ? rc : 0;
}

int denied_open(struct kernel *kernel)
{
	kernel->denied = ring_buffer__new(kernel->maps[MAP_denied], visit_denied, &kernel->denied_visit, NULL);
	return kernel->denied ? 0 : -errno;
}

int kernel_set_hit(struct kernel *kernel, uint32_t rule, const struct egret_hit *hit)
{
	return bpf_map_update_elem(kernel->maps[MAP_hits], &rule, hit, BPF_ANY) ? -errno : 0;
}

int kernel_set_existing(struct kernel *kernel, uint64_t cookie, const struct egret_existing *value)
{
	int fd = kernel->maps[MAP_existing];

	return (value ? bpf_map_update_elem(fd, &cookie, value, BPF_ANY) : bpf_map_delete_elem(fd, &cookie)) ? -errno
													     : 0;
}

int kernel_set_name(struct kernel *kernel, uint32_t index, const struct egret_name *name)
{
	return bpf_map_update_elem(kernel->maps[MAP_names], &index, name, BPF_ANY) ? -errno : 0;
}

/* The map has a value for each CPU, of which the agent uses the first. */
void kernel_count_lesson(struct kernel *kernel, enum egret_lesson_kind lesson)
{
	int cpus = libbpf_num_possible_cpus();
	struct egret_counter *counters = cpus > 0 ? calloc((size_t)cpus, sizeof(*counters)) : NULL;
	uint32_t kind = lesson;

	if (!counters)
		return;
	if (!bpf_map_lookup_elem(kernel->maps[MAP_lessons], &kind, counters)) {
		counters[0].packets++;
		bpf_map_update_elem(kernel->maps[MAP_lessons], &kind, counters, BPF_ANY);
	}
	free(counters);
}
