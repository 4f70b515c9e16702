/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

/* Bytes of the character at @at, 0 if there is none; @left is 1 at least. */
static size_t character(const unsigned char *at, size_t left, uint32_t *ret_code)
{
	static const uint32_t least[] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};
	size_t len = at[0] >= 0xf8 ? 0 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;
	uint32_t code = at[0];

	if (at[0] >= 0x80) {
		if (!len || len > left)
			return 0;
		code &= 0x7f >> len;
		for (size_t i = 1; i < len; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (at[i] & 0x3f);
		}
		if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return 0;
	}
	*ret_code = code;
	return at[0] < 0x80 ? 1 : len;
}

/* C0, DEL and C1. */
/* What turns a line around on a terminal, or ends it (Unicode 15, UAX #9 and line breaks). */
static bool is_direction(uint32_t code)
{
	return code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static bool is_control(uint32_t code)
{
	return code < ' ' || (code >= 0x7f && code < 0xa0) || is_direction(code);
}

size_t text_utf8_len(const char *text, size_t len)
{
	uint32_t code;
	size_t at = 0, step;

	while (at < len && (step = character((const unsigned char *)text + at, len - at, &code)))
		at += step;
	return at;
}

void text_make_printable(char *text, size_t size)
{
	size_t len = strnlen(text, size - 1);
	uint32_t code;

	text[len] = '\0';
	for (size_t at = 0, step; at < len; at += step) {
		step = character((const unsigned char *)text + at, len - at, &code);
		if (step && !is_control(code))
			continue;
		step = step ? step : 1;
		memset(text + at, '?', step);
	}
}
