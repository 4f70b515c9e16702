/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One DNS server: its channel, its descriptors, its rate and how it answers. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../base/clock.h"
#include "internal.h"

#define AVOID_MIN_SEC 5
#define AVOID_MAX_SEC 60
/* RFC 9715 section 3.1: an answer of this size is not fragmented on any link that is in use. */
#define EDNS_UDP_SIZE 1232
/* 1000 answers in flight come in faster than they are read: the default of 208 KiB lost a tenth
 * of them (RcvbufErrors, measured). The kernel caps this at net.core.rmem_max. */
#define RECEIVE_BUFFER_BYTES (2 << 20)

static void unwatch(struct resolver *resolver, ares_socket_t fd)
{
	for (size_t i = 0; i < resolver->watch_count; i++) {
		if (resolver->watches[i].fd == fd) {
			resolver->watches[i] = resolver->watches[--resolver->watch_count];
			return;
		}
	}
}

static struct watch *watch_new(struct resolver *resolver)
{
	size_t capacity = resolver->watch_capacity ? resolver->watch_capacity * 2 : 8;
	struct watch *watches;

	if (resolver->watch_count == resolver->watch_capacity) {
		watches = reallocarray(resolver->watches, capacity, sizeof(*watches));
		if (!watches)
			return NULL; /* the query runs into its time-out and is asked again */
		resolver->watches = watches;
		resolver->watch_capacity = capacity;
	}
	return &resolver->watches[resolver->watch_count++];
}

static void on_socket_state(void *context, ares_socket_t fd, int readable, int writable)
{
	struct server *server = context;
	struct watch *watch;

	unwatch(server->resolver, fd);
	if (!readable && !writable)
		return;
	watch = watch_new(server->resolver);
	if (watch)
		*watch = (struct watch){fd, (readable ? POLLIN : 0) | (writable ? POLLOUT : 0), server};
}

static int set_server(ares_channel channel, const struct egret_addr *addr, uint16_t port)
{
	struct ares_addr_port_node node = {.udp_port = port, .tcp_port = port};

	if (addr_is_v4(addr)) {
		node.family = AF_INET;
		memcpy(&node.addr, &addr->bytes[12], 4);
	} else {
		node.family = AF_INET6;
		memcpy(&node.addr, addr->bytes, 16);
	}
	return ares_set_servers_ports(channel, &node);
}

/* connect() to a link-local address takes a link: c-ares names none (1.18 has no zones), so its socket gets one before.
 * SO_BINDTOIFINDEX is Linux 5.1; for a socket that is bound to nothing it takes no privilege (5.7). */
static int bind_to_link(ares_socket_t fd, int type, void *context)
{
	const struct server *server = context;
	int ifindex = (int)zoned_addr_ifindex(&server->record->health.server);

	(void)type;
	if (!ifindex)
		return -1; /* as if the server refused: the next one is asked */
	return setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex, sizeof(ifindex));
}

int server_open(struct server *server, struct resolver *resolver, const struct zoned_addr *addr)
{
	struct ares_options options = {
	    .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP,
	    .timeout = resolver->options.timeout_ms,
	    .tries = 1, /* who is asked next is decided in question.c, after SERVFAIL too */
	    .ednspsz = EDNS_UDP_SIZE,
	    .socket_receive_buffer_size = RECEIVE_BUFFER_BYTES,
	    .sock_state_cb = on_socket_state,
	    .sock_state_cb_data = server,
	};
	int rc = ares_init_options(&server->channel, &options,
				   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
				       ARES_OPT_SOCK_STATE_CB | ARES_OPT_SOCK_RCVBUF);

	if (rc != ARES_SUCCESS) {
		server->channel = NULL;
		return -ENOMEM;
	}
	server->resolver = resolver;
	server->record = book_open(resolver->book, addr);
	if (!server->record)
		return -ENOMEM;
	if (addr_is_link_local(&addr->addr))
		ares_set_socket_configure_callback(server->channel, bind_to_link, server);
	return set_server(server->channel, &addr->addr, resolver->options.port) == ARES_SUCCESS ? 0 : -ENOMEM;
}

void server_close(struct server *server)
{
	if (server->channel)
		ares_destroy(server->channel);
	if (server->record)
		book_close(server->resolver->book, server->record);
}

struct server *server_choose(struct resolver *resolver, uint32_t candidates)
{
	uint64_t now = clock_now_ns();
	struct server *avoided = NULL;

	for (size_t i = 0; i < resolver->server_count; i++) {
		struct server *server = &resolver->servers[i];

		if (!(candidates & UINT32_C(1) << i))
			continue;
		if (server->record->avoid_until_ns <= now)
			return server;
		if (!avoided)
			avoided = server;
	}
	return avoided;
}

static uint64_t token_ns(const struct server *server)
{
	return CLOCK_NS_PER_SEC / server->resolver->options.queries_per_sec;
}

/* A second's worth of queries may go at once; the last tenth of them is left to who is urgent, so that many names that
 * are asked again do not keep one waiting that somebody wants now. */
uint64_t server_ready_ns(const struct server *server)
{
	uint64_t ahead = server->resolver->options.urgent ? CLOCK_NS_PER_SEC : CLOCK_NS_PER_SEC / 10 * 9;

	return server->record->tokens_ns > ahead ? server->record->tokens_ns - ahead : 0;
}

void server_count_query(struct server *server)
{
	struct record *record = server->record;
	uint64_t now = clock_now_ns();

	if (record->tokens_ns < now)
		record->tokens_ns = now;
	record->tokens_ns += token_ns(server);
	record->health.queries++;
}

static void note_unanswered(struct resolver_health *health)
{
	if (!health->unanswered_since_ns)
		health->unanswered_since_ns = clock_realtime_ns();
}

static void note_silence(struct record *record)
{
	unsigned int over;
	uint64_t avoid_sec;

	note_unanswered(&record->health);
	record->health.timeouts++;
	record->health.timeouts_since_answer++;
	record->health.last_timeout_ns = clock_realtime_ns();
	if (++record->silent_in_row < RESOLVER_SILENT_LIMIT)
		return;
	over = (record->silent_in_row - RESOLVER_SILENT_LIMIT) / RESOLVER_SILENT_LIMIT;
	avoid_sec = over > 3 ? AVOID_MAX_SEC : AVOID_MIN_SEC << over;
	record->avoid_until_ns = clock_now_ns() + avoid_sec * CLOCK_NS_PER_SEC;
}

static void note_answer(struct resolver_health *health)
{
	health->answers++;
	health->last_answer_ns = clock_realtime_ns();
	health->unanswered_since_ns = 0;
	health->failures_since_answer = 0;
	health->timeouts_since_answer = 0;
}

static void note_failure(struct resolver_health *health)
{
	note_unanswered(health);
	health->failures++;
	health->failures_since_answer++;
}

void server_note(struct server *server, int ares_status)
{
	struct record *record = server->record;

	switch (ares_status) {
	case ARES_ETIMEOUT:
	case ARES_ECONNREFUSED:
		note_silence(record);
		return;
	case ARES_SUCCESS:
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
		note_answer(&record->health);
		break;
	default:
		note_failure(&record->health);
	}
	record->silent_in_row = 0;
	record->avoid_until_ns = 0;
}
