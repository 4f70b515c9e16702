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
#include "egret_config.h"
#include "egret_dns.h"
#include "egret_memory.h"
#include "egret_people.h"
#include "egret_policy.h"
#include "egret_subject.h"

/* Raised whenever a key, a value or a map changes its form or its meaning. Of the form tests/house keeps a hash, and says
 * what to write here when it changes. */
#define EGRET_ABI_VERSION 5
#define EGRET_ABI_LAYOUT  UINT64_C(0xf40cbe414fb5e85a)

/*
 * Every map that is pinned, and who writes to it: the agent, the programs, or both, and what the other one does then.
 * tests/house holds it: the kernel's verifier is asked what programs write to, and user/ is searched for what the agent
 * does. The tables of a policy come first; of them each slot holds one of its own.
 *
 * X(map, writer, what the other one does)
 */
#define EGRET_TABLES(X)                                                                                                \
	X(addrs, AGENT, "")                                                                                            \
	X(cidrs, AGENT, "")                                                                                            \
	X(ports, AGENT, "")                                                                                            \
	X(rules, AGENT, "")                                                                                            \
	X(texts, AGENT, "")                                                                                            \
	X(lists, AGENT, "")

#define EGRET_MAPS(X)                                                                                                  \
	EGRET_TABLES(X)                                                                                                \
	X(config, BOTH, "programs add to `denials`, and to nothing else")                                              \
	X(meta, AGENT, "")                                                                                             \
	X(hits, AGENT, "")                                                                                             \
	X(classes, AGENT, "")                                                                                          \
	X(subjects, AGENT, "")                                                                                         \
	X(names, AGENT, "")                                                                                            \
	X(sockets, PROGRAMS, "")                                                                                       \
	X(flows, PROGRAMS, "")                                                                                         \
	X(arrivals, PROGRAMS, "")                                                                                      \
	X(counters, BOTH, "the agent begins at 0 when a rule's id gets another rule")                                  \
	X(reasons, PROGRAMS, "")                                                                                       \
	X(drops, BOTH, "the agent removes those of a rule that is no more, and all when a person asks for it")         \
	X(existing, BOTH, "the agent lists what it finds at the first attach, and removes what ended")                 \
	X(queries, PROGRAMS, "")                                                                                       \
	X(crowds, PROGRAMS, "")                                                                                        \
	X(streams, PROGRAMS, "")                                                                                       \
	X(wanted, PROGRAMS, "")                                                                                        \
	X(learned, BOTH,                                                                                               \
	  "the agent matches what is there with a new policy, adds what `wanted` asked for, removes what ended")       \
	X(rings, BOTH, "the agent adds what it adds to `learned`, and removes what ended")                             \
	X(teachers, BOTH, "the agent adds what it adds to `learned`")                                                  \
	X(asked, PROGRAMS, "")                                                                                         \
	X(seen, BOTH, "the agent marks, under the bucket's lock, what a new policy learned from it")                   \
	X(lessons, BOTH, "the agent counts what it was asked for by `wanted`")                                         \
	X(epoch, PROGRAMS, "")

#define EGRET_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed size")
EGRET_ASSERT_SIZE(struct egret_addr, 16);
EGRET_ASSERT_SIZE(struct egret_port, 16);
EGRET_ASSERT_SIZE(struct egret_dest, 12);
EGRET_ASSERT_SIZE(struct egret_cidr_key, 20);
EGRET_ASSERT_SIZE(struct egret_target, 32);
EGRET_ASSERT_SIZE(struct egret_bucket, 192);
EGRET_ASSERT_SIZE(struct egret_rule, 12);
EGRET_ASSERT_SIZE(struct egret_config, 72);
EGRET_ASSERT_SIZE(struct egret_peer, 48);
/* Programs compare these addresses eight bytes at a time. */
_Static_assert(__builtin_offsetof(struct egret_peer, addr) % 8 == 0, "egret_peer.addr lost its alignment");
_Static_assert(__builtin_offsetof(struct egret_sock, origin_addr) % 8 == 0,
	       "egret_sock.origin_addr lost its alignment");
EGRET_ASSERT_SIZE(struct egret_flow_key, 32);
EGRET_ASSERT_SIZE(struct egret_flow, 16);
EGRET_ASSERT_SIZE(struct egret_drop_key, 40);

#endif
