/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One thread that waits for many things: descriptors that can be read, times, and modules with
 * descriptors of their own that come and go (resolve/, by c-ares). Whoever waits is called back, for
 * a moment only: nothing here may wait by itself.
 *
 * Waiters are part of their owner's memory and all zero before they are added. An owner takes them
 * out before it is freed; it may do so, and add others, while it is called back.
 */
#ifndef EGRET_LOOP_H
#define EGRET_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* NULL: out of memory. */
struct loop *loop_new(void);
/* Takes NULL. What still waits is not touched. */
void loop_free(struct loop *loop);

/* Calls back until loop_stop: then nobody else is called any more. 0, or a negative errno of poll(2). */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* A descriptor that can be read, or has come to its end. */
struct loop_fd {
	void (*ready)(void *context);
	void *context;
	int fd;
	bool due; /* the loop's own, as are the next two */
	struct loop *loop;
	struct loop_fd *next;
};
/* @fd is borrowed. Less than 0: nothing is waited for, and loop_fd_remove may be called all the same. */
void loop_fd_add(struct loop *loop, struct loop_fd *waiter, int fd, void (*ready)(void *context), void *context);
void loop_fd_remove(struct loop_fd *waiter);

/* A time that comes, once. */
struct loop_timer {
	void (*over)(void *context);
	void *context;
	uint64_t at_ns; /* CLOCK_MONOTONIC */
	bool due;
	struct loop *loop; /* NULL: it is not set */
	struct loop_timer *next;
};
/* Moves one that is set already. A time that is over comes at the next turn. */
void loop_timer_set(struct loop *loop, struct loop_timer *waiter, uint64_t at_ns, void (*over)(void *context),
		    void *context);
void loop_timer_stop(struct loop_timer *waiter);

/* A module that says before each turn what it waits for. */
struct loop_module {
	/* As resolver_poll: fills @fds, returns how many it would fill, and the time it can wait; -1 = for ever. */
	size_t (*prepare)(void *context, struct pollfd *fds, size_t capacity, int *ret_timeout_ms);
	/* After each turn, whether one of @fds is ready or not. */
	void (*process)(void *context, const struct pollfd *fds, size_t count);
	void *context;
	size_t first, count; /* of the loop's array */
	bool due;
	struct loop *loop;
	struct loop_module *next;
};
/* Takes the functions and the context that the owner has set. */
void loop_module_add(struct loop *loop, struct loop_module *waiter);
void loop_module_remove(struct loop_module *waiter);

#endif
