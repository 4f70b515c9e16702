/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Denials as people see them, for `drops` and for the end of `exec`. What was denied and what would
 * be denied, since the policy only audits, are rows of their own. */
#ifndef EGRET_DENIALS_H
#define EGRET_DENIALS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "../kernel/kernel.h"

struct denial {
	struct egret_drop_key key;
	struct egret_drop drop;
	bool older; /* of a policy, or of a mode, that no longer rules */
};

/* Zero-initialise; denials_free. */
struct denials {
	struct denial *all;
	size_t count, capacity;
};

/* All of them, in no order. */
int denials_read(const struct kernel *kernel, struct denials *ret);
/* Those of the running policy before the others, and of each the worst first. */
void denials_sort(struct denials *denials);
void denials_free(struct denials *denials);

/* "DENIED", "WOULD DENY". */
const char *denial_verdict(const struct denial *denial);
json_t *denial_to_json(const struct kernel *kernel, const struct denial *denial);

/* A few lines on standard error; nothing if nothing was denied. */
void denials_summary(const struct kernel *kernel);
/* The same as JSON, all of it. A negative errno: it could not be written. */
int denials_report(const struct kernel *kernel, FILE *file);

#endif
