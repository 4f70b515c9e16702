/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map that is pinned; who writes to each is in egret_abi.h (EGRET_MAPS). Three more, two in message.h and one in
 * cgroup_life.h, hold what is known of a message or a path while it is read, and nothing beyond. Sizes are of the
 * kernel side; the agent sizes the inner maps of the policy tables to each policy.
 */
#ifndef EGRET_BPF_MAPS_H
#define EGRET_BPF_MAPS_H

#include "kernel_words.h"

#include <bpf/bpf_helpers.h>

#include "drop_maps.h"
#include "egret_abi.h"
#include "egret_before.h"
#include "egret_config.h"
#include "egret_device.h"
#include "egret_dns.h"
#include "egret_drops.h"
#include "egret_family.h"
#include "egret_limits.h"
#include "egret_memory.h"
#include "egret_people.h"
#include "egret_policy.h"
#include "egret_reasons.h"
#include "egret_subject.h"

/* Drawn by the loader when an instance is made, so that nobody can choose addresses that
 * crowd a bucket, or peers that verify when they are mixed. Odd: each word counts in full. */
const volatile __u64 hash_keys[6] = {1, 1, 1, 1, 1, 1};

/* Set by the loader from the resolution of CLOCK_MONOTONIC_COARSE, which is one tick. */
const volatile __u32 ticks_per_sec = 250;

/* --- policy tables: two slots, slot = generation & 1 --- */

#define TABLE_IN_SLOTS(inner)                                                                                          \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                                              \
		__uint(max_entries, EGRET_POLICY_SLOTS);                                                               \
		__type(key, __u32);                                                                                    \
		__array(values, inner);                                                                                \
	}

/* BPF_F_INNER_MAP (5.10) lets inner arrays differ in size. Sizes and not types:
 * clang writes only forward declarations for what an inner map points to. */
struct inner_addrs {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE); /* 5.5; filled without a system call each */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct egret_bucket));
};

struct inner_cidrs {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct egret_cidr_key));
	__uint(value_size, sizeof(struct egret_target));
};

struct inner_ports {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct egret_port));
};

struct inner_rules {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct egret_rule));
};

struct inner_texts {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct egret_rule_text));
};

TABLE_IN_SLOTS(struct inner_addrs) addrs SEC(".maps");

TABLE_IN_SLOTS(struct inner_cidrs) cidrs SEC(".maps");

TABLE_IN_SLOTS(struct inner_ports) ports SEC(".maps");

/* Index: rule id - EGRET_RULE_FIRST. */
TABLE_IN_SLOTS(struct inner_rules) rules SEC(".maps");

/* Index: rule id - EGRET_RULE_FIRST. No program reads them: they let people see
 * the policy when no agent runs. */
TABLE_IN_SLOTS(struct inner_texts) texts SEC(".maps");

/* Key: of an exact name or a pattern. What the rules say of it, for addresses that are learned. */
struct inner_lists {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(struct egret_target));
};

TABLE_IN_SLOTS(struct inner_lists) lists SEC(".maps");

/* Key: of the path of a named cgroup. The first audience of its node. Preallocated: cgroup_life.h. */
struct inner_paths {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(__u32));
};

TABLE_IN_SLOTS(struct inner_paths) paths SEC(".maps");

/* Index: audience. */
struct inner_sets {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct egret_audience));
};

TABLE_IN_SLOTS(struct inner_sets) sets SEC(".maps");

/* No program reads them, as of texts. */
struct inner_resolved {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct egret_resolved_key));
	__uint(value_size, sizeof(struct egret_resolved));
};

TABLE_IN_SLOTS(struct inner_resolved) resolved SEC(".maps");

/* --- from the agent, one for all policies --- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE); /* 5.5; the agent stores single words */
	__type(key, __u32);
	__type(value, struct egret_config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct egret_meta);
} meta SEC(".maps");

/* Index: rule id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EGRET_RULE_FIRST + EGRET_MAX_RULES);
	__type(key, __u32);
	__type(value, struct egret_hit);
} hits SEC(".maps");

/* Key: cgroup id. The audience of every subject. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_SUBJECTS);
	__type(key, __u64);
	__type(value, struct egret_member);
} audiences SEC(".maps");

/* Key: cgroup id. Every cgroup of the machine (cgroup_life.h). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_SUBJECTS);
	__type(key, __u64);
	__type(value, struct egret_subject);
} subjects SEC(".maps");

/* How many cgroups were made that have no subject until the agent looks for them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} late SEC(".maps");

/* Key: egret_dest.name. For people only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_NAMES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct egret_name);
} names SEC(".maps");

/* --- from the programs --- */

