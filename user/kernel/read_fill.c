// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How full the maps are. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"

#define MAX_KEY_SIZE 64

/* The kernel's struct bpf_local_storage, which each socket with a value has, and what is in front of each value (struct
 * bpf_local_storage_elem and _data): include/linux/bpf_local_storage.h. */
#define STORAGE_HEAD_SIZE  176
#define STORAGE_VALUE_HEAD 72

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
		if (map_is_table(i) && kernel->view) /* it has no descriptor of some, and need not count the others */
			fill_of(-1, map_shapes[i].name, &ret[count]);
		else if (map_is_table(i))
			fill_of_table(kernel, i, &ret[count]);
		else
			fill_of(kernel->maps[i], map_shapes[i].name, &ret[count]);
	}
	return count;
}

/* What the kernel's allocator takes for @size octets (kmalloc_size_roundup). */
static uint32_t allocated_size(uint32_t size)
{
	uint32_t room = 32;

	while (room < size)
		room *= 2;
	/* It has 96 and 192 besides the powers of two. */
	return size <= room / 4 * 3 && room <= 256 ? room / 4 * 3 : room;
}

void kernel_socket_memory(const struct kernel *kernel, struct kernel_socket_memory *ret)
{
	static const enum kernel_map carried[] = {MAP_sockets, MAP_queries, MAP_streams};
	static const enum kernel_map shared[] = {MAP_flows, MAP_arrivals, MAP_crowds};

	*ret = (struct kernel_socket_memory){.each_bytes = allocated_size(STORAGE_HEAD_SIZE)};
	for (size_t i = 0; i < sizeof(carried) / sizeof(*carried); i++)
		ret->each_bytes += allocated_size(STORAGE_VALUE_HEAD + map_shapes[carried[i]].value_size);
	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		ret->shared_bytes += map_memory(kernel->maps[shared[i]]);
}
