// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What DNS answers taught. */
#include <errno.h>

#include <bpf/bpf.h>

#include "../base/text.h"
#include "handle.h"
#include "name_key.h"
#include "tick.h"

int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_asked], &key, ret))
		return -errno;
	text_make_printable(ret->name, sizeof(ret->name));
	return 0;
}
