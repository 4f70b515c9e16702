/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Promise 12, from the agent's side: with which address it is proved that the instance governs. */
#ifndef EGRET_PROOF_H
#define EGRET_PROOF_H

#include "../kernel/kernel.h"
#include "progress.h"

/* -EIO: a socket in the governed cgroup was not refused what no rule of @compiled allows. */
int proof_make(struct kernel *kernel, const struct compiled *compiled, int governed_fd, struct progress *progress,
	       struct error *error);

#endif
