/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeps the kernel's table of cgroup classes in step with the cgroup tree: a
 * kubepods cgroup, or one that the policy names, may appear at any time.
 */
#ifndef EGRET_SUBJECTS_H
#define EGRET_SUBJECTS_H

#include "../compile/compile.h"
#include "../kernel/kernel.h"

struct subjects;

/* Of every cgroup of the machine that has no subject yet. */
int subjects_make_all(struct kernel *kernel);

/*
 * For a policy that is to be loaded next: tells the kernel what its cgroups are, so that they
 * are known when it begins to rule. All pointers are borrowed; @compiled only for its list
 * of cgroups, which is copied.
 */
int subjects_new(const char *governed_path, int governed_fd, const struct compiled *compiled, struct kernel *kernel,
		 struct subjects **ret);
void subjects_free(struct subjects *subjects); /* takes NULL */
/* Readable when a cgroup came or went close to the governed one. */
int subjects_fd(const struct subjects *subjects);
void subjects_refresh(struct subjects *subjects);

#endif
