/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What standard output is shown on. */
#ifndef EGRET_SCREEN_H
#define EGRET_SCREEN_H

#include <stdbool.h>

#define SCREEN_WIDTH 80 /* where nobody says: `kubectl exec` without a terminal */

struct screen {
	int width;   /* in columns; 0 = as wide as need be */
	bool colour; /* a terminal, and NO_COLOR (no-color.org) is not set */
};

/* A terminal's own width, else that of COLUMNS, else SCREEN_WIDTH. */
void screen_find(struct screen *ret);
/* As wide as need be. */
void screen_find_wide(struct screen *ret);

/* What begins a colour, and what ends any; "" on a screen without. */
enum shade {
	SHADE_NONE = 0,
	SHADE_HEADING,
	SHADE_DENIED,
	SHADE_AUDITED,
	SHADE_OUTDATED,
};
const char *screen_begin(const struct screen *screen, enum shade shade);
const char *screen_end(const struct screen *screen, enum shade shade);

#endif
