/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The key of a name or pattern, as the programs work it out from a DNS message. */
#ifndef EGRET_NAME_KEY_H
#define EGRET_NAME_KEY_H

#include <stdint.h>

#include "egret_limits.h"
#include "egret_types.h"

/* @text: lower case, without trailing dot; "*.x" is a pattern. */
uint64_t name_key(const char *text, const __u64 *hash_keys);
/* Of a name, the keys of the domains above it: egret_lesson.suffixes. */
void name_suffixes(const char *text, const __u64 *hash_keys, __u64 ret[static EGRET_SUFFIXES]);

#endif
