// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "http.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../base/addr.h"
#include "../base/clock.h"

#define LIFE_NS (HTTP_LIFE_SEC * CLOCK_NS_PER_SEC)
/* For the other end to read the reply, before the kernel may reset what has unread octets. */
#define LINGER_NS (1 * CLOCK_NS_PER_SEC)
/* Of one listener in one turn: nobody waits long behind a flood. */
#define ACCEPTS_A_TURN 64
/* Of a reply: what is always there, and http_reply.headers. */
#define HEAD_SIZE 768

enum stage { STAGE_FREE, STAGE_READING, STAGE_WRITING, STAGE_LINGERING };

struct connection {
	enum stage stage;
	int fd;
	bool from_here;            /* its other end is of the loopback */
	uint64_t until_ns, number; /* in the order of coming */
	size_t have, sent, head_len;
	struct http_text *body;
	char head[HEAD_SIZE], request[HTTP_REQUEST_SIZE];
};

struct http {
	struct loop_module module;
	void (*answer)(void *context, const struct request *request, struct http_reply *ret);
	void *context;
	int listeners[HTTP_LISTENERS];
	size_t listener_count;
	uint64_t next_number;
	struct http_counts counts;
	struct connection connections[HTTP_CONNECTIONS];
};

struct http_text *http_text_new(const char *bytes, size_t len)
{
	struct http_text *text = malloc(sizeof(*text) + len);

	if (!text)
		return NULL;
	text->references = 1;
	text->len = len;
	memcpy(text->bytes, bytes, len);
	return text;
}

void http_text_put(struct http_text *text)
{
	if (text && !--text->references)
		free(text);
}

static void drop(struct http *http, struct connection *connection)
{
	close(connection->fd);
	http_text_put(connection->body);
	connection->body = NULL;
	connection->stage = STAGE_FREE;
	http->counts.open--;
}

/* --- what one connection says and hears --- */

static const char *phrase_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 414:
		return "URI Too Long";
	case HTTP_TEXT_TOO_LARGE:
		return "Request Header Fields Too Large";
	default:
		return "Service Unavailable";
	}
}

static void reply(struct connection *connection, const struct http_reply *reply, bool head)
{
	connection->head_len = (size_t)snprintf(
	    connection->head, sizeof(connection->head),
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%sCache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
	    reply->status, phrase_of(reply->status), reply->type, reply->body ? reply->body->len : 0,
	    reply->status == 405 ? "Allow: GET, HEAD\r\n" : "", reply->headers ? reply->headers : "");
	connection->body = reply->body;
	if (head) {
		http_text_put(connection->body);
		connection->body = NULL;
	}
	connection->sent = 0;
	connection->stage = STAGE_WRITING;
}

static void refuse(struct connection *connection, int status)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%d %s\n", status, phrase_of(status));
	struct http_reply refusal = {
	    .status = status, .type = "text/plain; charset=utf-8", .body = http_text_new(text, (size_t)len)};

	reply(connection, &refusal, false);
}

static bool is_of_loopback(const struct sockaddr_storage *end)
{
	const struct sockaddr_in *v4 = (const void *)end;
	const struct sockaddr_in6 *v6 = (const void *)end;
	struct egret_addr addr;

	if (end->ss_family == AF_INET)
		addr = addr_from_v4(v4->sin_addr.s_addr);
	else if (end->ss_family == AF_INET6)
		memcpy(addr.bytes, v6->sin6_addr.s6_addr, sizeof(addr.bytes));
	else
		return false;
	return addr_is_loopback(&addr);
}

/* Both ends are: with net.ipv4.conf.all.route_localnet, which kube-proxy sets, a neighbour reaches 127.0.0.1, too
 * (CVE-2020-8558). */
static bool is_local(const struct connection *connection)
{
	struct sockaddr_storage own = {};
	socklen_t len = sizeof(own);

	return connection->from_here && !getsockname(connection->fd, (struct sockaddr *)&own, &len) &&
	       is_of_loopback(&own);
}

static void answer_request(const struct http *http, struct connection *connection)
{
	struct http_reply given = {.status = 503, .type = "text/plain; charset=utf-8"};
	struct request request;
	int rc = request_parse(connection->request, connection->have, &request);

	if (rc == -EAGAIN && connection->have < sizeof(connection->request))
		return;
	if (rc == -EAGAIN)
		rc = HTTP_TEXT_TOO_LARGE;
	if (rc) {
		refuse(connection, rc);
		return;
	}
	request.local = is_local(connection);
	http->answer(http->context, &request, &given);
	reply(connection, &given, request.head);
}

static void hear(struct http *http, struct connection *connection)
{
	ssize_t got = read(connection->fd, connection->request + connection->have,
			   sizeof(connection->request) - connection->have);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		drop(http, connection);
		return;
	}
	connection->have += (size_t)got;
	answer_request(http, connection);
}

