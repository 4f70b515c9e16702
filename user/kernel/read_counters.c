// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was counted. */
#include <errno.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "egret_reasons.h"

int kernel_get_counter(const struct kernel *kernel, uint32_t rule, struct egret_counter *ret)
{
	return map_sum_over_cpus(kernel->maps[MAP_counters], rule, ret);
}

int kernel_get_reason(const struct kernel *kernel, uint32_t reason, bool audited, struct egret_counter *ret)
{
	return map_sum_over_cpus(kernel->maps[MAP_reasons], audited ? EGRET_REASONS_AUDITED + reason : reason, ret);
}

int kernel_get_hit(const struct kernel *kernel, uint32_t rule, struct egret_hit *ret)
{
	return bpf_map_lookup_elem(kernel->maps[MAP_hits], &rule, ret) ? -errno : 0;
}

int kernel_get_lesson(const struct kernel *kernel, uint32_t kind, struct egret_counter *ret)
{
	return map_sum_over_cpus(kernel->maps[MAP_lessons], kind, ret);
}
