// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "egret_policy.h"

#define SHAPE(map, kind, writer, key, value, other) {#map, MAP_IS_##kind, sizeof(key), sizeof(value)},
const struct map_shape map_shapes[MAP_COUNT] = {EGRET_MAPS(SHAPE)};
#undef SHAPE

static bool has_sizes(int fd, uint32_t key_size, uint32_t value_size)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.key_size == key_size && info.value_size == value_size;
}

/* A slot may still be empty. */
static bool table_fits(int outer_fd, enum kernel_map map)
{
	if (!has_sizes(outer_fd, sizeof(uint32_t), sizeof(uint32_t)))
		return false;
	for (uint32_t slot = 0; slot < EGRET_POLICY_SLOTS; slot++) {
		uint32_t id;
		bool fits;
		int fd;

		if (bpf_map_lookup_elem(outer_fd, &slot, &id))
			continue;
		fd = bpf_map_get_fd_by_id(id);
		if (fd < 0)
			continue;
		fits = has_sizes(fd, map_shapes[map].key_size, map_shapes[map].value_size);
		close(fd);
		if (!fits)
			return false;
	}
	return true;
}

bool map_fits(int fd, enum kernel_map map)
{
	return map_is_table(map) ? table_fits(fd, map)
				 : has_sizes(fd, map_shapes[map].key_size, map_shapes[map].value_size);
}

/* BPF_MAP_UPDATE_BATCH: 5.6 for hashes and arrays. */
int map_write_batch(int fd, const void *keys, const void *values, size_t count)
{
	__u32 done = count;

	if (!count)
		return 0;
	if (bpf_map_update_batch(fd, keys, values, &done, NULL))
		return -errno;
	return 0;
}

int map_sum_over_cpus(int fd, uint32_t index, struct egret_counter *ret)
{
	int cpus = libbpf_num_possible_cpus();
	struct egret_counter *values, sum = {};

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &index, values)) {
		free(values);
		return -errno;
	}
	for (int i = 0; i < cpus; i++) {
		sum.packets += values[i].packets;
		sum.bytes += values[i].bytes;
	}
	free(values);
	*ret = sum;
	return 0;
}

int map_each_entry(int fd, size_t bound, void *keys[2], int (*visit)(void *context, const void *key), void *context)
{
	void *previous = NULL;
	int rc = 0;

	for (size_t i = 0; i < bound && !rc; i++) {
		void *key = keys[i & 1];

		if (bpf_map_get_next_key(fd, previous, key))
			return errno == ENOENT ? 0 : -errno;
		rc = visit(context, key);
		previous = key;
	}
	return rc;
}
