/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words for reasons and builtin rules, from the one list in include/. */
#ifndef EGRET_CLI_REASON_H
#define EGRET_CLI_REASON_H

#include <stdint.h>

const char *reason_label(uint32_t reason);    /* "" for none */
const char *reason_sentence(uint32_t reason); /* "" for none */
/* NULL: the id is a line of the policy. */
const char *builtin_label(uint32_t rule);
const char *builtin_sentence(uint32_t rule);

#endif
