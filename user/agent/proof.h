/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Promise 12, from the agent's side: with which address it is proved that the instance governs. */
#ifndef EGRET_PROOF_H
#define EGRET_PROOF_H

#include "../kernel/kernel.h"
#include "egret_device.h"
#include "progress.h"

/* Of a layer: the policy allows whatever it could be tried with. */
#define PROOF_IMPOSSIBLE 1

/* -EIO: a socket in the governed cgroup was not refused what no rule of @compiled allows. */
int proof_make(struct kernel *kernel, const struct compiled *compiled, int governed_fd, struct progress *progress,
	       struct error *error);
/* The same of what a layer looks at: negative errno, or PROOF_IMPOSSIBLE. */
int proof_make_layer(struct kernel *kernel, const struct compiled *compiled, int governed_fd, enum egret_layer layer,
		     struct error *error);

#endif
