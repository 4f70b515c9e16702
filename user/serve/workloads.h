/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much was denied to each workload, as counters that never go back. The rows of the kernel do: they make room for
 * newer ones, and people clear them. So what they grew by since the last look is added here. The first WORKLOADS_MAX
 * workloads have counters of their own; what others are denied is the workload "other".
 */
#ifndef EGRET_SERVE_WORKLOADS_H
#define EGRET_SERVE_WORKLOADS_H

#include "../kernel/read.h"
#include "series.h"

#define WORKLOADS_MAX 100

struct workloads;
struct workloads *workloads_new(void);            /* NULL: out of memory */
void workloads_free(struct workloads *workloads); /* takes NULL */
/* -errno: the rows cannot be read. */
int workloads_look(struct workloads *workloads, const struct kernel *kernel);
/* Two families, of what was denied and of what would be. */
void workloads_write(const struct workloads *workloads, struct series *series);

#endif
