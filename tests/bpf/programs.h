/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program's own objects once more, over an instance's maps, so that a test may set
 * what only tests set. */
#ifndef EGRET_TESTS_PROGRAMS_H
#define EGRET_TESTS_PROGRAMS_H

#include <bpf/libbpf.h>

#include "kernel/read.h"

/* The maps of @object become those that @instance has pinned. Before it is loaded. */
void programs_share_maps(struct bpf_object *object, const char *instance);
/* @keys: hash_keys of the read-only data. */
void programs_share_keys(const struct kernel *kernel, void *keys);

#endif
