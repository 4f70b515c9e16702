/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A name's addresses, asked for once, as this machine's resolvers see them now. */
#ifndef EGRET_LOOKUP_H
#define EGRET_LOOKUP_H

#include "../base/addr.h"
#include "../base/error.h"

/* *ret is malloc'd. -ENODATA: no address; -ENOENT: no resolver to ask; -ETIMEDOUT: no answer. */
int lookup_addresses(const char *name, struct egret_addr **ret, size_t *ret_count, struct error *error);

/* Exact names, and who is asked; patterns ("*.x") among the names are passed over. */
struct lookup {
	const struct zoned_addr *servers;
	size_t server_count;
	char *const *names;
	size_t name_count;
};

struct resolver_name;
/* Waits until all are answered or given up; then @visit hears of each in order. */
int lookup_each(const struct lookup *lookup, void (*visit)(void *context, const struct resolver_name *name),
		void *context);

#endif
