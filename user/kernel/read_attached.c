// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an instance is attached to, and whether it is still the one that was opened. */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "pins.h"

bool kernel_is_view(const struct kernel *kernel)
{
	return kernel->view;
}

static bool is_hook_pinned(const struct kernel *kernel, enum kernel_hook hook)
{
	char path[PIN_PATH_SIZE];

	hook_pin_path(path, kernel->instance, hook);
	return !access(path, F_OK);
}

bool kernel_is_attached(const struct kernel *kernel, const char **ret_missing)
{
	/* Another version, which goes on until its programs are replaced, may not have all the hooks. */
	bool of_another = kernel->side_by_side && kernel->was_running;

	for (int i = 0; i < HOOK_COUNT; i++) {
		if (of_another && kernel->links[i] < 0)
			continue;
		if (kernel->view ? is_hook_pinned(kernel, i) : hooks[i].kind->is_attached(kernel->links[i]))
			continue;
		if (ret_missing)
			*ret_missing = hooks[i].name;
		return false;
	}
	return true;
}

bool kernel_is_pinned(const struct kernel *kernel)
{
	return is_hook_pinned(kernel, HOOK_egress);
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

bool kernel_is_pinned_here(const struct kernel *kernel)
{
	char path[PIN_PATH_SIZE];
	uint32_t id;
	int fd;

	pin_path(path, kernel->instance, "map", map_shapes[MAP_config].name);
	fd = bpf_obj_get(path);
	id = map_id(fd);
	if (fd >= 0)
		close(fd);
	return id && id == map_id(kernel->maps[MAP_config]);
}

uint64_t kernel_governed_cgroup(const struct kernel *kernel)
{
	uint64_t governed = 0;

	for (int i = 0; i < HOOK_COUNT; i++) {
		int fd = hooks[i].kind != &hook_tracepoint ? hook_open(kernel->instance, i) : -ENOENT;
		uint64_t id = fd == -ENOENT ? 0 : UINT64_MAX;

		if (fd >= 0) {
			id = hook_cgroup_id(fd);
			close(fd);
		}
		if (id && governed && id != governed)
			return UINT64_MAX;
		governed = id ? id : governed;
	}
	return governed;
}
