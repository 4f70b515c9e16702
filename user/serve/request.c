// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "request.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/addr.h"

/* Also of bare line feeds, which a server may take (RFC 9112 section 2.2). */
static const char *find_end(const char *text, size_t len)
{
	const char *crlf = memmem(text, len, "\r\n\r\n", 4), *lf = memmem(text, len, "\n\n", 2);

	if (!crlf || (lf && lf < crlf))
		return lf;
	return crlf;
}

static bool begins(const char *text, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - text) >= len && !strncasecmp(text, word, len);
}

/* "GET /metrics?x HTTP/1.1" (RFC 9112 section 3). */
static int parse_line(const char *at, const char *end, struct request *ret)
{
	const char *blank = memchr(at, ' ', (size_t)(end - at)), *path, *path_end, *query;
	size_t len;

	if (!blank)
		return 400;
	ret->head = blank - at == 4 && !memcmp(at, "HEAD", 4);
	path = blank + 1;
	path_end = memchr(path, ' ', (size_t)(end - path));
	if (!path_end || *path != '/' || !begins(path_end + 1, end, "HTTP/1."))
		return 400;
	if (!ret->head && !(blank - at == 3 && !memcmp(at, "GET", 3)))
		return 405;
	query = memchr(path, '?', (size_t)(path_end - path));
	len = (size_t)((query ? query : path_end) - path);
	if (len >= sizeof(ret->path))
		return 414;
	if (memchr(path, '\0', len))
		return 400;
	memcpy(ret->path, path, len);
	ret->path[len] = '\0';
	return 0;
}

/* Whoever has no use for it does not name it. */
static bool takes_open_metrics(const char *at, const char *end)
{
	static const char type[] = "application/openmetrics-text";

	if (!begins(at, end, "accept:"))
		return false;
	while (at < end && !begins(at, end, type))
		at++;
	return at < end;
}

/* ":9964", or nothing. */
static bool is_port(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return !len || *text == ':';
}

static bool is_loopback_name(const char *host, size_t len)
{
	char text[ADDR_TEXT_SIZE];
	struct egret_addr addr;

	if (len == strlen("localhost") && !strncasecmp(host, "localhost", len))
		return true;
	if (len >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)len, host);
	return !addr_parse(text, &addr) && addr_is_loopback(&addr);
}

/* "localhost:9964", "[::1]": an address that can be nobody else's, or the name of one (RFC 6761 section 6.3). */
static bool is_loopback(const char *host, size_t len)
{
	const bool bracketed = len && *host == '[';
	const char *end = memchr(host, bracketed ? ']' : ':', len);
	size_t name_len = end ? (size_t)(end - host) : len, rest = name_len + bracketed;

	if (bracketed && !end)
		return false;
	return is_port(host + rest, len - rest) && is_loopback_name(host + bracketed, name_len - bracketed);
}

static bool has_foreign_host(const char *at, const char *end)
{
	if (!begins(at, end, "host:"))
		return false;
	at += strlen("host:");
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && strchr(" \t\r", end[-1]))
		end--;
	return !is_loopback(at, (size_t)(end - at));
}

int request_parse(const char *text, size_t len, struct request *ret)
{
	const char *end = find_end(text, len), *line, *next;
	int rc;

	*ret = (struct request){};
	if (!end)
		return -EAGAIN;
	next = memchr(text, '\n', (size_t)(end + 2 - text));
	rc = parse_line(text, next, ret);
	if (rc)
		return rc;
	for (line = next + 1; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end + 2 - line));
		ret->open |= takes_open_metrics(line, next);
		ret->foreign |= has_foreign_host(line, next);
	}
	return 0;
}
