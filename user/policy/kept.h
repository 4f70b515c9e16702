/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A policy as one text, to be kept for a time when its files say something else: what policy_load
 * read (settings are lines of it), and the addresses that the exact names had. Learned addresses
 * are none of it. Pure: no system call, no clock.
 *
 *   egret-policy 1 CHECKSUM LENGTH      16 hexadecimal and 10 decimal digits, of all behind this line
 *   WORD LENGTH
 *   so many bytes
 *   ...
 *
 * The words: version, ruled (when, ns), rules-path, define (NAME=VALUE), main (a path of the options);
 * path, path..., then text or hidden (its text; policy_text.hidden); name (NAME ANSWERED ADDRESS...).
 * Unknown words are passed over: a later release may have added some.
 *
 * The checksum is FNV-1a (base/hash.h): it tells a torn write or a bad disk. It proves nothing of who wrote it:
 * that is the matter of the folder that it lies in.
 */
#ifndef EGRET_KEPT_H
#define EGRET_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "egret_limits.h"
#include "policy.h"

/* Four of the largest rules files. */
#define KEPT_MAX_BYTES (4 * (size_t)EGRET_MAX_FILE_BYTES)

struct kept_name {
	const char *name;
	const struct egret_addr *addrs;
	size_t count;
	uint64_t answered_ns; /* CLOCK_REALTIME */
};

struct kept_policy {
	const char *version; /* of the Egret that wrote it */
	uint64_t ruled_ns;   /* CLOCK_REALTIME: it ruled, and what it requires had answered */
	/* With these policy_load gives the same policy once more. */
	struct policy_options options;
	const struct kept_name *names;
	size_t name_count;
	struct arena memory; /* of one that was parsed */
};

/* -EFBIG: over KEPT_MAX_BYTES; -ENOMEM. *ret is malloc'd. */
int kept_format(const struct kept_policy *kept, char **ret, size_t *ret_len_bytes);
/* -EBADMSG: damaged, and nothing of it was looked at but its first line and its checksum; or written by an Egret
 * that writes it otherwise. -ENOMEM. *ret is untouched on failure, and owns what it points to. */
int kept_parse(const char *bytes, size_t len_bytes, struct kept_policy *ret);
void kept_clear(struct kept_policy *kept); /* takes one that is all zero, too */

#endif