static void say(struct http *http, struct connection *connection)
{
	size_t body_len = connection->body ? connection->body->len : 0, sent = connection->sent;
	size_t of_body = sent > connection->head_len ? sent - connection->head_len : 0;
	struct iovec parts[] = {
	    {connection->head + (sent - of_body), connection->head_len - (sent - of_body)},
	    {connection->body ? connection->body->bytes + of_body : NULL, body_len - of_body},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t rc = sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (rc < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (rc < 0) {
		drop(http, connection);
		return;
	}
	connection->sent += (size_t)rc;
	if (connection->sent < connection->head_len + body_len)
		return;
	shutdown(connection->fd, SHUT_WR);
	connection->stage = STAGE_LINGERING;
	if (connection->until_ns > clock_now_ns() + LINGER_NS)
		connection->until_ns = clock_now_ns() + LINGER_NS;
}

static void linger(struct http *http, struct connection *connection)
{
	ssize_t got = read(connection->fd, connection->request, sizeof(connection->request));

	if (!got || (got < 0 && errno != EAGAIN && errno != EINTR))
		drop(http, connection);
}

/* --- all of them --- */

/* Whoever asked nothing yet goes before whoever is read a reply. */
static bool goes_before(const struct connection *one, const struct connection *other)
{
	bool one_writes = one->stage == STAGE_WRITING, other_writes = other->stage == STAGE_WRITING;

	return one_writes == other_writes ? one->number < other->number : other_writes;
}

static struct connection *find_place(struct http *http)
{
	struct connection *first = &http->connections[0];

	for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
		struct connection *one = &http->connections[i];

		if (one->stage == STAGE_FREE)
			return one;
		if (goes_before(one, first))
			first = one;
	}
	drop(http, first);
	http->counts.pushed_out++;
	return first;
}

static void go_on(struct http *http, struct connection *connection)
{
	if (connection->stage == STAGE_READING)
		hear(http, connection);
	else if (connection->stage == STAGE_LINGERING)
		linger(http, connection);
	/* Most replies fit into the socket's buffer at once. */
	if (connection->stage == STAGE_WRITING)
		say(http, connection);
}

static void accept_some(struct http *http, int listener)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage peer = {};
		socklen_t len = sizeof(peer);
		int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct connection *connection;

		if (fd < 0)
			return;
		connection = find_place(http);
		connection->stage = STAGE_READING;
		connection->fd = fd;
		connection->from_here = is_of_loopback(&peer);
		connection->have = 0;
		connection->number = http->next_number++;
		connection->until_ns = clock_now_ns() + LIFE_NS;
		http->counts.accepted++;
		http->counts.open++;
		go_on(http, connection); /* what was asked is there already, most often */
	}
}

static void end_if_late(struct http *http, struct connection *connection, uint64_t now_ns)
{
	if (connection->stage == STAGE_FREE || now_ns < connection->until_ns)
		return;
	http->counts.too_slow += connection->stage != STAGE_LINGERING;
	drop(http, connection);
}

/* Listeners first, then connections in their order. */
static size_t prepare(void *context, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	struct http *http = context;
	uint64_t now_ns = clock_now_ns(), first_ns = UINT64_MAX;
	size_t count = 0;

	for (size_t i = 0; i < http->listener_count; i++, count++)
		if (count < capacity)
			fds[count] = (struct pollfd){.fd = http->listeners[i], .events = POLLIN};
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
		const struct connection *connection = &http->connections[i];

		if (connection->stage == STAGE_FREE)
			continue;
		if (count < capacity)
			fds[count] = (struct pollfd){.fd = connection->fd,
						     .events = connection->stage == STAGE_WRITING ? POLLOUT : POLLIN};
		count++;
		first_ns = connection->until_ns < first_ns ? connection->until_ns : first_ns;
	}
	*ret_timeout_ms = -1;
	if (first_ns != UINT64_MAX)
		*ret_timeout_ms = first_ns > now_ns ? (int)((first_ns - now_ns) / CLOCK_NS_PER_MS) + 1 : 0;
	return count;
}

static struct connection *connection_of(struct http *http, int fd)
{
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
		if (http->connections[i].stage != STAGE_FREE && http->connections[i].fd == fd)
			return &http->connections[i];
	return NULL;
}

/* Connections before listeners: a descriptor that is closed here may be another one's after an accept. */
static void process(void *context, const struct pollfd *fds, size_t count)
{
	struct http *http = context;
	uint64_t now_ns = clock_now_ns();

	for (size_t i = http->listener_count; i < count; i++) {
		struct connection *connection = fds[i].revents ? connection_of(http, fds[i].fd) : NULL;

		if (connection)
			go_on(http, connection);
	}
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
		end_if_late(http, &http->connections[i], now_ns);
	for (size_t i = 0; i < http->listener_count && i < count; i++)
		if (fds[i].revents)
			accept_some(http, fds[i].fd);
}

struct http *http_new(struct loop *loop,
		      void (*answer)(void *context, const struct request *request, struct http_reply *ret),
		      void *context)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->answer = answer;
	http->context = context;
	http->module.prepare = prepare;
	http->module.process = process;
	http->module.context = http;
	loop_module_add(loop, &http->module);
	return http;
}

int http_listen(struct http *http, int fd)
{
	if (http->listener_count == HTTP_LISTENERS)
		return -ENOSPC;
	http->listeners[http->listener_count++] = fd;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
		if (http->connections[i].stage != STAGE_FREE)
			drop(http, &http->connections[i]);
	for (size_t i = 0; i < http->listener_count; i++)
		close(http->listeners[i]);
	loop_module_remove(&http->module);
	free(http);
}

void http_get_counts(const struct http *http, struct http_counts *ret)
{
	*ret = http->counts;
}
