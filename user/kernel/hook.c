// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hook.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define HOOK(hook, kind) {#hook, &hook_##kind},
const struct hook hooks[HOOK_COUNT] = {KERNEL_HOOKS(HOOK)};
#undef HOOK

void hook_pin_path(char buf[static PIN_PATH_SIZE], const char *instance, enum kernel_hook hook)
{
	pin_path(buf, instance, hooks[hook].kind->pin, hooks[hook].name);
}

int hook_open(const char *instance, enum kernel_hook hook)
{
	char path[PIN_PATH_SIZE];
	int fd;

	hook_pin_path(path, instance, hook);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static const struct hook_kind *kind_of_pin(const char *pin)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		size_t len = strlen(hooks[i].kind->pin);

		if (!strncmp(pin, hooks[i].kind->pin, len) && pin[len] == '_')
			return hooks[i].kind;
	}
	return NULL;
}

bool hook_is_pin(const char *pin)
{
	return kind_of_pin(pin) != NULL;
}

int hook_cut(const char *pin, const char *path, struct error *error)
{
	const struct hook_kind *kind = kind_of_pin(pin);
	int fd, rc;

	if (!kind)
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	rc = kind->detach(fd);
	close(fd);
	return rc ? error_set(error, rc, "cannot detach %s: %s", path, strerror(-rc)) : 0;
}
