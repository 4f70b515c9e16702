/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's part in who sends. Programs make a subject of each cgroup that begins, and tell it its audience by the
 * policies of both slots (bpf/cgroup_life.h). The agent makes the subjects of what was there before, and of what no
 * program could read; and it tells all that stand their audience by a policy that is about to rule.
 */
#ifndef EGRET_SUBJECTS_H
#define EGRET_SUBJECTS_H

#include "../compile/compile.h"
#include "../kernel/kernel.h"

/* Of every cgroup of the machine that has no subject yet. After kernel_attach_subjects: then none is missed. */
int subjects_make_all(struct kernel *kernel);

/*
 * Tells every subject its audience by @compiled, which was loaded for @generation and does not rule yet. The tables are
 * in the kernel already, so programs tell those that begin meanwhile.
 */
int subjects_tell(struct kernel *kernel, const struct compiled *compiled, uint32_t generation);

/* Looks for cgroups that programs could not tell of, if there are new ones. *late_seen is the caller's, 0 at first. */
int subjects_refresh(struct kernel *kernel, const struct compiled *compiled, uint64_t *late_seen);

#endif
