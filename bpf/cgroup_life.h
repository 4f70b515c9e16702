/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroups that come and go: a subject is made before a process can be in its cgroup, and removed with the cgroup,
 * whether an agent runs or not. Of the cgroups that were there before, the agent makes the subjects, after these
 * programs are attached. Both make by BPF_NOEXIST, only the end of the cgroup removes: neither can undo what the other
 * did.
 *
 * The kernel calls both tracepoints under its lock of all cgroups (TRACE_CGROUP_PATH, kernel/cgroup/cgroup-internal.h),
 * so one buffer is enough for all CPUs. Kernels before 6.1 want preallocated maps here, inner maps included.
 */
#ifndef EGRET_BPF_CGROUP_LIFE_H
#define EGRET_BPF_CGROUP_LIFE_H

#include "kernel_words.h"

#include "egret_path.h"
#include "maps.h"
#include "policy.h"

/* TRACE_CGROUP_PATH_LEN of kernel/cgroup/cgroup-internal.h: a longer path comes without its end. */
#define LIFE_PATH_SIZE 1024
/* So many octets at a time. */
#define LIFE_PATH_STEP 64
/* Of a path of that size. */
#define LIFE_MAX_PARTS (LIFE_PATH_SIZE / 2)

struct life {
	char path[LIFE_PATH_SIZE];
	struct egret_path says;
	__u64 key;                  /* of the path up to here */
	__u64 keys[LIFE_MAX_PARTS]; /* of it up to each part; [0] that of the root */
};

/* Not pinned: nothing in it outlives a call. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct life);
} lives SEC(".maps");

/* The agent has to look for a cgroup itself, and until then it is nobody that a rule allows. */
static __always_inline void life_is_late(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&late, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
}

/* While programs are replaced, old and new ones run side by side: what is there already was told by the others. */
static __always_inline void life_note(void *map, const __u64 *id, const void *value)
{
	long rc = bpf_map_update_elem(map, id, value, BPF_NOEXIST);

	if (rc && rc != -EEXIST)
		life_is_late();
}

/* Version 1 has hierarchies of its own, with their own cgroups: the default hierarchy is 0. */
static __always_inline bool life_is_v2(const struct cgroup *cgroup)
{
	struct cgroup_root *root = 0;
	int hierarchy = -1;

	bpf_probe_read_kernel(&root, sizeof(root), &cgroup->root);
	bpf_probe_read_kernel(&hierarchy, sizeof(hierarchy), &root->hierarchy_id);
	return !hierarchy;
}

/* Of the cgroup that lies @up levels above; 0 = it cannot be read. */
static __always_inline __u64 life_id(const struct cgroup *cgroup, __u32 up)
{
	const struct cgroup_subsys_state *parent = 0;
	struct kernfs_node *node = 0;
	__u64 id = 0;

	for (__u32 i = 0; i < LIFE_MAX_PARTS && i < up; i++) {
		if (bpf_probe_read_kernel(&parent, sizeof(parent), &cgroup->self.parent) || !parent ||
		    bpf_probe_read_kernel(&cgroup, sizeof(cgroup), &parent->cgroup))
			return 0;
	}
	bpf_probe_read_kernel(&node, sizeof(node), &cgroup->kn);
	bpf_probe_read_kernel(&id, sizeof(id), &node->id);
	return id;
}

/* Reads the octets from @from on; 1 = the path ended. Global: a loop over the whole path has more branches than the
 * verifier keeps in mind (8,192). What is known of the path goes through memory, or each octet would double the ways
 * to come to the next. */
__noinline int life_read_octets(__u32 from)
{
	__u32 zero = 0;
	struct life *life = bpf_map_lookup_elem(&lives, &zero);

	if (!life)
		return 1;
	for (__u32 i = 0; i < LIFE_PATH_STEP; i++) {
		__u8 octet = life->path[(from + i) & (LIFE_PATH_SIZE - 1)];

		if (!octet || octet == '/')
			life->keys[life->says.parts & (LIFE_MAX_PARTS - 1)] = egret_path_key_end(life->key);
		life->key = egret_key_octet(life->key, octet, hash_keys);
		egret_path_step(&life->says, octet);
		if (!octet)
			return 1;
		asm volatile("" ::: "memory");
	}
	return 0;
}

