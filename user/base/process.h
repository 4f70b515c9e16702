/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which process it was, although its number is given to another one later. */
#ifndef EGRET_PROCESS_H
#define EGRET_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct process_id {
	pid_t pid;              /* in its own pid namespace */
	uint64_t start_ticks;   /* since boot: field 22 of /proc/PID/stat, see proc(5) */
	uint64_t pid_namespace; /* inode of /proc/PID/ns/pid */
};

enum process_life {
	PROCESS_ALIVE,
	PROCESS_GONE,   /* it ended; another one may have its number */
	PROCESS_HIDDEN, /* it is (or was) in another pid namespace: its number means nothing here */
};

/* Of the process that calls; what cannot be read is 0. */
struct process_id process_self(void);
enum process_life process_look(const struct process_id *id);

#endif
