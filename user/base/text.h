/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text that somebody else wrote, before a person's terminal or a JSON parser gets it. */
#ifndef EGRET_TEXT_H
#define EGRET_TEXT_H

#include <stddef.h>

/* How many bytes of @text are UTF-8 (RFC 3629), up to the first that is not. */
size_t text_utf8_len(const char *text, size_t len);

/* Ends @text within @size, and puts a ? for each byte that is no printable UTF-8:
 * control bytes would steer a terminal, and JSON takes nothing else. */
void text_make_printable(char *text, size_t size);

#endif
