// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What finished `exec` commands left: a command that outlives its egret keeps its
 * instance and its cgroup until it ends, and then nobody is there to remove them.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kernel/kernel.h"
#include "../subject/cgroup.h"

/* "exec-PID": the egret that made it may still be at work, before it could lock. */
static bool maker_lives(const char *instance)
{
	int pid;

	if (sscanf(instance, EXEC_INSTANCE_PREFIX "%d", &pid) != 1 || pid <= 0)
		return true; /* none of ours */
	return !kill(pid, 0) || errno != ESRCH;
}

static void remove_cgroup(const char *path)
{
	char parent[CGROUP_PATH_SIZE];
	struct error ignored;
	char *name;
	int fd;

	snprintf(parent, sizeof(parent), "%s", path);
	name = strrchr(parent, '/');
	*name++ = '\0';
	if (strncmp(name, EXEC_CGROUP_PREFIX, strlen(EXEC_CGROUP_PREFIX)) != 0)
		return;
	if (cgroup_open(*parent ? parent : "/", &fd, &ignored))
		return;
	unlinkat(fd, name, AT_REMOVEDIR);
	close(fd);
}

static bool is_populated(const char *path)
{
	struct error ignored;
	bool populated;
	int fd;

	if (cgroup_open(path, &fd, &ignored))
		return false;
	populated = cgroup_is_populated(fd);
	close(fd);
	return populated;
}

static void collect_one(void *context, const char *instance)
{
	char path[CGROUP_PATH_SIZE] = "";
	struct kernel *kernel;
	struct egret_meta meta;
	struct error ignored;

	(void)context;
	if (maker_lives(instance) || kernel_is_held(instance))
		return;
	if (!kernel_open(instance, &kernel, &ignored)) {
		if (!kernel_get_meta(kernel, &meta))
			cgroup_path_of_id(meta.governed_cgroup, path, sizeof(path));
		kernel_free(kernel);
	}
	if (*path && is_populated(path))
		return;
	if (!kernel_detach(instance, &ignored) && *path)
		remove_cgroup(path);
}

void collect_finished(void)
{
	kernel_each_instance(collect_one, NULL);
}
