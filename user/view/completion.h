/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent found out of a row when the row was new: its fields, and what a person reads of them. */
#ifndef EGRET_VIEW_COMPLETION_H
#define EGRET_VIEW_COMPLETION_H

#include <jansson.h>
#include <stddef.h>

#include "denials.h"

/* Will an agent find out more of rows for which the kernel had this reason? */
bool completion_is_due(uint32_t reason);
/* False: the kernel's reason is all there is, and *ret is all zero. */
bool completion_find(const struct kernel *kernel, const struct denial *denial, struct egret_completion *ret);
/* The fields of a row that denials.h says, once "reason" is there. */
void json_set_completion(json_t *row, const struct egret_completion *completion, bool completed);

/* What stands under WHY in place of the row's reason: "port (allowed: 443)", "expired 4s (TTL 10s)". False: the
 * reason says it all. */
bool completion_words(const json_t *row, char *buf, size_t size);
/* The same as a sentence. */
bool completion_sentence(const json_t *row, char *buf, size_t size);

#endif
