/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How far a word is from one that is known: for "did you mean". */
#ifndef EGRET_EDIT_DISTANCE_H
#define EGRET_EDIT_DISTANCE_H

#include <stddef.h>

/* Longer words are rarely mistyped keywords, and would cost the square of it. */
#define EDIT_DISTANCE_MAX 32

/* Insertions, deletions, replacements and swapped neighbours (optimal string alignment), without
 * case. Both words have EDIT_DISTANCE_MAX octets at most. */
unsigned int edit_distance(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
