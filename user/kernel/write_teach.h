/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Teaching through a program. Private to kernel/. */
#ifndef EGRET_KERNEL_WRITE_TEACH_H
#define EGRET_KERNEL_WRITE_TEACH_H

#include "handle.h"

/* Of a loaded instance: where programs say what they want to be resolved. */
int wanted_open(struct kernel *kernel);
/* The same of the ring of subjects that something was denied to (write_notes.c). */
int denied_open(struct kernel *kernel);
/* An answer for @name: all of @taught but `question` says what and for whom. -EBUSY: other messages are read all the
 * time. */
int teach(const struct kernel *kernel, const char *name, struct egret_taught *taught);

#endif
