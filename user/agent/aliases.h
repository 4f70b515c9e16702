/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Of what a name is an alias (CNAME, RFC 1034 section 3.6.2): programs keep no aliases, so the agent asks once for a
 * name that was denied and that no rule has. Eight at once, then two a second: whoever is denied chooses these names.
 * Who asks for many must leave turns to others: aliases_last_owner().
 */
#ifndef EGRET_ALIASES_H
#define EGRET_ALIASES_H

#include "edition.h"

struct aliases;

enum alias_state {
	ALIAS_ASKED, /* no answer yet; at most for two seconds */
	ALIAS_NONE,  /* of no name of the policy, or nobody knows */
	ALIAS_FOUND,
};

/* @moved is called when an answer came. NULL: out of memory. */
struct aliases *aliases_new(struct loop *loop, void (*moved)(void *context), void *context);
void aliases_free(struct aliases *aliases); /* takes NULL */

/* Of which name of the policy that rules: *ret is it if ALIAS_FOUND. @owner: whose row it is about. */
enum alias_state aliases_ask(struct aliases *aliases, const struct edition *ruling, struct resolver_book *book,
			     uint64_t owner, const char *name, char ret[static EGRET_NAME_SIZE]);
/* About whose row a server was asked last. */
uint64_t aliases_last_owner(const struct aliases *aliases);

#endif
