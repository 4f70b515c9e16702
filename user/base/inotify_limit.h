/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EGRET_INOTIFY_LIMIT_H
#define EGRET_INOTIFY_LIMIT_H

#define INOTIFY_WHY_SIZE 128

/*
 * Why inotify_init1 or inotify_add_watch failed with @error, a positive errno: "fs.inotify.max_user_instances,
 * 128, is used up; raise it with sysctl". Both limits count all that the user has on this machine. Returns @buf.
 */
const char *inotify_why(int error, char buf[static INOTIFY_WHY_SIZE]);

#endif
