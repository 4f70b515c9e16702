/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where programs are attached. A kind of hook is one table of functions, in a file of its own
 * (hook_KIND.c): the only place that knows how a program of this kind is put at its place, stays
 * there without a process, and is taken away. All else in kernel/ goes through the table of its hook.
 *
 * A hook's descriptor is what attach() returned, or what is pinned under hook_pin_path(). Private to
 * kernel/.
 */
#ifndef EGRET_KERNEL_HOOK_H
#define EGRET_KERNEL_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/error.h"
#include "pins.h"

/* X(hook, kind), in the order of attaching: what only remembers comes first, what
 * denies last, so that a socket is never judged without its stamp. The end of a cgroup
 * before its beginning: no subject outlives its cgroup. */
#define KERNEL_HOOKS(X)                                                                                                \
	X(rmdir, tracepoint)                                                                                           \
	X(mkdir, tracepoint)                                                                                           \
	X(create, cgroup)                                                                                              \
	X(setsockopt, cgroup)                                                                                          \
	X(ingress, cgroup)                                                                                             \
	X(connect4, call)                                                                                              \
	X(connect6, call)                                                                                              \
	X(sendmsg4, call)                                                                                              \
	X(sendmsg6, call)                                                                                              \
	X(egress, cgroup)

enum kernel_hook {
#define KERNEL_HOOK_ENUM(hook, kind) HOOK_##hook,
	KERNEL_HOOKS(KERNEL_HOOK_ENUM)
#undef KERNEL_HOOK_ENUM
	    HOOK_COUNT
};

struct bpf_program;

/* All return negative errno. */
struct hook_kind {
	const char *pin; /* what the names of its pins begin with, before "_" */
	/* Returns a descriptor, which the caller pins and closes. */
	int (*attach)(const struct bpf_program *program, int target_fd);
	/* Another program at the same place: the old one runs until the new one does. NULL: this kind cannot. Then
	 * the new one is attached beside the old one, which goes when the new one is pinned in its place. */
	int (*replace)(int fd, int program_fd);
	/* A new descriptor of the program that is attached. */
	int (*program)(int fd);
	/* false also of what outlived its target, and can never govern again. */
	bool (*is_attached)(int fd);
	/* 1, 0; 1 where there are no targets */
	int (*same_target)(int fd, int target_fd);
	/* At once, whoever else has it open, where the kernel can. Nothing attached any more is no error. */
	int (*detach)(int fd);
};

struct hook {
	const char *name;
	const struct hook_kind *kind;
};

extern const struct hook hooks[HOOK_COUNT];
extern const struct hook_kind hook_cgroup, hook_call, hook_tracepoint;

void hook_pin_path(char buf[static PIN_PATH_SIZE], const char *instance, enum kernel_hook hook);
/* What is pinned, or -errno; the caller closes it. */
int hook_open(const char *instance, enum kernel_hook hook);
/* Can this be the name of a hook's pin, also of a hook that only another version has? */
bool hook_is_pin(const char *pin);
/* Detaches what is pinned as @pin ("link_egress") at @path. Does nothing to a pin of no hook. */
int hook_cut(const char *pin, const char *path, struct error *error);
/* The id of the cgroup that a hook of hook_cgroup is attached to; 0 = it is gone, UINT64_MAX = nobody can tell. */
uint64_t hook_cgroup_id(int fd);

#endif
