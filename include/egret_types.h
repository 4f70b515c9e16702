/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Integers of fixed width, for programs and user space alike. Programs have them from vmlinux/ already. */
#ifndef EGRET_INCLUDE_TYPES_H
#define EGRET_INCLUDE_TYPES_H

#ifndef EGRET_VMLINUX_H
#include <linux/types.h>
#endif

/* What both halves compile becomes part of its caller: in programs the verifier judges it there. */
#define EGRET_INLINE static inline __attribute__((always_inline))

#endif
