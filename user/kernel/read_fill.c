// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How full the maps are. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"

#define MAX_KEY_SIZE 64

static uint64_t map_memory(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return 0;
	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(info);
	return bytes;
}

static bool can_be_counted(const struct bpf_map_info *info)
{
	return (info->type == BPF_MAP_TYPE_HASH || info->type == BPF_MAP_TYPE_LRU_HASH ||
		info->type == BPF_MAP_TYPE_LPM_TRIE) &&
	       info->key_size <= MAX_KEY_SIZE;
}

static uint32_t count_entries(int fd, const struct bpf_map_info *info)
{
	unsigned char keys[2][MAX_KEY_SIZE];
	uint32_t count = 0;

	while (count <= info->max_entries &&
	       !bpf_map_get_next_key(fd, count ? keys[count & 1] : NULL, keys[(count + 1) & 1]))
		count++;
	return count;
}

static void fill_of(int fd, const char *name, struct kernel_map_fill *ret)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	memset(ret, 0, sizeof(*ret));
	ret->name = name;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	ret->max_entries = info.max_entries;
	ret->counted = can_be_counted(&info);
	ret->entries = ret->counted ? count_entries(fd, &info) : 0;
	ret->memory_bytes = map_memory(fd);
}

/* Of the policy that rules, and what the one before it, or the one that comes, takes beside it. */
static void fill_of_table(const struct kernel *kernel, enum kernel_map table, struct kernel_map_fill *ret)
{
	uint32_t slot = handle_slot(kernel);
	int fd = handle_slot_fd(kernel, table, slot), idle_fd = handle_slot_fd(kernel, table, !slot);

	fill_of(fd, map_shapes[table].name, ret);
	ret->sized_to_policy = true;
	if (table == MAP_addrs) {
		ret->max_entries *= EGRET_BUCKET_PLACES;
		ret->entries = kernel->config->places_used[slot];
		ret->counted = true;
	}
	if (idle_fd >= 0) {
		ret->memory_bytes += map_memory(idle_fd);
		close(idle_fd);
	}
	if (fd >= 0)
		close(fd);
}

size_t kernel_map_fill(const struct kernel *kernel, struct kernel_map_fill ret[static KERNEL_MAP_FILLS])
{
	size_t count = 0;

	_Static_assert(MAP_COUNT <= KERNEL_MAP_FILLS, "KERNEL_MAP_FILLS is too small");
	for (int i = 0; i < MAP_COUNT; i++, count++) {
		if (map_is_table(i))
			fill_of_table(kernel, i, &ret[count]);
		else
			fill_of(kernel->maps[i], map_shapes[i].name, &ret[count]);
	}
	return count;
}
