/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between bpf/ and user/ as a whole: its number, and what must not change without it.
 *
 * Byte order: addresses are in network order; ports are in host order unless
 * the name ends in _be. Padding is explicit and zero: the kernel compares
 * keys byte by byte.
 */
#ifndef EGRET_INCLUDE_ABI_H
#define EGRET_INCLUDE_ABI_H

#include "egret_addr.h"
#include "egret_before.h"
#include "egret_config.h"
#include "egret_device.h"
#include "egret_dns.h"
#include "egret_drops.h"
#include "egret_family.h"
#include "egret_memory.h"
#include "egret_people.h"
#include "egret_policy.h"
#include "egret_subject.h"

/* Raised whenever a key, a value or a map changes its form or its meaning. Of the form tests/house keeps a hash, and
 * says what to write here when it changes. */
#define EGRET_ABI_VERSION 6
#define EGRET_ABI_LAYOUT  UINT64_C(0x6b504c95a21c290b)

/* Of a ring buffer, which has neither keys nor values, and of a queue, which has no keys. */
struct egret_nothing {
};

/*
 * Every map that is pinned: what it is, who writes to it, what it holds, and, where both the agent and the programs
 * write, what the second does. tests/house holds the writers: the kernel's verifier is asked what programs write to,
 * and user/ is searched for what the agent does. The order means nothing.
 *
 * X(map, kind, writer, key, value, what the other one does)
 * TABLE: of a policy. The pinned map holds one for each slot, and key and value are those of the inner map. PLAIN: one
 * for all policies.
 */
#define EGRET_MAPS(X)                                                                                                  \
	X(addrs, TABLE, AGENT, __u32, struct egret_bucket, "")                                                         \
	X(cidrs, TABLE, AGENT, struct egret_cidr_key, struct egret_target, "")                                         \
	X(ports, TABLE, AGENT, __u32, struct egret_port, "")                                                           \
	X(rules, TABLE, AGENT, __u32, struct egret_rule, "")                                                           \
	X(texts, TABLE, AGENT, __u32, struct egret_rule_text, "")                                                      \
	X(lists, TABLE, BOTH, __u64, struct egret_target,                                                              \
	  "programs add what a pattern of many labels says, for each name that they meet below it, and remove that")   \
	X(config, PLAIN, BOTH, __u32, struct egret_config, "programs add to `denials`, and to nothing else")           \
	X(meta, PLAIN, AGENT, __u32, struct egret_meta, "")                                                            \
	X(hits, PLAIN, AGENT, __u32, struct egret_hit, "")                                                             \
	X(paths, TABLE, AGENT, __u64, __u32, "")                                                                       \
	X(sets, TABLE, AGENT, __u32, struct egret_audience, "")                                                        \
	X(resolved, TABLE, AGENT, struct egret_resolved_key, struct egret_resolved, "")                                \
	X(audiences, PLAIN, BOTH, __u64, struct egret_member,                                                          \
	  "the agent makes those that were there before the programs, and writes to those that stand")                 \
	X(subjects, PLAIN, BOTH, __u64, struct egret_subject,                                                          \
	  "the agent makes those that were there before the programs")                                                 \
	X(late, PLAIN, PROGRAMS, __u32, __u64, "")                                                                     \
	X(subject_names, PLAIN, BOTH, __u64, struct egret_subject_name,                                                \
	  "the agent writes paths while the cgroups are there")                                                        \
	X(pod_names, PLAIN, AGENT, struct egret_pod_uid, struct egret_pod_name, "")                                    \
	X(denied, PLAIN, PROGRAMS, struct egret_nothing, struct egret_nothing, "")                                     \
	X(names, PLAIN, AGENT, __u32, struct egret_name, "")                                                           \
	X(sockets, PLAIN, PROGRAMS, int, struct egret_sock, "")                                                        \
	X(sockets_before, PLAIN, PROGRAMS, int, struct egret_before_sock, "")                                          \
	X(flows, PLAIN, PROGRAMS, struct egret_place, struct egret_flows, "")                                          \
	X(arrivals, PLAIN, PROGRAMS, struct egret_place, struct egret_flows, "")                                       \
	X(counters, PLAIN, BOTH, __u32, struct egret_counter,                                                          \
	  "the agent begins at 0 when a rule's id gets another rule")                                                  \
	X(reasons, PLAIN, PROGRAMS, __u32, struct egret_counter, "")                                                   \
	X(drops, PLAIN, BOTH, struct egret_drop_place, struct egret_drop_row,                                          \
	  "the agent removes those of a rule that is no more, and all when a person asks for it")                      \
	X(culprits, PLAIN, BOTH, __u64, struct egret_culprit, "the agent removes all when a person asks for it")       \
	X(refusals, PLAIN, BOTH, struct egret_drop_key, struct egret_drop,                                             \
	  "the agent removes all when a person asks for it")                                                           \
	X(completions, PLAIN, AGENT, __u64, struct egret_completion, "")                                               \
	X(strangers, PLAIN, PROGRAMS, __u64, struct egret_stranger, "")                                                \
	X(culprit_order, PLAIN, PROGRAMS, struct egret_nothing, __u64, "")                                             \
	X(existing, PLAIN, BOTH, __u64, struct egret_existing,                                                         \
	  "the agent lists what it finds at the first attach, and removes what ended")                                 \
	X(queries, PLAIN, PROGRAMS, int, struct egret_queries, "")                                                     \
	X(crowds, PLAIN, PROGRAMS, struct egret_place, struct egret_crowd, "")                                         \
	X(streams, PLAIN, PROGRAMS, int, struct egret_stream, "")                                                      \
	X(windows, PLAIN, PROGRAMS, int, struct egret_window, "")                                                      \
	X(wanted, PLAIN, PROGRAMS, struct egret_nothing, struct egret_nothing, "")                                     \
	X(learned, PLAIN, PROGRAMS, struct egret_learned_key, struct egret_learned, "")                                \
	X(known, PLAIN, PROGRAMS, __u64, struct egret_known, "")                                                       \
	X(shares, PLAIN, PROGRAMS, __u64, struct egret_share, "")                                                      \
	X(chunks, PLAIN, PROGRAMS, struct egret_chunk_key, struct egret_chunk, "")                                     \
	X(fill, PLAIN, PROGRAMS, __u32, __u32, "")                                                                     \
	X(spare, PLAIN, PROGRAMS, struct egret_nothing, __u64, "")                                                     \
	X(turns, PLAIN, PROGRAMS, struct egret_nothing, __u64, "")                                                     \
	X(asked, PLAIN, PROGRAMS, __u64, struct egret_asked, "")                                                       \
	X(asked_rings, PLAIN, PROGRAMS, __u64, struct egret_asked_ring, "")                                            \
	X(lessons, PLAIN, BOTH, __u32, struct egret_counter, "the agent counts what it was asked for by `wanted`")     \
	X(epoch, PLAIN, PROGRAMS, __u32, __u32, "")                                                                    \
	X(devices, PLAIN, AGENT, __u32, struct egret_device, "")                                                       \
	X(overlays, PLAIN, AGENT, struct egret_overlay, __u32, "")                                                     \
	X(device_owners, PLAIN, BOTH, __u32, struct egret_sender,                                                      \
	  "the agent writes the pod at the other end where none is known, and removes those of devices that are gone") \
	X(senders, PLAIN, BOTH, struct egret_addr, struct egret_sender,                                                \
	  "the agent removes those of devices that are gone")                                                          \
	X(looks, PLAIN, PROGRAMS, __u32, struct egret_counter, "")

