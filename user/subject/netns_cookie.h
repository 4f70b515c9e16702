/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The cookie of a network namespace, which is the scope of what sockets in it learn (egret_subject.h). */
#ifndef EGRET_NETNS_COOKIE_H
#define EGRET_NETNS_COOKIE_H

#include <stdint.h>
#include <sys/types.h>

/* Each: 0 = nobody can tell. The process is gone, or cannot be looked at; or the kernel is older than 5.14. */
uint64_t netns_cookie_of_self(void);
/* Goes there for a moment: for a program of one thread. */
uint64_t netns_cookie_of_process(pid_t pid);
/* Of a process that is in the cgroup @path itself, or right below it, as those of a pod are in its containers. */
uint64_t netns_cookie_of_cgroup(const char *path);

#endif
