// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "clock.h"

struct loop {
	struct loop_fd *fds;
	struct loop_timer *timers;
	struct loop_module *modules;
	struct pollfd *polled;
	size_t count, capacity;
	bool stopped;
};

struct loop *loop_new(void)
{
	return calloc(1, sizeof(struct loop));
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	free(loop->polled);
	free(loop);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_fd_add(struct loop *loop, struct loop_fd *waiter, int fd, void (*ready)(void *context), void *context)
{
	if (fd < 0)
		return;
	*waiter = (struct loop_fd){.ready = ready, .context = context, .fd = fd, .loop = loop, .next = loop->fds};
	loop->fds = waiter;
}

void loop_fd_remove(struct loop_fd *waiter)
{
	struct loop_fd **at;

	if (!waiter->loop)
		return;
	for (at = &waiter->loop->fds; *at != waiter; at = &(*at)->next)
		;
	*at = waiter->next;
	waiter->loop = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *waiter, uint64_t at_ns, void (*over)(void *context),
		    void *context)
{
	loop_timer_stop(waiter);
	*waiter =
	    (struct loop_timer){.over = over, .context = context, .at_ns = at_ns, .loop = loop, .next = loop->timers};
	loop->timers = waiter;
}

void loop_timer_stop(struct loop_timer *waiter)
{
	struct loop_timer **at;

	if (!waiter->loop)
		return;
	for (at = &waiter->loop->timers; *at != waiter; at = &(*at)->next)
		;
	*at = waiter->next;
	waiter->loop = NULL;
}

void loop_module_add(struct loop *loop, struct loop_module *waiter)
{
	waiter->loop = loop;
	waiter->due = false;
	waiter->next = loop->modules;
	loop->modules = waiter;
}

void loop_module_remove(struct loop_module *waiter)
{
	struct loop_module **at;

	if (!waiter->loop)
		return;
	for (at = &waiter->loop->modules; *at != waiter; at = &(*at)->next)
		;
	*at = waiter->next;
	waiter->loop = NULL;
}

static int reserve(struct loop *loop, size_t count)
{
	struct pollfd *polled;

	if (count <= loop->capacity)
		return 0;
	polled = reallocarray(loop->polled, 2 * count, sizeof(*polled));
	if (!polled)
		return -ENOMEM;
	loop->polled = polled;
	loop->capacity = 2 * count;
	return 0;
}

static void earlier_ms(int *ms, int other_ms)
{
	if (other_ms >= 0 && (*ms < 0 || other_ms < *ms))
		*ms = other_ms;
}

/* What has no room is left out for this turn: it is asked again at the next one. */
static void prepare_module(struct loop *loop, struct loop_module *module, int *timeout_ms)
{
	size_t room = loop->capacity - loop->count, count;
	int own_ms = -1;

	count = module->prepare(module->context, loop->polled + loop->count, room, &own_ms);
	if (count > room && !reserve(loop, loop->count + count)) {
		room = loop->capacity - loop->count;
		count = module->prepare(module->context, loop->polled + loop->count, room, &own_ms);
	}
	module->first = loop->count;
	module->count = count < room ? count : room;
	module->due = true;
	loop->count += module->count;
	earlier_ms(timeout_ms, own_ms);
}

static int until_ms(uint64_t at_ns)
{
	uint64_t now = clock_now_ns();
	uint64_t ms = at_ns > now ? (at_ns - now + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS : 0;

	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Fills the array: descriptors first, in the order of their list, then the modules'. */
static int prepare(struct loop *loop, int *timeout_ms)
{
	size_t count = 0;

	for (struct loop_fd *waiter = loop->fds; waiter; waiter = waiter->next)
		count++;
	if (reserve(loop, count))
		return -ENOMEM;
	loop->count = 0;
	for (struct loop_fd *waiter = loop->fds; waiter; waiter = waiter->next)
		loop->polled[loop->count++] = (struct pollfd){.fd = waiter->fd, .events = POLLIN};
	*timeout_ms = -1;
	for (struct loop_module *waiter = loop->modules; waiter; waiter = waiter->next)
		prepare_module(loop, waiter, timeout_ms);
	for (struct loop_timer *waiter = loop->timers; waiter; waiter = waiter->next)
		earlier_ms(timeout_ms, until_ms(waiter->at_ns));
	return 0;
}

/* Before anybody is called back, who may change the lists. */
static void mark(struct loop *loop)
{
	uint64_t now = clock_now_ns();
	size_t i = 0;

	for (struct loop_fd *waiter = loop->fds; waiter; waiter = waiter->next)
		waiter->due = loop->polled[i++].revents;
	for (struct loop_timer *waiter = loop->timers; waiter; waiter = waiter->next)
		waiter->due = now >= waiter->at_ns;
}

/* The lists are searched anew after each call, since it may have taken out any waiter. */
static void call_modules(struct loop *loop)
{
	struct loop_module *waiter = loop->modules;

	while (waiter && !loop->stopped) {
		if (!waiter->due) {
			waiter = waiter->next;
			continue;
		}
		waiter->due = false;
		waiter->process(waiter->context, loop->polled + waiter->first, waiter->count);
		waiter = loop->modules;
	}
}

static void call_fds(struct loop *loop)
{
	struct loop_fd *waiter = loop->fds;

	while (waiter && !loop->stopped) {
		if (!waiter->due) {
			waiter = waiter->next;
			continue;
		}
		waiter->due = false;
		waiter->ready(waiter->context);
		waiter = loop->fds;
	}
}

static void call_timers(struct loop *loop)
{
	struct loop_timer *waiter = loop->timers;

	while (waiter && !loop->stopped) {
		if (!waiter->due) {
			waiter = waiter->next;
			continue;
		}
		loop_timer_stop(waiter);
		waiter->over(waiter->context);
		waiter = loop->timers;
	}
}

static int turn(struct loop *loop)
{
	int timeout_ms, rc = prepare(loop, &timeout_ms);

	if (rc)
		return rc;
	if (poll(loop->polled, loop->count, timeout_ms) < 0) {
		if (errno != EINTR)
			return -errno;
		for (size_t i = 0; i < loop->count; i++)
			loop->polled[i].revents = 0;
	}
	mark(loop);
	call_modules(loop);
	call_fds(loop);
	call_timers(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int rc = 0;

	loop->stopped = false;
	while (!rc && !loop->stopped)
		rc = turn(loop);
	return rc;
}