#define EGRET_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed size")
EGRET_ASSERT_SIZE(struct egret_addr, 16);
EGRET_ASSERT_SIZE(struct egret_port, 16);
EGRET_ASSERT_SIZE(struct egret_dest, 12);
EGRET_ASSERT_SIZE(struct egret_cidr_key, 20);
EGRET_ASSERT_SIZE(struct egret_target, 32);
EGRET_ASSERT_SIZE(struct egret_bucket, 192);
EGRET_ASSERT_SIZE(struct egret_rule, 12);
EGRET_ASSERT_SIZE(struct egret_config, 200);
EGRET_ASSERT_SIZE(struct egret_settings, 56);
EGRET_ASSERT_SIZE(struct egret_device, 28);
EGRET_ASSERT_SIZE(struct egret_sender, 32);
EGRET_ASSERT_SIZE(struct egret_overlay, 4);
EGRET_ASSERT_SIZE(struct egret_peer, 48);
/* Programs compare these addresses eight bytes at a time. */
_Static_assert(__builtin_offsetof(struct egret_peer, addr) % 8 == 0, "egret_peer.addr lost its alignment");
_Static_assert(__builtin_offsetof(struct egret_sock, peer) % 8 == 0, "egret_sock.peer lost its alignment");
EGRET_ASSERT_SIZE(struct egret_place, 16);
EGRET_ASSERT_SIZE(struct egret_flows, 192);
EGRET_ASSERT_SIZE(struct egret_drop_key, 40);
EGRET_ASSERT_SIZE(struct egret_learned_key, 24);
/* An element of a kernel's hash is 48 octets before its key (struct htab_elem), and its allocator puts 8 before
 * that: together they fit into a slab of 192, and a chunk into one of 512. */
EGRET_ASSERT_SIZE(struct egret_learned, 112);
_Static_assert(8 + 48 + sizeof(__u64) + sizeof(struct egret_known) <= 192, "egret_known outgrew its slab");
_Static_assert(8 + 48 + sizeof(struct egret_chunk_key) + sizeof(struct egret_chunk) <= 512,
	       "egret_chunk outgrew its slab");

#endif
