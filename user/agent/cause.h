/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is behind a denial, from what is known now: names that were learned, who was given the address, who else
 * answered, which rule comes nearest. One row at a time; what was learned is walked once for many rows.
 */
#ifndef EGRET_CAUSE_H
#define EGRET_CAUSE_H

#include "aliases.h"

/* A row, and what was learned of its destination. A lesson whose name is 0 is none. */
struct cause_row {
	struct egret_drop_row row;
	struct egret_addr meant;    /* its address, or the IPv4 address in it */
	struct kernel_lesson given; /* its address, to somebody else, for a name of the policy */
	struct kernel_lesson ended; /* its address and name, and the time is over */
	struct egret_addr other;    /* an address of its name of the other family */
	bool has_other;
	uint8_t rank;   /* among its owner's of this round, from 0 */
	uint64_t after; /* how far its owner is behind the one that a server was asked for last */
};

struct cause_finder {
	struct kernel *kernel;
	const struct edition *ruling;
	struct aliases *aliases;
	struct resolver_book *book;
	uint32_t generation; /* the first one of the policy that rules */
};

/* Fills what was learned into @rows. */
int cause_gather(const struct cause_finder *finder, struct cause_row *rows, size_t count);
/* False: an answer is still waited for. */
bool cause_find(const struct cause_finder *finder, const struct cause_row *row, struct egret_completion *ret);

#endif
