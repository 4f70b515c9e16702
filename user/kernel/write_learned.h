/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writing to what was learned. Private to kernel/. */
#ifndef EGRET_KERNEL_WRITE_LEARNED_H
#define EGRET_KERNEL_WRITE_LEARNED_H

#include "handle.h"

/*
 * What an instance learned, for the policy of @slot: each name is matched anew. What answers
 * said for names of no rule then, and is good still, is learned now if a rule has it.
 */
int learned_match(struct kernel *kernel, const struct compiled *compiled, uint32_t slot);
/* One lesson of one address, on the account of @subject. */
int learned_teach(struct kernel *kernel, const struct egret_learned_key *key, uint64_t subject,
		  const struct egret_lesson *lesson);
/* Of a loaded instance: where programs say what they want to be resolved. */
int wanted_open(struct kernel *kernel);
/* The same of the ring of subjects that something was denied to (write_notes.c). */
int denied_open(struct kernel *kernel);

#endif
