// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "instance_carry.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../compile/compile.h"
#include "egret_reasons.h"
#include "pins.h"
#include "read_before.h"
#include "tick.h"
#include "write_teach.h"

#include "egret.skel.h"

/* libbpf takes what is pinned where it would pin a new map. */
int carry_sockets(struct kernel *kernel)
{
	char path[PIN_PATH_SIZE];

	if (!kernel->before)
		return 0;
	pin_path(path, kernel->instance, "next", map_shapes[MAP_sockets_before].name);
	return bpf_obj_pin(before_sockets(kernel->before), path) ? -errno : 0;
}

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

struct carrying {
	struct kernel *kernel;
	uint64_t now_tick;
	uint64_t node_netns;
};

static int carry_to(const struct carrying *carrying, const struct before_taught *before, const char *name,
		    uint64_t scope, uint64_t owner)
{
	struct egret_taught taught = {
	    .addr = before->addr, .scope = scope, .owner = owner, .ttl_sec = before->left_sec};

	return teach(carrying->kernel, name, &taught);
}

/* The pod that a cgroup belongs to; 0 = none, or the cgroup is gone. */
static uint64_t pod_of(const struct kernel *kernel, uint64_t cgroup_id)
{
	struct egret_subject subject;

	return bpf_map_lookup_elem(kernel->maps[MAP_subjects], &cgroup_id, &subject) ? 0 : subject.pod;
}

/*
 * What was learned served a network namespace; of a pod it serves the pod now. What others in the node's network
 * namespace learned, too, serves those also, for nobody knows who they were.
 */
static int carry_one(void *context, const struct before_taught *taught)
{
	const struct carrying *carrying = context;
	uint64_t pod = pod_of(carrying->kernel, taught->subject);
	struct egret_asked asked;
	int rc = 0;

	if (before_get_asked(carrying->kernel->before, taught->name, &asked))
		return 0; /* its text is forgotten */
	if (pod)
		rc = carry_to(carrying, taught, asked.name, EGRET_SCOPE_POD | pod, pod);
	if (!rc && (!pod || (taught->shared && taught->scope == carrying->node_netns)))
		rc = carry_to(carrying, taught, asked.name, taught->scope, taught->subject);
	return rc;
}

int carry_taught(struct kernel *kernel)
{
	struct carrying carrying = {kernel, kernel_tick_now(), kernel->skeleton->rodata->node_netns};

	if (!kernel->before)
		return 0;
	return before_each_taught(kernel->before, carrying.now_tick, carry_one, &carrying);
}
