/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whom rules can tell apart on this node: as part of `status`. */
#ifndef EGRET_VIEW_SUBJECTS_H
#define EGRET_VIEW_SUBJECTS_H

#include <jansson.h>

#include "../kernel/read.h"

/*
 * "kubepods": the cgroups below which pods are. "kubelets": where kubelets run. Both below @governed, the path of the
 * governed cgroup ("" = it is gone). "late_total": cgroups that began, and of which the kernel could not tell whose
 * they are until the agent looked.
 */
json_t *view_subjects(const struct kernel *kernel, const char *governed);

/* What is wrong with them; NULL: nothing. A sentence for the caller's @text. */
const char *view_subjects_problem(const json_t *subjects, char *text, size_t size);

#endif
