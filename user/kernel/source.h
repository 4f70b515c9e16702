/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The layer source (egret_family.h): programs traced in the kernel's own functions, pinned as source_LABEL, and the
 * hooks of the cgroup that stand beside them (hook.h). They are put there when the agent's policy rules, stay without
 * an agent, and no start of an agent depends on them.
 */
#ifndef EGRET_KERNEL_SOURCE_H
#define EGRET_KERNEL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/error.h"
#include "egret_family.h"

struct kernel;

/* --- by the owner of a loaded instance --- */

/* Puts the traced programs there, over this instance's maps; what stood of an agent before runs until they do. Of what
 * this kernel has no place for, kernel_source_lacks says why. @cgroup_fd: the governed one. */
void kernel_source_attach(struct kernel *kernel, int cgroup_fd);
void kernel_source_detach(struct kernel *kernel);
/* NULL: its program is attached, or it was not tried. */
const char *kernel_source_lacks(const struct kernel *kernel, enum egret_source source);

enum source_outcome {
	SOURCE_NOT_TRIED = 0, /* `why` */
	SOURCE_REFUSED,
	SOURCE_LET_PASS,
};

struct source_proof {
	enum source_outcome outcome[EGRET_SOURCE_COUNT];
	char why[EGRET_SOURCE_COUNT][96];
};

/*
 * Promise 12, of a layer that enforces: each program is tried so that no other one can have refused: those that are
 * traced by a process of a pod with a socket of the host's, the hook of setsockopt the other way round. What was
 * possible without it must not be with it. The test is not accounted for. Negative errno: nothing could be tried.
 */
int kernel_source_prove(struct kernel *kernel, int cgroup_fd, struct source_proof *ret, struct error *error);

/* --- by everybody --- */

struct kernel_source {
	bool attached;
	/* How often the kernel skipped it, since another process on its CPU was within it (5.12). */
	uint64_t missed;
};

/* Of a traced program. */
void kernel_source_get(const struct kernel *kernel, enum egret_source source, struct kernel_source *ret);

#endif
