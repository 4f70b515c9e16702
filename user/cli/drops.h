/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Denials as people see them, for `drops` and for the end of `exec`. */
#ifndef EGRET_DROPS_H
#define EGRET_DROPS_H

struct kernel;

/* A few lines on standard error; nothing if nothing was denied. */
void drops_summary(const struct kernel *kernel);

#endif
