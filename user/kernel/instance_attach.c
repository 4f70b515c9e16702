// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaching the programs of a loaded instance. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../base/clock.h"
#include "instance_carry.h"
#include "instance_layers.h"
#include "pins.h"

#include "egret.skel.h"

/*
 * How long new programs run beside those of another version before they take their places. What is under way between
 * two packets is in no map that could be carried over: a question that is not answered yet, a datagram that came in and
 * is not answered yet. A resolver that has not answered after two seconds is about to be asked again: resolv.conf(5)
 * has 5 s, musl 2.5 s.
 */
#define REHEARSAL_NS (2 * CLOCK_NS_PER_SEC)

static struct bpf_program *hook_program(const struct kernel *kernel, enum kernel_hook hook)
{
	struct bpf_program *const programs[HOOK_COUNT] = {
#define HOOK_PROGRAM(hook, kind) [HOOK_##hook] = kernel->skeleton->progs.egret_##hook,
	    KERNEL_HOOKS(HOOK_PROGRAM)
#undef HOOK_PROGRAM
	};

	return programs[hook];
}

/* --- beside the programs of another version --- */

/* Nothing of it is pinned: when the agent is killed meanwhile, the old programs go on alone. */
struct rehearsal {
	int links[HOOK_COUNT];
	bool audit; /* what the policy says */
};

/* The new programs remember and learn, but deny nothing and count no denial: those that rule still do. */
static int rehearsal_begin(struct kernel *kernel, int cgroup_fd, struct rehearsal *rehearsal)
{
	for (int i = 0; i < HOOK_COUNT; i++)
		rehearsal->links[i] = -1;
	rehearsal->audit = kernel_settings(kernel)->audit;
	kernel_set_audit(kernel, true);
	kernel_set_unaccounted(kernel, EGRET_UNACCOUNTED_ALL);
	for (int i = 0; i < HOOK_COUNT; i++) {
		if (kernel->attached[i])
			continue;
		rehearsal->links[i] = hooks[i].kind->attach(hook_program(kernel, i), cgroup_fd);
		if (rehearsal->links[i] < 0)
			return rehearsal->links[i];
	}
	return 0;
}

/* From now on they deny, beside the old ones. */
static void rehearsal_becomes_earnest(struct kernel *kernel, const struct rehearsal *rehearsal)
{
	kernel_set_audit(kernel, rehearsal->audit);
	kernel_set_unaccounted(kernel, 0);
}

static void rehearsal_end(struct rehearsal *rehearsal)
{
	for (int i = HOOK_COUNT - 1; i >= 0; i--)
		if (rehearsal->links[i] >= 0)
			close(rehearsal->links[i]);
}

static void sleep_until(uint64_t when_ns)
{
	struct timespec at = {.tv_sec = when_ns / CLOCK_NS_PER_SEC, .tv_nsec = when_ns % CLOCK_NS_PER_SEC};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void rehearse(struct kernel *kernel)
{
	uint64_t until_ns = clock_now_ns() + REHEARSAL_NS;

	kernel->note[0] = '\0'; /* it was told */
	if (carry_taught(kernel))
		snprintf(kernel->note, sizeof(kernel->note),
			 "not all that the other version learned could be carried over: the rest is learned when it is "
			 "asked for again");
	sleep_until(until_ns);
}

/* --- in their places --- */

static int pin_hook(const struct kernel *kernel, enum kernel_hook hook, int fd)
{
	char path[PIN_PATH_SIZE];

	hook_pin_path(path, kernel->instance, hook);
	unlink(path); /* of what outlived its target */
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

/* Where another one stays beside it until kernel_settle, that one keeps the pin. */
static int attach_anew(struct kernel *kernel, enum kernel_hook hook, int target_fd)
{
	int fd = hooks[hook].kind->attach(hook_program(kernel, hook), target_fd), rc = 0;

	if (fd < 0)
		return fd;
	if (kernel->links[hook] < 0)
		rc = pin_hook(kernel, hook, fd);
	if (rc) {
		close(fd);
		return rc;
	}
	if (kernel->links[hook] >= 0)
		close(kernel->links[hook]);
	kernel->links[hook] = fd;
	return 0;
}

static int attach_hook(struct kernel *kernel, enum kernel_hook hook, int target_fd)
{
	const struct hook_kind *kind = hooks[hook].kind;
	int rc;

	if (kernel->links[hook] >= 0 && kind->replace)
		rc = kind->replace(kernel->links[hook], bpf_program__fd(hook_program(kernel, hook)));
	else
		rc = attach_anew(kernel, hook, target_fd);
	kernel->attached[hook] = !rc;
	return rc;
}

static int refused_hook(enum kernel_hook hook, int rc, struct error *error)
{
	return error_set(error, rc, "cannot attach to the hook %s of the cgroup: %s%s", hooks[hook].name, strerror(-rc),
			 rc == -EPERM ? "; another program holds it exclusively (bpftool cgroup tree shows which)"
				      : "");
}

static int attach_all(struct kernel *kernel, int cgroup_fd, struct error *error)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		int rc = kernel->attached[i] ? 0 : attach_hook(kernel, i, cgroup_fd);

		if (rc)
			return refused_hook(i, rc, error);
	}
	return 0;
}

/* A packet may meet the same program twice for the moment of the change: as if it were sent again. */
static int attach_after_rehearsal(struct kernel *kernel, int cgroup_fd, struct error *error)
{
	struct rehearsal rehearsal;
	int rc = rehearsal_begin(kernel, cgroup_fd, &rehearsal);

	if (rc) {
		error_set(error, rc, "cannot attach beside the programs of another version: %s", strerror(-rc));
	} else {
		rehearse(kernel);
		rehearsal_becomes_earnest(kernel, &rehearsal);
		/* The new hooks stamp already, beside the old ones. */
		rc = layers_replace(kernel, error);
		if (!rc)
			rc = attach_all(kernel, cgroup_fd, error);
	}
	rehearsal_end(&rehearsal);
	return rc;
}

int kernel_attach_subjects(struct kernel *kernel, struct error *error)
{
	int rc = 0;

	for (int i = 0; i < HOOK_COUNT && !rc; i++) {
		if (hooks[i].kind == &hook_tracepoint)
			rc = attach_hook(kernel, i, -1);
		if (rc)
			error_set(error, rc, "cannot attach to the tracepoint cgroup_%s: %s", hooks[i].name,
				  strerror(-rc));
	}
	return rc;
}

int kernel_attach(struct kernel *kernel, int cgroup_fd, struct error *error)
{
	int rc;

	if (kernel->side_by_side && kernel->was_running)
		return attach_after_rehearsal(kernel, cgroup_fd, error);
	rc = attach_all(kernel, cgroup_fd, error);
	return rc ? rc : layers_replace(kernel, error);
}
