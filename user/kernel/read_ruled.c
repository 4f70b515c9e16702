// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What ruled under releases that asked for less than this one. */
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "layout_before.h"
#include "pins.h"
#include "egret_abi.h"

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

/* In the form of its version. */
union any_meta {
	struct egret_meta now;
	struct before_meta_0_1 v0_1;
	struct before_meta_5 v5;
	char room_of_5[BEFORE_META_5_SIZE];
};

/* Returns its size; 0: it cannot be read. */
static uint32_t read_pinned(const char *instance, union any_meta *meta)
{
	struct bpf_map_info info = {};
	char path[PIN_PATH_SIZE];
	__u32 zero = 0, len = sizeof(info);
	bool done;
	int fd;

	pin_path(path, instance, "map", map_shapes[MAP_meta].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	done = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.value_size <= sizeof(*meta) && !bpf_map_lookup_elem(fd, &zero, meta);
	close(fd);
	return done ? info.value_size : 0;
}

void kernel_ruled(const char *instance, struct kernel_ruled *ret)
{
	union any_meta meta = {};
	uint32_t size;

	*ret = (struct kernel_ruled){.attached = is_attached(instance)};
	if (!ret->attached)
		return;
	size = read_pinned(instance, &meta);
	ret->of_this_release = size == sizeof(meta.now) && meta.now.abi == EGRET_ABI_VERSION;
	if (ret->of_this_release) {
		ret->floorless_rules = meta.now.floorless_rules;
		ret->unlayered = meta.now.unlayered_ns != 0;
	} else if (size == sizeof(meta.room_of_5) && meta.v5.abi == BEFORE_ABI_5) {
		ret->floorless_rules = meta.v5.floorless_rules;
	} else if (size == sizeof(meta.v0_1) && meta.v0_1.abi == BEFORE_ABI_0_1) {
		meta.v0_1.policy_hash[sizeof(meta.v0_1.policy_hash) - 1] = '\0';
		ret->floorless_rules = strtoull(meta.v0_1.policy_hash, NULL, 16);
	}
}
