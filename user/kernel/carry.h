/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was counted of a rule follows it when another policy gives it another id: a rule
 * is the same if its text and its file are. Private to kernel/.
 */
#ifndef EGRET_CARRY_H
#define EGRET_CARRY_H

#include "internal.h"

struct carry;

/* Before the switch. *ret is NULL where no id changes its meaning. */
int carry_prepare(const struct kernel *kernel, const struct compiled *compiled, struct carry **ret);
/* After it: writes counters and hits under the new ids, and forgets denials that name an old one.
 * What is counted meanwhile may be lost. Takes NULL; frees. */
int carry_finish(const struct kernel *kernel, struct carry *carry);

#endif
