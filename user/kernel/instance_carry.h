/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a new instance gets from the one of an earlier version whose place it takes (kernel->before): how often its
 * rules were hit, what sockets carry, and what answers taught. Whatever cannot be carried over is made anew: hits count
 * from 0, and names are learned when they are asked for again. Without a kernel->before nothing is done. Private to
 * kernel/.
 */
#ifndef EGRET_INSTANCE_CARRY_H
#define EGRET_INSTANCE_CARRY_H

#include "handle.h"

/* Before the programs are loaded, which then find what sockets carry. */
int carry_sockets(struct kernel *kernel);
/* Before the first policy is loaded: rules that it has, too, keep their ids and counts, and its generation is counted
 * on from those of before. */
void carry_rules(struct kernel *kernel);
/* The caller says what could not be carried. Once the new programs learn by themselves, so that nothing is taught
 * between the two. */
int carry_taught(struct kernel *kernel);

#endif
