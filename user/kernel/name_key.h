/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The key of a name or pattern, as the programs work it out from a DNS message. */
#ifndef EGRET_NAME_KEY_H
#define EGRET_NAME_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egret_limits.h"
#include "egret_types.h"

/* @text: lower case, without trailing dot; "*.x" is a pattern. */
/* Of a cgroup's path, as cgroup_life.h makes it. */
uint64_t path_key(const char *path, const __u64 *hash_keys);
uint64_t name_key(const char *text, const __u64 *hash_keys);
/* Of a name, the keys of up to @max domains above it, from the top on; returns how many. */
size_t name_domains(const char *text, const __u64 *hash_keys, __u64 *ret, size_t max);

/*
 * Which of a policy's names speaks for a name: its own, or else the narrowest pattern over it; 0 = none. @domains:
 * of name_domains, or egret_known.suffixes. @name 0: patterns alone. @has says whether the policy has a name or
 * pattern.
 */
uint64_t name_speaker(uint64_t name, const __u64 *domains, size_t count, const __u64 *hash_keys,
		      bool (*has)(const void *policy, uint64_t key), const void *policy);

#endif
