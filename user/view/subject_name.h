/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A cgroup as people know it. */
#ifndef EGRET_SUBJECT_NAME_H
#define EGRET_SUBJECT_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "../kernel/kernel.h"

/* "pod default/web container 0123abcd" where the node knows it, else the cgroup's path, or where it
 * was. @parent_id: asked where the cgroup is gone; 0 = none. */
void subject_name(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id, char *buf, size_t size);

#endif
