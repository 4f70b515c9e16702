/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words for reasons and builtin rules, from the one list in include/. */
#ifndef EGRET_REASON_H
#define EGRET_REASON_H

#include <stdint.h>

#include "egret_addr.h"
#include "egret_people.h"

const char *reason_label(uint32_t reason);    /* "" for none */
const char *reason_sentence(uint32_t reason); /* "" for none */
/* Of EGRET_REASON_SPECIAL_ADDRESS: which rule (@text), which address, and the line to add. */
#define REASON_SPECIAL_SIZE 1536
struct egret_addr;
struct egret_rule_text;
const char *reason_of_special(const struct egret_rule_text *text, const char *name, const struct egret_addr *addr,
			      char buf[static REASON_SPECIAL_SIZE]);
/* NULL: the id is a line of the policy. */
const char *builtin_label(uint32_t rule);
const char *builtin_sentence(uint32_t rule);

#endif
