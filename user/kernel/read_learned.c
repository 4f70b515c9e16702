// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What DNS answers taught. */
#include <errno.h>

#include <bpf/bpf.h>

#include "../base/text.h"
#include "handle.h"
#include "name_key.h"
#include "tick.h"

int64_t kernel_seconds_until(uint64_t tick)
{
	return (int64_t)(tick - kernel_tick_now()) / (int64_t)tick_hz();
}

int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_asked], &key, ret))
		return -errno;
	text_make_printable(ret->name, sizeof(ret->name));
	return 0;
}

uint64_t kernel_name_key(const struct kernel *kernel, const char *text)
{
	struct egret_meta meta;

	return kernel_get_meta(kernel, &meta) ? 0 : name_key(text, meta.hash_keys);
}
