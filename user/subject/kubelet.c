// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kubelet.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "tree.h"

struct search {
	void (*visit)(void *context, const char *cgroup_path);
	void *context;
};

/* Anybody may call a unit or a process of his own so. */
static void found(const struct search *search, const char *path)
{
	if (!strstr(path, "/user.slice/"))
		search->visit(search->context, path);
}

static int look_at_cgroup(void *context, const struct tree_cgroup *cgroup)
{
	const struct search *search = context;

	if (!strcmp(strrchr(cgroup->path, '/'), "/kubelet.service"))
		found(search, cgroup->path);
	return 0;
}

/* comm has a line feed at its end: proc(5). */
static bool is_kubelet(const char *pid)
{
	char path[64], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	fclose(file);
	return !strcmp(comm, "kubelet\n");
}

static void look_at_processes(const struct search *search)
{
	char path[CGROUP_PATH_SIZE];
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_kubelet(entry->d_name) &&
		    !cgroup_of_process(atoi(entry->d_name), path, sizeof(path)))
			found(search, path);
	}
	closedir(dir);
}

void kubelet_each(void (*visit)(void *context, const char *cgroup_path), void *context)
{
	struct search search = {visit, context};

	tree_walk(look_at_cgroup, &search);
	look_at_processes(&search);
}