/* False: nobody can tell what the path says. bpf_probe_read_kernel_str: 5.5. */
static __always_inline bool life_read_path(struct life *life, const char *path)
{
	long size = bpf_probe_read_kernel_str(life->path, sizeof(life->path), path);

	if (size <= 1 || size >= LIFE_PATH_SIZE)
		return false;
	egret_path_begin(&life->says);
	life->key = egret_path_key_begin(hash_keys);
	for (__u32 from = 0; from < LIFE_PATH_SIZE; from += LIFE_PATH_STEP)
		if (life_read_octets(from))
			break;
	return true;
}

/* The audience of a host's process there, by the policy of @slot. Global: the verifier takes its loop once. */
__noinline int life_audience(__u32 slot)
{
	void *table = policy_table(&paths, slot);
	__u32 zero = 0, *found = 0;
	struct life *life = bpf_map_lookup_elem(&lives, &zero);
	__u32 parts;

	if (!table || !life)
		return EGRET_AUDIENCE_UNKNOWN;
	parts = life->says.parts;
	for (__u32 i = 0; i < LIFE_MAX_PARTS && i <= parts && !found; i++) {
		__u64 key = life->keys[(parts - i) & (LIFE_MAX_PARTS - 1)];

		found = bpf_map_lookup_elem(table, &key);
	}
	return found ? *found : EGRET_AUDIENCE_HOST;
}

/* By the policies of both slots: the one that does not rule may be about to. */
static __always_inline void life_joins(const struct life *life, __u64 id)
{
	struct egret_member member = {};
	__u64 no_path = EGRET_PATH_KEY_EPOCH;

	for (__u32 slot = 0; slot < EGRET_POLICY_SLOTS; slot++) {
		void *table = policy_table(&paths, slot);
		__u32 *made_for = table ? bpf_map_lookup_elem(table, &no_path) : 0;

		if (!made_for)
			continue;
		member.epoch[slot] = *made_for;
		member.audience[slot] = life_audience(slot);
		if (life->says.flags & EGRET_PATH_PODS)
			member.audience[slot] += EGRET_KIND_POD;
	}
	life_note(&audiences, &id, &member);
}

static __always_inline void life_begins(const struct cgroup *cgroup, const char *path)
{
	__u32 zero = 0;
	struct life *life = bpf_map_lookup_elem(&lives, &zero);
	struct egret_subject subject = {};
	__u64 id = life_id(cgroup, 0);

	if (!life || !id || !life_read_path(life, path)) {
		life_is_late();
		return;
	}
	subject.parent = life_id(cgroup, 1);
	if (life->says.flags & EGRET_PATH_PODS)
		subject.flags = EGRET_SUBJECT_POD;
	if (life->says.pod)
		subject.pod = life_id(cgroup, life->says.parts - life->says.pod);
	life_joins(life, id);
	life_note(&subjects, &id, &subject);
}

/* For people who ask later to whom something was denied: drops.h made the place. */
static __always_inline void life_leaves_path(__u64 id, const char *path)
{
	struct egret_subject_name *name = bpf_map_lookup_elem(&subject_names, &id);
	__u32 zero = 0;
	struct life *life = bpf_map_lookup_elem(&lives, &zero);

	if (!name || name->path[0] || !life || bpf_probe_read_kernel_str(life->path, sizeof(life->path), path) <= 1)
		return;
	life->path[EGRET_PATH_SIZE - 1] = 0;
	bpf_map_update_elem(&subject_names, &id, life->path, BPF_EXIST);
}

static __always_inline void life_ends(const struct cgroup *cgroup, const char *path)
{
	__u64 id = life_id(cgroup, 0);

	life_leaves_path(id, path);
	bpf_map_delete_elem(&subjects, &id);
	bpf_map_delete_elem(&audiences, &id);
}

#endif
