/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `egret exec` of an ordinary user: calls sudo, which starts egret again, and stays to pass
 * signals on. sudo's process is root's and cannot be signalled by the user; so the two
 * egrets are joined by a socket:
 *
 *   user's egret ── sudo ── root's egret ── command
 *        └──── abstract unix socket ──┘       one octet a signal; its end = the caller is gone
 *
 * Root's side takes nothing else from it, and asks the kernel (SO_PEERCRED) who is there.
 */
#ifndef EGRET_ELEVATE_H
#define EGRET_ELEVATE_H

#include <sys/types.h>

#include "../base/error.h"

struct options;

/* The user's side: runs `sudo egret exec --caller ...` with all that @options say, whether the
 * words or the environment said it, and returns the exit code for the person: the command's,
 * or 125. */
int elevate_exec(const struct options *options);

/* Root's side: joins the egret that @claim is of (caller_claim): process @caller, which is @uid's. The descriptor, or a
 * negative errno: it is gone, or not what it said. */
int elevate_join(const char *claim, pid_t caller, uid_t uid);
/* A child that passes to @command what is told by @fd, also what was told before, and SIGHUP at
 * its end. Returns its pid, for elevate_stop. Takes @fd. */
pid_t elevate_follow(int fd, pid_t command);
void elevate_stop(pid_t follower);

#endif
