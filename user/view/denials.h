/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was denied, and what would be, since the policy only audits: rows of their own, for `drops`, `status` and the
 * end of `exec`. */
#ifndef EGRET_DENIALS_H
#define EGRET_DENIALS_H

#include <jansson.h>
#include <stddef.h>

#include "../kernel/read.h"

struct denial {
	struct egret_drop_key key;
	struct egret_drop drop;
	uint64_t others; /* 0, or: not a row, but what that many had counted that made room for newer ones; of the key
			  * only the cgroup, that of the owner, and whether it is audited */
	bool outdated;   /* of a policy, or of a mode, that no longer rules */
};

/* Zero-initialise; denials_free. */
struct denials {
	struct denial *all;
	size_t count, capacity;
};

/* Whose share a row is in: a pod's rows are of its containers' cgroups, below its own. */
uint64_t denial_owner(const struct egret_drop_key *key, const struct egret_drop *drop);
/* All of them, in no order. */
int denials_read(const struct kernel *kernel, struct denials *ret);
/* Those of the running policy before the others, and of each the worst first. */
void denials_sort(struct denials *denials);
void denials_free(struct denials *denials);

/*
 * {number, packets_total, audited, outdated, call, address, nat64_address, port, protocol, port_number, name, reason,
 * rule, file, line, suggestion, passes_now, layer, device, device_subject, what json_set_subject sets, hostnetwork,
 * process, pid, first_time, last_time, others_total}. "number": row_number. "port" is "tcp:443"; "protocol" and
 * "port_number" the same apart. "address" and "port" are null of a frame that is no IP, and of what may not begin
 * (layer source): "call" says what it is, and else is null. "device_subject": where nobody knew who sends by the
 * device, whose it is by now, null where nobody knows yet. "rule" is the one that denies, or that would allow it of a
 * special address; "nat64_address" the IPv4 address in it, behind NAT64; "suggestion" the line that would have let it
 * through; "passes_now": it is outdated, and the policy that rules lets it through. "layer" is hook, or else the layer
 * at "device" that denied it. And, what the agent found out within a second ("completed"; else only the kernel told):
 * {kernel_reason, completed, policy_name, given_to, server, over_seconds, ttl_seconds, nearest_rule, nearest_file,
 * nearest_line, nearest_allows}. "reason" then is the cause that it found, and "kernel_reason" what the kernel had.
 * struct egret_completion has what the others mean. "others_total" is 0, or else this is no row of one destination:
 * that many rows of this subject made room for newer ones, and "address" is null. @cache: as of json_set_subject.
 */
struct subject_cache;
json_t *denial_to_json(const struct kernel *kernel, const struct denial *denial, struct subject_cache *cache);
/* As people read it: the address, the call, or "other destinations". */
const char *denial_address(const json_t *row);
/* [row], sorted. */
int view_drops(const struct kernel *kernel, json_t **ret);

#endif
