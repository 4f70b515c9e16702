// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "programs.h"

void programs_share_maps(struct bpf_object *object, const char *instance)
{
	struct bpf_map *map;
	char path[256];

	bpf_object__for_each_map(map, object)
	{
		snprintf(path, sizeof(path), "/sys/fs/bpf/egret/%s/map_%s", instance, bpf_map__name(map));
		if (!access(path, F_OK)) /* others are each object's own */
			bpf_map__set_pin_path(map, path);
	}
}

void programs_share_keys(const struct kernel *kernel, void *keys)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta)) {
		fprintf(stderr, "the instance has no meta\n");
		exit(1);
	}
	memcpy(keys, meta.hash_keys, sizeof(meta.hash_keys));
}
