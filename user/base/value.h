/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values as people write them for options and in the environment: read whole or refused. No blanks, no
 * signs, nothing behind them. All return 0, or -EINVAL and leave @ret as it was. */
#ifndef EGRET_VALUE_H
#define EGRET_VALUE_H

#include <stdbool.h>

/* Decimal digits, between 1 and @max. */
int value_number(const char *text, unsigned int max, unsigned int *ret);
/* "90", "90s", "2m", "1h", "7d"; between 1 s and @max_sec. */
int value_seconds(const char *text, unsigned int max_sec, unsigned int *ret);
/* 1, true, yes, on; 0, false, no, off; in upper or lower case. */
int value_switch(const char *text, bool *ret);

#endif
