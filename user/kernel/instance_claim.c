// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose an instance is: claiming it, and what `exec` notes of the one that it makes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "instance_folder.h"
#include "pins.h"

/* An instance of `exec` cannot be gone on with: it is taken down when its command ends. */
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

	rc = pins_check_name(instance, error);
	if (rc)
		return rc;
	kernel = handle_new(instance);
	if (!kernel)
		return error_set(error, -ENOMEM, "out of memory");
	rc = folder_claim(kernel, how, error);
	if (!rc && how == KERNEL_ANY)
		rc = check_not_of_exec(kernel, error);
	if (rc) {
		handle_free(kernel);
		return rc;
	}
	*ret = kernel;
	return 0;
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

/* The lock is the open folder's. */
void kernel_leave_to_parent(struct kernel *kernel)
{
	if (kernel->dir_fd >= 0)
		close(kernel->dir_fd);
	kernel->dir_fd = -1;
}