/* BPF_F_CLONE (5.4): a socket that a listener makes starts with the listener's
 * state, and so can tell that it came in. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct egret_sock);
} sockets SEC(".maps");

/* Of sockets that another version's programs stamped (before.h): its own map where an instance was taken over, else an
 * empty one. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct egret_before_sock);
} sockets_before SEC(".maps");

/* Peers that gave way in their socket. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_FLOW_SETS);
	__type(key, struct egret_place);
	__type(value, struct egret_flows);
} flows SEC(".maps");

/* Those of them that spoke first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_ARRIVAL_SETS);
	__type(key, struct egret_place);
	__type(value, struct egret_flows);
} arrivals SEC(".maps");

/* Index: rule id, builtin ones included. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EGRET_RULE_FIRST + EGRET_MAX_RULES);
	__type(key, __u32);
	__type(value, struct egret_counter);
} counters SEC(".maps");

/* Index: enum egret_reason, and EGRET_REASONS_AUDITED more of what would be denied. Exact, whatever `drops` had to
 * forget. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * EGRET_REASONS_AUDITED);
	__type(key, __u32);
	__type(value, struct egret_counter);
} reasons SEC(".maps");

/* Key: socket cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_EXISTING);
	__type(key, __u64);
	__type(value, struct egret_existing);
} existing SEC(".maps");

/* Only sockets that ask have one. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct egret_queries);
} queries SEC(".maps");

/* Of sockets that ask much at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_CROWDS);
	__type(key, struct egret_place);
	__type(value, struct egret_crowd);
} crowds SEC(".maps");

/* Only sockets that ask by TCP have one. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct egret_stream);
} streams SEC(".maps");

/* Only while octets of a socket's stream are kept. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct egret_window);
} windows SEC(".maps");

/* struct egret_wanted. BPF_MAP_TYPE_RINGBUF: 5.8. What finds no room is not asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EGRET_WANTED_BYTES);
} wanted SEC(".maps");

/* What answers taught (learned.h), and whose it is (share.h). None is preallocated: they grow with what is learned. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_LEARNED);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct egret_learned_key);
	__type(value, struct egret_learned);
} learned SEC(".maps");

/* Key: of a name. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_KNOWN);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct egret_known);
} known SEC(".maps");

/* Key: an owner. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_SHARES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct egret_share);
} shares SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_CHUNKS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct egret_chunk_key);
	__type(value, struct egret_chunk);
} chunks SEC(".maps");

/* Index: enum egret_fill. How many entries there are. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EGRET_FILLS);
	__type(key, __u32);
	__type(value, __u32);
} fill SEC(".maps");

/* Owners of more than their share, and owners that are gone: who gives room when there is none. BPF_MAP_TYPE_QUEUE:
 * 4.20. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, EGRET_MAX_SHARES);
	__type(value, __u64);
} spare SEC(".maps");

/* All owners: whose share is looked through next for what ended. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, EGRET_MAX_SHARES);
	__type(value, __u64);
} turns SEC(".maps");

/* Key: of a name. For people only. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_ASKED);
	__type(key, __u64);
	__type(value, struct egret_asked);
} asked SEC(".maps");

/* Key: an owner. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_ASKED_RINGS);
	__type(key, __u64);
	__type(value, struct egret_asked_ring);
} asked_rings SEC(".maps");

/* Index: enum egret_lesson_kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EGRET_LESSON_COUNT);
	__type(key, __u32);
	__type(value, struct egret_counter);
} lessons SEC(".maps");

/* Moves with everything that is learned: denials are judged again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} epoch SEC(".maps");

/* --- devices (egret_device.h) --- */

/* Key: ifindex. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_DEVICES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct egret_device);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_OVERLAYS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct egret_overlay);
	__type(value, __u32);
} overlays SEC(".maps");

/* Key: ifindex. Who sends by it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EGRET_MAX_DEVICES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct egret_sender);
} device_owners SEC(".maps");

/* Key: the source of what they send. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_SENDERS);
	__type(key, struct egret_addr);
	__type(value, struct egret_sender);
} senders SEC(".maps");

/* Index: EGRET_LOOK_INDEX. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EGRET_LAYER_COUNT *EGRET_LOOKS_OF_LAYER);
	__type(key, __u32);
	__type(value, struct egret_counter);
} looks SEC(".maps");

#endif
