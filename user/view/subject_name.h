/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A cgroup as people know it. */
#ifndef EGRET_SUBJECT_NAME_H
#define EGRET_SUBJECT_NAME_H

#include <jansson.h>
#include <stdint.h>

#include "../kernel/read.h"

/*
 * Sets "subject", "pod default/web container 0123abcd" where the node knows it, else the cgroup's path, or
 * where it was; null where nobody noted that and the cgroup is gone. And "cgroup_id". @parent_id: asked
 * where the cgroup is gone; 0 = none.
 */
void json_set_subject(json_t *row, const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id);

#endif
