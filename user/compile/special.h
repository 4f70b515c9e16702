/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What people read of special addresses (egret_special.h). */
#ifndef EGRET_SPECIAL_H
#define EGRET_SPECIAL_H

#include <stddef.h>

#include "egret_addr.h"
#include "egret_limits.h"

/* "a private address" and its like, of the table in egret_special.h; NULL: it is no special address. */
const char *addr_special_kind(const struct egret_addr *addr);

#define SPECIAL_LINE_SIZE (EGRET_RULE_TEXT_SIZE + 64)
/* The line that allows the address itself what the rule allows. Returns @buf. */
const char *special_line(const struct egret_addr *addr, const char *rule_text, char *buf, size_t size);

#define SPECIAL_SENTENCE_SIZE 1024
/* What people read of a name's address that no rule lets the name bring in, behind "FILE:LINE ": "names NAME, but
 * ADDRESS is ...: add ...". @meant: @addr, or the IPv4 address in it (nat64_meant). @rule_text: the rule as it is
 * written. Returns @buf. */
const char *special_sentence(const char *name, const struct egret_addr *addr, const struct egret_addr *meant,
			     const char *rule_text, char buf[static SPECIAL_SENTENCE_SIZE]);

#endif
