/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What may not begin (the layer source): whom it concerns, and how it is counted. Of two kinds of programs: those of
 * the cgroup's hooks, and those that are traced (source.bpf.c), which may take no lock: so these rows have a map of
 * their own, whose values change by single words. Any of these programs may be preempted, so nothing here is a CPU's.
 *
 * The layer concerns pods, and who is governed and not known: until that is told, he may be one. The host's own is the
 * uplink's business.
 */
#ifndef EGRET_BPF_REFUSAL_H
#define EGRET_BPF_REFUSAL_H

#include "maps.h"
#include "policy.h"
#include "subject.h"

static const __u8 refusal_no_path[sizeof(struct egret_subject_name)];

/* Of a cgroup that is governed. */
static __always_inline bool refusal_is_of_pod(__u64 cgroup_id, const struct ruling *ruling)
{
	__u32 audience = EGRET_AUDIENCE_UNKNOWN;

	audience_find(cgroup_id, false, ruling, &audience);
	return !audience || egret_audience_kind(audience) != EGRET_KIND_HOST;
}

/* Is anything refused, or would be? Generation 0: no policy rules, or the instance was detached. */
static __always_inline bool refusal_is_on(const struct ruling *ruling)
{
	return ruling->generation && ruling->settings->layers != EGRET_LAYERS_OFF;
}

static __always_inline void refusal_add(void *map, __u32 index)
{
	struct egret_counter *counter = bpf_map_lookup_elem(map, &index);

	if (counter)
		__sync_fetch_and_add(&counter->packets, 1);
}

/* For people who ask later whose cgroup it was, as drops_name() of drops.h. */
static __always_inline void refusal_name(__u64 cgroup_id, __u64 owner)
{
	struct egret_denied told = {.cgroup_id = cgroup_id, .owner = owner};

	if (!bpf_map_update_elem(&subject_names, &cgroup_id, refusal_no_path, BPF_NOEXIST))
		bpf_ringbuf_output(&denied, &told, sizeof(told), 0); /* 5.8 */
}

/* The row is new. */
static __always_inline void refusal_begin(const struct egret_drop_key *key, const struct ruling *ruling)
{
	struct egret_subject *subject = bpf_map_lookup_elem(&subjects, &key->cgroup_id);
	struct egret_drop drop = {.generation = ruling->generation};
	__u64 owner = key->cgroup_id;

	if (subject) {
		drop.parent_cgroup_id = subject->parent;
		if (subject->pod)
			owner = subject->pod;
	}
	audience_find(key->cgroup_id, false, ruling, &drop.audience);
	drop.first_ns = drop.last_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&refusals, key, &drop, BPF_NOEXIST);
	refusal_name(key->cgroup_id, owner);
}

/* The process under way. bpf_get_current_comm: not in 5.10 for cgroup/setsockopt. */
static __always_inline void refusal_caller(struct egret_drop *drop)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();

	bpf_probe_read_kernel(&drop->pid, sizeof(drop->pid), &task->tgid);
	bpf_probe_read_kernel(drop->comm, sizeof(drop->comm), &task->comm);
}

/* One more of a row that stands. A row that made room this very moment may count it for another's. */
static __always_inline void refusal_count(struct egret_drop *drop, const struct ruling *ruling)
{
	__sync_fetch_and_add(&drop->packets, 1);
	drop->generation = ruling->generation;
	drop->last_ns = bpf_ktime_get_ns();
	refusal_caller(drop);
}

/* Is a pod only audited, whether or not it is in the node's network namespace? Which it is, is not asked here. */
static __always_inline __u32 refusal_audits(__u32 audience, __u32 slot)
{
	bool is_pod = audience && egret_audience_kind(audience) == EGRET_KIND_POD;

	if (!policy_audits(audience, slot))
		return 0;
	return !is_pod || policy_audits(audience + EGRET_KIND_HOSTNETWORK - EGRET_KIND_POD, slot);
}

/* Is the subject of this cgroup only audited? As subject_is_audited, where there may be no socket yet. */
static __always_inline __u32 refusal_is_audited(const struct ruling *ruling, __u64 cgroup_id)
{
	__u32 audience = EGRET_AUDIENCE_UNKNOWN;

	if (cgroup_id == ruling->cfg->unaccounted_cgroup)
		return ruling->settings->audit & 1;
	audience_find(cgroup_id, false, ruling, &audience);
	return refusal_audits(audience, ruling->slot);
}

/* @number: as egret_family.h says. True: it is refused. False: it goes on, for this policy only audits. */
static __noinline int refusal_finish(const struct ruling *ruling, __u64 cgroup_id, __u32 reason, __u32 number)
{
	struct egret_drop_key key = {.cgroup_id = cgroup_id, .port = number, .reason = reason};
	struct egret_drop *drop;
	__u32 audit;

	if (!ruling)
		return 0;
	audit = refusal_is_audited(ruling, cgroup_id) | (ruling->settings->layers != EGRET_LAYERS_ENFORCE);
	if (ruling->cfg->unaccounted_cgroup == EGRET_UNACCOUNTED_ALL || ruling->cfg->unaccounted_cgroup == cgroup_id)
		return !audit;
	refusal_add(&reasons, reason + audit * EGRET_REASONS_AUDITED);
	if (audit)
		refusal_add(&counters, EGRET_RULE_AUDITED);
	key.audited = audit;
	drop = bpf_map_lookup_elem(&refusals, &key);
	if (!drop) {
		refusal_begin(&key, ruling);
		drop = bpf_map_lookup_elem(&refusals, &key);
	}
	if (drop)
		refusal_count(drop, ruling);
	return !audit;
}

#endif
