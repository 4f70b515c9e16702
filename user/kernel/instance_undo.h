/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a start that fails puts back. What runs is looked at when all of the new side is
 * loaded and nothing of the old one is touched: the programs of its links and, where the new
 * side takes its maps over, its settings and what is written about it. Private to kernel/.
 */
#ifndef EGRET_UNDO_H
#define EGRET_UNDO_H

#include "handle.h"

/* Of a loaded instance, before anything is switched. */
int undo_remember(struct kernel *kernel, struct error *error);
void undo_forget(struct kernel *kernel);

#endif
