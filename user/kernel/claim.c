// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose an instance is: claiming it, what `exec` notes of the one that it makes, taking it down. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "folder.h"

/* It is taken down when its command ends, whoever else would go on with it. */
static int check_not_of_exec(const struct kernel *kernel, struct error *error)
{
	struct kernel_exec_note note;

	if (kernel_get_exec_note(kernel, &note) == -ENOENT)
		return 0;
	return error_set(error, -EBUSY,
			 "instance %s belongs to a command of egret exec; choose another --instance, or take it down: "
			 "egret detach --instance %s",
			 kernel->instance, kernel->instance);
}

int kernel_claim(const char *instance, enum kernel_claim how, struct kernel **ret, struct error *error)
{
	struct kernel *kernel;
	int rc;

	rc = instance_check_name(instance, error);
	if (rc)
		return rc;
	kernel = kernel_alloc(instance);
	if (!kernel)
		return error_set(error, -ENOMEM, "out of memory");
	rc = folder_claim(kernel, how, error);
	if (!rc && how == KERNEL_ANY)
		rc = check_not_of_exec(kernel, error);
	if (rc) {
		kernel_free(kernel);
		return rc;
	}
	*ret = kernel;
	return 0;
}

int kernel_take_down(struct kernel *kernel, struct error *error)
{
	/* `egret detach` was here first; what has the name now is somebody else's. */
	if (!folder_is_there(kernel))
		return 0;
	return instance_remove(kernel->instance, error);
}

int kernel_note_exec(struct kernel *kernel, const struct kernel_exec_note *note, struct error *error)
{
	char text[sizeof(note->cgroup_name) + 32];

	snprintf(text, sizeof(text), "%" PRIu64 "/%s", note->parent_id, note->cgroup_name);
	if (symlinkat(text, kernel->dir_fd, EXEC_NOTE))
		return error_set(error, -errno, "cannot note below " INSTANCES "/%s which cgroup is made: %s",
				 kernel->instance, strerror(errno));
	kernel->of_exec = true;
	return 0;
}

int kernel_get_exec_note(const struct kernel *kernel, struct kernel_exec_note *ret)
{
	char text[sizeof(ret->cgroup_name) + 32];
	ssize_t len = readlinkat(kernel->dir_fd, EXEC_NOTE, text, sizeof(text) - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	if (sscanf(text, "%" SCNu64 "/%79[^/]", &ret->parent_id, ret->cgroup_name) != 2)
		return -EPROTO;
	return 0;
}

bool kernel_is_of_exec(const char *instance)
{
	char path[PIN_PATH_SIZE];
	struct stat st;

	snprintf(path, sizeof(path), INSTANCES "/%s/" EXEC_NOTE, instance);
	return !lstat(path, &st);
}

bool kernel_is_fresh(const struct kernel *kernel)
{
	return kernel->fresh;
}

static uint64_t governed_by_link(const char *path)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return errno == ENOENT ? 0 : UINT64_MAX;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.cgroup.cgroup_id = UINT64_MAX;
	close(fd);
	return info.cgroup.cgroup_id;
}

uint64_t kernel_governed_cgroup(const struct kernel *kernel)
{
	uint64_t governed = 0;

	for (int i = 0; i < HOOK_COUNT; i++) {
		char path[PIN_PATH_SIZE];
		uint64_t id;

		instance_pin_path(path, kernel->instance, "link", kernel_hook_names[i]);
		id = governed_by_link(path);
		if (id && governed && id != governed)
			return UINT64_MAX;
		governed = id ? id : governed;
	}
	return governed;
}
