/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A name's addresses, asked for once, as this machine's resolvers see them now. */
#ifndef EGRET_LOOKUP_H
#define EGRET_LOOKUP_H

#include "../base/addr.h"
#include "../base/error.h"

/* *ret is malloc'd. -ENODATA: no address; -ENOENT: no resolver to ask; -ETIMEDOUT: no answer. */
int lookup_addresses(const char *name, struct egret_addr **ret, size_t *ret_count, struct error *error);

#endif
