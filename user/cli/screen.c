// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../base/value.h"

#define WIDTH_MIN 50
#define WIDTH_MAX 1000

static int width_of(unsigned int columns)
{
	return columns >= WIDTH_MIN && columns <= WIDTH_MAX ? (int)columns : SCREEN_WIDTH;
}

static int find_width(bool terminal)
{
	const char *said = getenv("COLUMNS");
	struct winsize size = {};
	unsigned int columns = 0;

	if (terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return width_of(size.ws_col);
	if (said && !value_number(said, WIDTH_MAX, &columns))
		return width_of(columns);
	return SCREEN_WIDTH;
}

void screen_find(struct screen *ret)
{
	const char *refused = getenv("NO_COLOR"), *kind = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO);

	ret->width = find_width(terminal);
	ret->colour = terminal && !(refused && *refused) && kind && *kind && strcmp(kind, "dumb") != 0;
}

void screen_find_wide(struct screen *ret)
{
	screen_find(ret);
	ret->width = 0;
}

const char *screen_begin(const struct screen *screen, enum shade shade)
{
	/* Bold, red, yellow, faint: of ECMA-48 (SGR) what dark and light terminals both show. */
	static const char *const begins[] = {"", "\033[1m", "\033[31m", "\033[33m", "\033[2m"};

	return screen->colour ? begins[shade] : "";
}

const char *screen_end(const struct screen *screen, enum shade shade)
{
	return screen->colour && shade != SHADE_NONE ? "\033[0m" : "";
}
