// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which rules ruled without a floor before one was asked for. */
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "pins.h"
#include "egret_abi.h"

/* What release 0.1.0 pinned as `meta` (tests/releases says which commit it is). It asked for no floor. */
#define ABI_0_1 4
struct meta_0_1 {
	uint32_t abi;
	uint32_t agent_pid;
	uint64_t agent_start_ticks, attached_ns, policy_ns, heartbeat_ns, governed_cgroup;
	uint32_t rules, warnings, enforcing, patterns;
	uint64_t hash_keys[6];
	char instance[64];
	char cgroup_path[256];
	char policy_path[256];
	char policy_hash[64];
	char version[32];
	char problem[512];
};

static bool is_attached(const char *instance)
{
	int fd = hook_open(instance, HOOK_egress);
	bool attached;

	if (fd < 0)
		return false;
	attached = hooks[HOOK_egress].kind->is_attached(fd);
	close(fd);
	return attached;
}

/* The map's values are read into @meta only if they have its size. */
static bool read_pinned(const char *instance, void *meta, size_t size)
{
	struct bpf_map_info info = {};
	char path[PIN_PATH_SIZE];
	__u32 zero = 0, len = sizeof(info);
	bool done;
	int fd;

	pin_path(path, instance, "map", map_shapes[MAP_meta].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	done = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_MAP_TYPE_ARRAY && info.value_size == size &&
	       !bpf_map_lookup_elem(fd, &zero, meta);
	close(fd);
	return done;
}

uint64_t kernel_floorless_rules(const char *instance)
{
	struct egret_meta meta;
	struct meta_0_1 old;

	if (!is_attached(instance))
		return 0;
	if (read_pinned(instance, &meta, sizeof(meta)) && meta.abi == EGRET_ABI_VERSION)
		return meta.floorless_rules;
	if (!read_pinned(instance, &old, sizeof(old)) || old.abi != ABI_0_1)
		return 0;
	old.policy_hash[sizeof(old.policy_hash) - 1] = '\0';
	return strtoull(old.policy_hash, NULL, 16);
}
