/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What patterns of very many labels say of names that were answered before. Private to kernel/. */
#ifndef EGRET_KERNEL_WRITE_KNOWN_H
#define EGRET_KERNEL_WRITE_KNOWN_H

#include "handle.h"

struct compiled;

/* Has the policy a pattern with more labels than egret_known keeps of a name? */
bool known_has_deep(const struct compiled *compiled);
/*
 * For such a policy, whose lists are installed already, so that programs care for each answer that comes from now on:
 * what it says of names that are known goes under their own keys. @lists: the table.
 */
int known_copy_deep(const struct kernel *kernel, const struct compiled *compiled, int lists);

#endif
