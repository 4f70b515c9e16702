/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The newest denials, for who shows some of many: the memory for it does not grow with how many there are. */
#ifndef EGRET_VIEW_NEWEST_H
#define EGRET_VIEW_NEWEST_H

#include <jansson.h>
#include <stddef.h>

#include "../kernel/read.h"

/*
 * As rows_merge gives them of the @limit newest rows of view_drops, the newest first; each with what a person reads:
 * {who_text, destination_text, why_text, reason_text}. @ret_left_out: how many rows are older than those.
 */
int view_newest_drops(const struct kernel *kernel, size_t limit, json_t **ret, size_t *ret_left_out);

#endif
