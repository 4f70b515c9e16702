/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The command of `egret exec`: who it runs as, and what it may not bring along. A
 * socket made elsewhere would belong to another cgroup, and be free.
 */
#ifndef EGRET_SANDBOX_H
#define EGRET_SANDBOX_H

#include <sys/types.h>

#include "../base/error.h"

/* Refuses a standard stream that is an internet socket; warns of plain root. */
int sandbox_check(struct error *error);
/* In the child: enters the cgroup, drops to the user who called sudo, gives up new
 * privileges and inherited sockets, dies with @parent, and becomes the command.
 * Returns an exit code only if it could not. */
int sandbox_run(int cgroup_fd, pid_t parent, char *const *words);

#endif
