/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The command of `egret exec`: who it runs as, and what it may not bring along. A
 * socket made elsewhere would belong to another cgroup, and be free.
 */
#ifndef EGRET_SANDBOX_H
#define EGRET_SANDBOX_H

#include <sys/types.h>

#include "../base/error.h"
#include "caller.h"

struct sandbox {
	int cgroup_fd;
	pid_t parent;
	const char *instance;
	const struct caller *caller;
	char *const *words; /* ends with NULL */
};

/* Refuses a standard stream that is an internet socket. */
int sandbox_check(struct error *error);
/* In the child: enters the cgroup, becomes the caller, gives up new privileges and inherited
 * sockets, dies with its parent, and becomes the command, which finds EGRET=1 and
 * EGRET_INSTANCE in its environment. Returns an exit code only if it could not. */
int sandbox_run(const struct sandbox *sandbox);

#endif
