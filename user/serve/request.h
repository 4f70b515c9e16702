/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a client asks for by HTTP/1.1 (RFC 9112), as far as this server cares. */
#ifndef EGRET_SERVE_REQUEST_H
#define EGRET_SERVE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct request {
	char path[128]; /* without a query */
	bool head;      /* the reply's head alone */
	bool open;      /* it takes OpenMetrics */
	bool foreign;   /* its Host is another than localhost or an address of the loopback: see answers.c */
	bool local;     /* by an address of the loopback; not in the text: http.c sets it */
};

/* 0: @ret is whole. -EAGAIN: there is more to come. Else the status of a reply that says what is wrong: 400, 405, 414.
 */
int request_parse(const char *text, size_t len, struct request *ret);

#endif
