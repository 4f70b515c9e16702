/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One line for all names below another one, where several of them were denied. */
#ifndef EGRET_VIEW_WILDCARD_H
#define EGRET_VIEW_WILDCARD_H

#include <jansson.h>
#include <stdbool.h>

/* @lines: as view_proposal has them, by their text. Those of kind "name" that differ in the first label alone give way
 * to one. @is_audited: did all packets that want this line pass? */
void wildcard_gather(json_t *lines, bool (*is_audited)(const json_t *line));

/* What wants @line wants @to in its place. Of both, subjects: {subject: packets}. */
void line_add_counts(json_t *to, const json_t *line);

#endif
