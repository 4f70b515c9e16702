// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the policy that rules calls a subject. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "name_key.h"

int kernel_audience_of(const struct kernel *kernel, const char *path, enum egret_kind kind, uint32_t *ret)
{
	uint32_t first = EGRET_AUDIENCE_HOST;
	char above[EGRET_PATH_SIZE * 16];
	struct egret_meta meta;
	int fd = handle_inner_fd(kernel, MAP_paths), rc = fd < 0 ? fd : kernel_get_meta(kernel, &meta);

	snprintf(above, sizeof(above), "%s", path);
	while (!rc) {
		uint64_t key = path_key(*above ? above : "/", meta.hash_keys);
		char *slash = strrchr(above, '/');

		if (!bpf_map_lookup_elem(fd, &key, &first) || !slash)
			break;
		*slash = '\0';
	}
	if (fd >= 0)
		close(fd);
	*ret = first + kind;
	return rc;
}

uint32_t kernel_get_audience(const struct kernel *kernel, uint64_t cgroup_id)
{
	struct egret_member member = {};

	bpf_map_lookup_elem(kernel->maps[MAP_audiences], &cgroup_id, &member);
	return member.audience[handle_slot(kernel)];
}

bool kernel_audits(const struct kernel *kernel, uint32_t audience)
{
	struct egret_audience who = {};
	int fd;

	if (kernel_settings(kernel)->audit || !(kernel_settings(kernel)->has & EGRET_HAS_AUDITED))
		return kernel_settings(kernel)->audit;
	fd = handle_inner_fd(kernel, MAP_sets);
	if (fd < 0)
		return false;
	bpf_map_lookup_elem(fd, &audience, &who);
	close(fd);
	return who.flags & EGRET_AUDIENCE_AUDITED;
}

int kernel_get_subject(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject *ret)
{
	return bpf_map_lookup_elem(kernel->maps[MAP_subjects], &cgroup_id, ret) ? -errno : 0;
}
