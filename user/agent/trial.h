/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One try of what is required, by a child process: its sockets belong to a cgroup of class host
 * below the governed one. The agent's own cgroup may be a pod's, and what the node must reach is
 * not for pods. The agent's loop goes on meanwhile.
 */
#ifndef EGRET_TRIAL_H
#define EGRET_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "requirements.h"
#include "egret_limits.h"

struct trial {
	struct kernel *kernel; /* borrowed while the trial runs */
	int governed_fd;       /* borrowed while the trial runs */
	pid_t pid;             /* 0: none runs */
	int fd;                /* readable when it is over; -1: none runs */
};

struct trial_result {
	uint32_t missing; /* requirements that did not answer */
	char text[EGRET_PROBLEM_SIZE - 64];
};

void trial_init(struct trial *trial);
static inline bool trial_runs(const struct trial *trial)
{
	return trial->pid;
}
/* Not while one runs. What it is denied is not accounted for. Returns a negative errno if no child can be made. */
int trial_start(struct trial *trial, const struct requirements *requirements, struct kernel *kernel, int governed_fd);
/* Waits for its end, which comes in 7 s at most, and takes its cgroup away. */
void trial_finish(struct trial *trial, struct trial_result *ret);
/* Ends one that runs, if one does. */
void trial_cancel(struct trial *trial);
/* What an agent left that was killed in the middle of one. */
void trial_clean(struct kernel *kernel, int governed_fd);

#endif
