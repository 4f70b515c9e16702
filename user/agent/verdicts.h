/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a policy says of connections that stand already, as it would of new ones to the same
 * places: by its addresses, and by the names that were resolved to them.
 */
#ifndef EGRET_VERDICTS_H
#define EGRET_VERDICTS_H

#include "../compile/compile.h"
#include "../kernel/read.h"
#include "../subject/connections.h"

struct verdict {
	struct connection of;
	uint32_t audience; /* of its owner */
	bool allowed;      /* output */
	uint8_t reason;    /* output: enum egret_reason */
	bool final;        /* private: no name changes it */
};

/* @kernel knows which names were resolved to what. */
void verdicts_make(const struct kernel *kernel, const struct compiled *compiled, struct verdict *all, size_t count);

#endif
