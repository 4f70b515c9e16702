// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "instance_layers.h"
#include "instance_takeover.h"
#include "instance_undo.h"

struct undo {
	int programs[HOOK_COUNT]; /* that the links ran; -1 where there was no link */
	struct layers_before *layers;
	struct egret_config config;
	struct egret_meta meta;
};

int undo_remember(struct kernel *kernel, struct error *error)
{
	struct undo *undo = calloc(1, sizeof(*undo));
	int rc = 0;

	if (!undo)
		return error_set(error, -ENOMEM, "out of memory");
	for (int i = 0; i < HOOK_COUNT; i++)
		undo->programs[i] = -1;
	kernel->undo = undo;
	for (int i = 0; i < HOOK_COUNT && !rc; i++) {
		if (kernel->links[i] < 0)
			continue;
		undo->programs[i] = hooks[i].kind->program(kernel->links[i]);
		if (undo->programs[i] < 0)
			rc = undo->programs[i];
	}
	undo->config = *kernel->config;
	if (!rc)
		rc = layers_remember(kernel, &undo->layers);
	if (!rc)
		rc = kernel_get_meta(kernel, &undo->meta);
	if (!rc)
		return 0;
	undo_forget(kernel);
	return error_set(error, rc, "cannot read what instance %s runs: %s", kernel->instance, strerror(-rc));
}

void undo_forget(struct kernel *kernel)
{
	if (!kernel->undo)
		return;
	for (int i = 0; i < HOOK_COUNT; i++)
		if (kernel->undo->programs[i] >= 0)
			close(kernel->undo->programs[i]);
	layers_forget(kernel->undo->layers);
	free(kernel->undo);
	kernel->undo = NULL;
}

static void restore_hook(struct kernel *kernel, enum kernel_hook hook)
{
	char path[PIN_PATH_SIZE];

	kernel->attached[hook] = false;
	if (kernel->links[hook] < 0)
		return;
	if (kernel->undo->programs[hook] >= 0 && !hooks[hook].kind->replace) {
		close(kernel->links[hook]); /* the old one is pinned still */
		kernel->links[hook] = -1;
		return;
	}
	if (kernel->undo->programs[hook] >= 0) {
		hooks[hook].kind->replace(kernel->links[hook], kernel->undo->programs[hook]);
		return;
	}
	hook_pin_path(path, kernel->instance, hook);
	hooks[hook].kind->detach(kernel->links[hook]);
	unlink(path);
	close(kernel->links[hook]);
	kernel->links[hook] = -1;
}

/*
 * The tables of the policy that ruled before stand untouched in the other slot. The generation goes on
 * by one, not back by one: what was decided under the one that failed must not count later.
 */
static void restore_config(struct kernel *kernel)
{
	struct egret_config *config = kernel->config;
	const struct egret_config *before = &kernel->undo->config;

	memcpy(config->settings, before->settings, sizeof(config->settings));
	if ((config->generation ^ before->generation) & (EGRET_POLICY_SLOTS - 1))
		__atomic_store_n(&config->generation, kernel_next_generation(kernel), __ATOMIC_RELEASE);
	kernel_set_keep_existing(kernel, before->keep_existing);
	__atomic_store_n(&config->alive_tick, before->alive_tick, __ATOMIC_RELEASE);
	kernel_set_meta(kernel, &kernel->undo->meta);
}

/* Some end only with their last descriptor. */
static void close_hooks(struct kernel *kernel)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		if (kernel->links[i] >= 0)
			close(kernel->links[i]);
		kernel->links[i] = -1;
		kernel->attached[i] = false;
	}
}

void kernel_undo(struct kernel *kernel)
{
	struct error ignored;

	if (kernel->of_exec)
		return; /* exec takes it down with its cgroup */
	if (kernel->fresh) {
		kernel_take_down(kernel, &ignored);
		close_hooks(kernel);
		return;
	}
	if (kernel->undo) {
		layers_restore(kernel, kernel->undo->layers);
		for (int i = HOOK_COUNT - 1; i >= 0; i--)
			restore_hook(kernel, i);
		if (!kernel->side_by_side)
			restore_config(kernel);
	}
	if (kernel->side_by_side)
		takeover_discard(kernel);
	undo_forget(kernel);
}

int kernel_settle(struct kernel *kernel, struct error *error)
{
	undo_forget(kernel);
	return kernel->side_by_side ? takeover_settle(kernel, error) : takeover_settle_hooks(kernel, error);
}
