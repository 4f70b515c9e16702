/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For whom a person asks: "host", "pods" (with or without "not hostnetwork"), "hostnetwork", "cgroup /PATH",
 * "/PATH", "pod NAMESPACE/NAME" (with ":CONTAINER" or "container CONTAINER" behind it), "pid NUMBER". */
#ifndef EGRET_ASKED_SUBJECT_H
#define EGRET_ASKED_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/error.h"
#include "../subject/cgroup.h"
#include "egret_subject.h"

enum asked_kind { ASKED_HOST, ASKED_PODS, ASKED_HOSTNETWORK, ASKED_CGROUP };

struct asked_subject {
	enum asked_kind kind;
	char path[CGROUP_PATH_SIZE]; /* of ASKED_CGROUP, below the cgroup root */
	pid_t pid;                   /* of the process that was named; 0 = none was */
};

/* Of a cgroup by its path, as for a socket that is in no pod's own network namespace. */
enum egret_kind asked_kind(const struct asked_subject *subject);

/* The words behind "for". Anything that is no subject is -EINVAL, and never taken for the host.
 * @must_exist: a path must be a cgroup of this machine. */
int asked_subject_read(char *const *words, size_t count, bool must_exist, struct asked_subject *ret,
		       struct error *error);

#endif
