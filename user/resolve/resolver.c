/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "resolver.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../base/clock.h"
#include "internal.h"

#define DNS_PORT           53 /* RFC 1035 section 4.2 */
#define DEFAULT_INFLIGHT   64
#define DEFAULT_TIMEOUT_MS 2000
#define DEFAULT_TRIES      3

static void set_options(struct resolver *resolver, const struct resolver_options *options)
{
	resolver->options = *options;
	resolver->options.servers = NULL; /* the caller's, both */
	resolver->options.book = NULL;
	if (!options->port)
		resolver->options.port = DNS_PORT;
	if (!options->inflight)
		resolver->options.inflight = DEFAULT_INFLIGHT;
	if (!options->queries_per_sec)
		resolver->options.queries_per_sec = RESOLVER_DEFAULT_RATE;
	if (!options->timeout_ms)
		resolver->options.timeout_ms = DEFAULT_TIMEOUT_MS;
	if (!options->tries)
		resolver->options.tries = DEFAULT_TRIES;
}

int resolver_new(const struct resolver_options *options, resolver_notify notify, void *context, struct resolver **ret)
{
	struct resolver *resolver;
	int rc;

	if (!options->server_count)
		return -EINVAL;
	if (options->server_count > RESOLVER_MAX_SERVERS)
		return -E2BIG;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return -ENOMEM;
	resolver = calloc(1, sizeof(*resolver));
	if (!resolver) {
		ares_library_cleanup();
		return -ENOMEM;
	}
	set_options(resolver, options);
	resolver->notify = notify;
	resolver->context = context;
	/* Only spreads refreshes over time: a weak seed is no harm. */
	if (getrandom(&resolver->random_state, sizeof(resolver->random_state), 0) < 0)
		resolver->random_state = (unsigned int)clock_now_ns();
	resolver->book = resolver_book_join(options->book);
	resolver->servers = calloc(options->server_count, sizeof(*resolver->servers));
	rc = resolver->book && resolver->servers ? 0 : -ENOMEM;
	for (; !rc && resolver->server_count < options->server_count; resolver->server_count++)
		rc = server_open(&resolver->servers[resolver->server_count], resolver,
				 &options->servers[resolver->server_count]);
	if (rc) {
		resolver_free(resolver);
		return rc;
	}
	*ret = resolver;
	return 0;
}

void resolver_free(struct resolver *resolver)
{
	struct name *name, *next;

	if (!resolver)
		return;
	resolver->closing = true;
	for (size_t i = 0; i < resolver->server_count; i++)
		server_close(&resolver->servers[i]);
	HASH_ITER (hh, resolver->names, name, next) {
		HASH_DEL(resolver->names, name);
		name_free(name);
	}
	resolver_book_leave(resolver->book);
	free(resolver->servers);
	free(resolver->watches);
	free(resolver->schedule.heap);
	free(resolver);
	ares_library_cleanup();
}

static struct name *find(struct resolver *resolver, const char *text)
{
	struct name *name;

	HASH_FIND_STR(resolver->names, text, name);
	return name;
}

int resolver_add(struct resolver *resolver, const char *text)
{
	struct name *name;

	if (find(resolver, text))
		return 0;
	if (schedule_reserve(&resolver->schedule, HASH_COUNT(resolver->names) + 1))
		return -ENOMEM;
	name = calloc(1, sizeof(*name));
	if (!name)
		return -ENOMEM;
	name->text = strdup(text);
	if (!name->text) {
		free(name);
		return -ENOMEM;
	}
	name->resolver = resolver;
	name->heap_at = SIZE_MAX;
	name->seen.name = name->text;
	name->seen.error = name->error;
	/* A time that is over: those that are new go first, before any that are asked again, in their order. */
	name->refresh_ns = 1 + HASH_COUNT(resolver->names);
	HASH_ADD_KEYPTR(hh, resolver->names, name->text, strlen(name->text), name);
	name_schedule(name);
	resolver->pending++;
	return 0;
}

void resolver_hurry(struct resolver *resolver, const char *text)
{
	struct name *name = find(resolver, text);

	if (!name || name->heap_at == SIZE_MAX || name->refresh_ns > NAME_LATER_NS + HASH_COUNT(resolver->names))
		return;
	name->refresh_ns = 0;
	name_schedule(name);
}

uint32_t resolver_first_round_sec(size_t names, unsigned int queries_per_sec)
{
	unsigned int rate = queries_per_sec ? queries_per_sec : RESOLVER_DEFAULT_RATE;

	return (names * FAMILIES + rate - 1) / rate;
}

