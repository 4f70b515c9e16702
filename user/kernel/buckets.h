/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of addresses: an array map of struct egret_bucket (egret_policy.h says how an
 * address is found). Private to kernel/.
 */
#ifndef EGRET_BUCKETS_H
#define EGRET_BUCKETS_H

#include <stdint.h>

#include "egret_policy.h"
#include "egret_addr.h"

struct compiled;

struct buckets {
	int fd;
	uint32_t shift; /* of egret_bucket_index */
	uint32_t count; /* all of them */
	uint32_t used;  /* places */
};

/* A destination as the tables hold it. */
struct egret_target target_of(const struct compiled *compiled, const struct egret_dest *dest);
/* The same of a single address, which may be a resolver's. */
struct egret_target target_of_addr(const struct compiled *compiled, const struct egret_addr *addr,
				   const struct egret_dest *dest);

/* A new map with all addresses of @compiled, and room for half as many again. ret->fd is
 * the caller's to close. */
int buckets_make(const struct compiled *compiled, const __u64 hash_keys[4], struct buckets *ret);
/* Gives an address a new target; @target NULL: the address is to go. -ENOSPC: no place is left. */
int buckets_set(struct buckets *buckets, const __u64 hash_keys[4], const struct egret_addr *addr,
		const struct egret_target *target);
/* -ENOENT */
void buckets_each(int fd,
		  void (*visit)(void *context, const struct egret_addr *addr, const struct egret_target *target),
		  void *context);
int buckets_find(const struct buckets *buckets, const __u64 hash_keys[4], const struct egret_addr *addr,
		 struct egret_target *ret);

#endif
