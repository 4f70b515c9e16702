// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What `exec` commands left: a command that outlives its egret keeps its instance and its
 * cgroup until it ends, and then nobody is there to remove them. The same of an egret that
 * was killed. Who can tell that it ended is the kernel alone: the lock of the instance is
 * free, and the cgroup can be removed, because nobody is in it. What cannot be asked from
 * here is left as it is.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kernel/kernel.h"
#include "../subject/cgroup.h"

/* Is what is governed the very cgroup that was noted, or nothing any more? */
static bool fits(const struct kernel *kernel, int parent_fd, const char *name)
{
	uint64_t governed = kernel_governed_cgroup(kernel);
	struct stat st;

	if (!governed)
		return true;
	return !fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_ino == governed;
}

static bool remove_cgroup(const struct kernel *kernel, const struct kernel_exec_note *note)
{
	int parent_fd, rc;

	if (strncmp(note->cgroup_name, EXEC_CGROUP_PREFIX, strlen(EXEC_CGROUP_PREFIX)) != 0)
		return false;
	rc = cgroup_open_id(note->parent_id, &parent_fd);
	if (rc)
		return rc == -ESTALE && !kernel_governed_cgroup(kernel);
	rc = fits(kernel, parent_fd, note->cgroup_name) ? cgroup_remove(parent_fd, note->cgroup_name) : -EBUSY;
	close(parent_fd);
	return !rc || rc == -ENOENT;
}

static void collect_one(void *context, const char *instance)
{
	struct kernel_exec_note note;
	struct kernel *kernel;
	struct error ignored;

	(void)context;
	if (kernel_claim(instance, KERNEL_LEFT, &kernel, &ignored))
		return;
	if (kernel_is_fresh(kernel) || (!kernel_get_exec_note(kernel, &note) && remove_cgroup(kernel, &note)))
		kernel_take_down(kernel, &ignored);
	kernel_free(kernel);
}

void collect_finished(void)
{
	kernel_each_instance(collect_one, NULL);
}
