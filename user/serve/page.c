// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "page.h"

#include "serve_page.h"

/* Nothing from elsewhere, and of what is here this script and this style alone: names in it are what others chose. */
#define POLICY                                                                                                         \
	"default-src 'none'; script-src '" PAGE_SCRIPT_HASH "'; style-src '" PAGE_STYLE_HASH                           \
	"'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* Without Accept-Encoding any coding may be sent (RFC 9110 section 12.5.3), and all browsers take this one. */
void page_give(struct http_reply *ret)
{
	ret->status = 200;
	ret->type = "text/html; charset=utf-8";
	ret->headers =
	    "Content-Encoding: gzip\r\nContent-Security-Policy: " POLICY "\r\nReferrer-Policy: no-referrer\r\n";
	ret->body = http_text_new(page_gzip, sizeof(page_gzip));
}
