// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "instance_carry.h"

#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../compile/compile.h"
#include "egret_reasons.h"
#include "read_before.h"

static void carry_count(struct kernel *kernel, uint32_t rule, struct egret_counter *per_cpu)
{
	struct egret_counter counter;
	struct egret_hit hit;

	if (before_get_counts(kernel->before, rule, &counter, &hit) || !counter.packets)
		return;
	per_cpu[0] = counter;
	bpf_map_update_elem(kernel->maps[MAP_counters], &rule, per_cpu, BPF_ANY);
	kernel_set_hit(kernel, rule, &hit);
}

void carry_rules(struct kernel *kernel)
{
	int cpus = libbpf_num_possible_cpus();
	struct egret_counter *per_cpu;
	struct rules_before rules;

	if (!kernel->before)
		return;
	kernel->config->generation = before_generation(kernel->before);
	if (cpus < 0 || before_read_rules(kernel->before, &rules))
		return;
	per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	for (uint32_t i = 0; per_cpu && i < rules.count; i++)
		if (rules.texts[i].text[0])
			carry_count(kernel, EGRET_RULE_FIRST + i, per_cpu);
	free(per_cpu);
	kernel_free_rules(&rules);
}

void carry_taught(struct kernel *kernel)
{
	(void)kernel;
}
