/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How deep a cgroup lies, as bpf_skb_ancestor_cgroup_id counts: the root of the hierarchy is 0, also where a cgroup
 * namespace hides it. Private to kernel/. */
#ifndef EGRET_KERNEL_CGROUP_DEPTH_H
#define EGRET_KERNEL_CGROUP_DEPTH_H

#include <stdint.h>

/* @ret_id: the cgroup's own. Returns the depth, or negative errno. */
int cgroup_depth(int cgroup_fd, uint64_t *ret_id);

#endif
