// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What all maps take together when nothing more can be learned: most grow with what they
 * hold, so the figure of a fresh instance says little. The policy is a small one. What
 * sockets carry (sk_storage) goes with them, and is not in it.
 */
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "policies.h"
#include "report.h"
#include "egret_limits.h"

#define INSTANCE "memory"
#define PATTERNS 10
/* For a node with 250 pods. */
#define REST_BAR_MIB 20
#define FULL_BAR_MIB 80

static double mebibytes(const struct kernel *kernel)
{
	struct kernel_map_fill fills[KERNEL_MAP_FILLS];
	size_t count = kernel_map_fill(kernel, fills);
	double ret = 0;

	for (size_t i = 0; i < count; i++)
		ret += (double)fills[i].memory_bytes / (1 << 20);
	return ret;
}

static int map_open(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/fs/bpf/egret/" INSTANCE "/map_%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		die(path);
	return fd;
}

static void fill(void)
{
	int learned = map_open("learned"), known = map_open("known"), chunks = map_open("chunks");
	static const struct egret_chunk no_keys;

	for (uint32_t i = 0; i < EGRET_MAX_LEARNED; i++) {
		struct egret_learned_key key = {.addr = addr_from_v4(POLICY_TAUGHT + i)};
		struct egret_learned value = {};

		if (bpf_map_update_elem(learned, &key, &value, BPF_NOEXIST))
			die("a map is full too early");
	}
	for (uint64_t name = 1; name <= EGRET_MAX_KNOWN; name++) {
		struct egret_known value = {};

		if (bpf_map_update_elem(known, &name, &value, BPF_NOEXIST))
			die("a map is full too early");
	}
	for (uint32_t i = 0; i < EGRET_MAX_CHUNKS; i++) {
		struct egret_chunk_key key = {.chunk = i};

		if (bpf_map_update_elem(chunks, &key, &no_keys, BPF_NOEXIST))
			die("a map is full too early");
	}
}

int main(void)
{
	struct kernel *kernel = instance_of_patterns(INSTANCE, PATTERNS);
	struct error error;

	report(&(struct row){.name = "all maps, nothing learned: kernel memory",
			     .value = mebibytes(kernel),
			     .unit = "MiB",
			     .bar = REST_BAR_MIB,
			     .steady = true});
	fill();
	report(&(struct row){.name = "all maps, nothing more can be learned: kernel memory",
			     .value = mebibytes(kernel),
			     .unit = "MiB",
			     .bar = FULL_BAR_MIB,
			     .steady = true});
	kernel_free(kernel);
	if (kernel_detach(INSTANCE, &error))
		die(error.text);
	return 0;
}
