/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What DNS says of a policy's exact names before it rules, for `check --resolve`. */
#ifndef EGRET_RESOLVED_H
#define EGRET_RESOLVED_H

#include <jansson.h>
#include <stdbool.h>

#include "../compile/compile.h"

/* [{name, addresses, problem_text, special_addresses: [{name, address, reason, rule, file, line}]}], asked of the
 * policy's resolvers, else of the system's. -ENOENT: there is nobody to ask. */
int resolved_to_json(struct compiled *compiled, json_t **ret);
/* As comments, so that what check prints is still the policy. */
void resolved_print(const json_t *names);
/* Has any name no address, or one that it may not bring in? */
bool resolved_is_wrong(const json_t *names);

#endif
