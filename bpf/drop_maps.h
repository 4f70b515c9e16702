/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of what was denied (include/egret_drops.h), and of whose it was. For people only: no verdict reads them. */
#ifndef EGRET_BPF_DROP_MAPS_H
#define EGRET_BPF_DROP_MAPS_H

#include "egret_abi.h"

/* A value with a lock lives in no LRU map: drops.h makes room itself. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_DROPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct egret_drop_place);
	__type(value, struct egret_drop_row);
} drops SEC(".maps");

/* Key: owner. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_CULPRITS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct egret_culprit);
} culprits SEC(".maps");

/* What may not begin (refusal.h): the address is zero, the port as egret_family.h says. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_REFUSALS);
	__type(key, struct egret_drop_key);
	__type(value, struct egret_drop);
} refusals SEC(".maps");

/* Key: a hash of the row's key. Programs do not look there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_COMPLETIONS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct egret_completion);
} completions SEC(".maps");

/* Key: owner. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_STRANGERS);
	__type(key, __u64);
	__type(value, struct egret_stranger);
} strangers SEC(".maps");

/* Their owners, about in the order in which they were denied something last. BPF_MAP_TYPE_QUEUE: 4.20. Twice as many:
 * `drops --clear` takes culprits away and leaves this. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2 * EGRET_MAX_CULPRITS);
	__type(value, __u64);
} culprit_order SEC(".maps");

/* Key: cgroup id. For people only. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_SUBJECT_NAMES);
	__type(key, __u64);
	__type(value, struct egret_subject_name);
} subject_names SEC(".maps");

/* For people only. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_POD_NAMES);
	__type(key, struct egret_pod_uid);
	__type(value, struct egret_pod_name);
} pod_names SEC(".maps");

/* struct egret_denied. What finds no room is found by the agent in `drops`, a little later. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EGRET_DENIED_BYTES);
} denied SEC(".maps");

#endif
