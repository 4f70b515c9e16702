/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exact names that lie below one domain: where there are many, a pattern over them costs nothing, while each name is
 * asked for on its own.
 */
#ifndef EGRET_SIBLINGS_H
#define EGRET_SIBLINGS_H

#include "policy.h"

struct siblings {
	const char *domain; /* with the most names below it; NULL = none has enough. Borrowed from the policy */
	size_t names;       /* below it */
	size_t domains;     /* how many have enough */
	size_t all;         /* exact names of the policy */
};

/* Under it everybody has names: com, co.uk. */
bool domain_is_anybodys(const char *domain);

/* -ENOMEM */
int siblings_find(const struct policy *policy, struct siblings *ret);

#endif
