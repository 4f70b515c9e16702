/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which names have which address now. One address may have many names (a CDN), and
 * what it may do is the union: when one name lets it go, the others keep it.
 */
#ifndef EGRET_ADDRESSES_H
#define EGRET_ADDRESSES_H

#include <stddef.h>

#include "../compile/compile.h"

struct addresses;

/* NULL: out of memory. */
struct addresses *addresses_new(void);
void addresses_free(struct addresses *addresses); /* takes NULL */

/* @names are borrowed, sorted, valid during the call. */
typedef int (*addresses_visit)(void *context, const struct egret_addr *addr, const char *const *names, size_t count);

/* Replaces what @name has; calls @visit for each address whose set of names changed. */
int addresses_set(struct addresses *addresses, const char *name, const struct egret_addr *addrs, size_t count,
		  addresses_visit visit, void *context);

/* What @name has, sorted; valid until the next call of addresses_set. */
const struct egret_addr *addresses_of(const struct addresses *addresses, const char *name, size_t *ret_count);
/* All names and their addresses, as compile_policy wants them; *ret is malloc'd, and
 * borrows from @addresses until the next call of addresses_set. */
int addresses_list(const struct addresses *addresses, struct name_addrs **ret, size_t *ret_count);
/* Different addresses in all. */
size_t addresses_count(const struct addresses *addresses);

#endif