int resolver_remove(struct resolver *resolver, const char *text)
{
	struct name *name = find(resolver, text);

	if (!name)
		return -ENOENT;
	HASH_DEL(resolver->names, name);
	schedule_remove(&resolver->schedule, name);
	if (!name->ended_once)
		resolver->pending--;
	if (name->round.open)
		name->removed = true;
	else
		name_free(name);
	return 0;
}

int resolver_recall(struct resolver *resolver, const char *text, const struct egret_addr *addrs, size_t count,
		    uint64_t answered_ns)
{
	struct name *name = find(resolver, text);
	int rc;

	if (!name || name->seen.addr_count ||
	    (name->seen.state != RESOLVER_PENDING && name->seen.state != RESOLVER_FAILED))
		return 0;
	rc = name_recall(name, addrs, count, answered_ns);
	if (!rc)
		resolver->notify(resolver->context, &name->seen, true);
	return rc;
}

const struct resolver_name *resolver_find(struct resolver *resolver, const char *text)
{
	const struct name *name = find(resolver, text);

	return name ? &name->seen : NULL;
}

void resolver_each(struct resolver *resolver, void (*visit)(void *context, const struct resolver_name *name),
		   void *context)
{
	struct name *name, *next;

	HASH_ITER (hh, resolver->names, name, next)
		visit(context, &name->seen);
}

/* When the first name can be looked after; UINT64_MAX = when an answer came, or never. */
static uint64_t next_turn_ns(struct resolver *resolver)
{
	const struct name *first = schedule_first(&resolver->schedule);
	uint64_t ready;

	if (!first)
		return UINT64_MAX;
	if (first->refresh_ns > first->seen.next_ns)
		return first->seen.next_ns; /* addresses run out: nobody is asked */
	if (resolver->inflight && resolver->inflight + FAMILIES > resolver->options.inflight)
		return UINT64_MAX;
	ready = server_ready_ns(server_choose(resolver, UINT32_MAX));
	return ready > first->seen.next_ns ? ready : first->seen.next_ns;
}

static int until_ms(uint64_t at_ns)
{
	uint64_t now = clock_now_ns(), ms;

	if (at_ns == UINT64_MAX)
		return -1;
	ms = at_ns > now ? (at_ns - now + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS : 0;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void earlier_ms(int *ms, int other_ms)
{
	if (other_ms >= 0 && (*ms < 0 || other_ms < *ms))
		*ms = other_ms;
}

size_t resolver_poll(struct resolver *resolver, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	*ret_timeout_ms = until_ms(next_turn_ns(resolver));
	for (size_t i = 0; i < resolver->server_count; i++) {
		struct timeval wait;

		if (ares_timeout(resolver->servers[i].channel, NULL, &wait))
			earlier_ms(ret_timeout_ms, (int)(wait.tv_sec * 1000 + (wait.tv_usec + 999) / 1000));
	}
	for (size_t i = 0; i < resolver->watch_count && i < capacity; i++)
		fds[i] = (struct pollfd){.fd = resolver->watches[i].fd, .events = resolver->watches[i].events};
	return resolver->watch_count;
}

static ares_channel channel_of(const struct resolver *resolver, int fd)
{
	for (size_t i = 0; i < resolver->watch_count; i++) {
		if (resolver->watches[i].fd == fd)
			return resolver->watches[i].server->channel;
	}
	return NULL; /* closed by an answer that came before */
}

static void look_after(struct resolver *resolver, struct name *name, uint64_t now_ns)
{
	if (name_drop_expired(name, now_ns))
		resolver->notify(resolver->context, &name->seen, true);
	if (name->refresh_ns > now_ns) {
		name_schedule(name);
		return;
	}
	schedule_remove(&resolver->schedule, name);
	questions_ask(name);
}

static void read_descriptors(struct resolver *resolver, const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ares_channel channel = fds[i].revents ? channel_of(resolver, fds[i].fd) : NULL;
		bool readable = fds[i].revents & (POLLIN | POLLERR | POLLHUP);

		if (channel)
			ares_process_fd(channel, readable ? fds[i].fd : ARES_SOCKET_BAD,
					fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	}
	for (size_t i = 0; i < resolver->server_count; i++) /* time-outs */
		ares_process_fd(resolver->servers[i].channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void resolver_process(struct resolver *resolver, const struct pollfd *fds, size_t count)
{
	uint64_t now;

	read_descriptors(resolver, fds, count);
	now = clock_now_ns();
	while (next_turn_ns(resolver) <= now)
		look_after(resolver, schedule_first(&resolver->schedule), now);
}

size_t resolver_pending(const struct resolver *resolver)
{
	return resolver->pending;
}
