/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A server of HTTP that cannot be filled up: so many connections, each for so long and with so much of a request, one
 * request each. Who comes when all places are taken pushes out whoever has been at it longest.
 */
#ifndef EGRET_SERVE_HTTP_H
#define EGRET_SERVE_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/loop.h"
#include "request.h"

#define HTTP_CONNECTIONS    128
#define HTTP_LISTENERS      8
#define HTTP_REQUEST_SIZE   4096
#define HTTP_LIFE_SEC       10
#define HTTP_TEXT_TOO_LARGE 431 /* RFC 6585 section 5 */

/* What many replies share. */
struct http_text {
	size_t references, len;
	char bytes[];
};
/* One reference, the caller's. NULL: out of memory. */
struct http_text *http_text_new(const char *bytes, size_t len);
void http_text_put(struct http_text *text); /* takes NULL */

struct http_reply {
	int status;
	const char *type;       /* of the body */
	const char *headers;    /* others than those of all replies, each with its line end; NULL = none */
	struct http_text *body; /* a reference that the server takes over */
};

struct http;
/* @answer fills in a reply to each whole request. NULL: out of memory. */
struct http *http_new(struct loop *loop,
		      void (*answer)(void *context, const struct request *request, struct http_reply *ret),
		      void *context);
/* Takes over a listening socket that does not block. -ENOSPC: there are HTTP_LISTENERS. */
int http_listen(struct http *http, int fd);
void http_free(struct http *http); /* takes NULL */

struct http_counts {
	uint64_t accepted, pushed_out, too_slow, open;
};
void http_get_counts(const struct http *http, struct http_counts *ret);

#endif
