/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* egret drops --follow. */
#ifndef EGRET_FOLLOW_H
#define EGRET_FOLLOW_H

#include "../kernel/read.h"
#include "command.h"

/* A line for each row that counted on, until interrupted, or until the instance is no longer this one: then a negative
 * errno, and @error says so. What was denied before is not shown. */
int follow_to_the_end(const struct kernel *kernel, const struct options *options, struct error *error);

#endif
