/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words for reasons and builtin rules, from the one list in include/. */
#ifndef EGRET_REASON_H
#define EGRET_REASON_H

#include <jansson.h>
#include <stdint.h>

#include "egret_addr.h"
#include "egret_people.h"

const char *reason_label(uint32_t reason); /* "" for none */
const char *cause_label(uint32_t cause);   /* "" for none */
/* Of a reason or of a cause. */
const char *reason_sentence(const char *label);
#define REASON_TEXT_SIZE 1536
/*
 * The sentence for "reason" of a row. Of a special address it says which rule, which address, and the line to add,
 * from "name", "address", "rule", "file" and "line". Returns @buf.
 */
const char *reason_of_row(const json_t *row, char buf[static REASON_TEXT_SIZE]);
/* NULL: the id is a line of the policy. */
const char *builtin_label(uint32_t rule);
const char *builtin_sentence(uint32_t rule);

#endif
