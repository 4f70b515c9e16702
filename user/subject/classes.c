// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "classes.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "egret_subject.h"

/* The kubelet puts its tree at the root, or below one more level (kind, nested
 * kubelets: kubelet.slice/kubelet-kubepods.slice). */
#define KUBEPODS_DEPTH 3

static bool is_kubepods(const char *name)
{
	const char *end = strstr(name, "kubepods");

	if (!end || (end != name && end[-1] != '-'))
		return false;
	end += strlen("kubepods");
	return !*end || !strcmp(end, ".slice");
}

struct walk {
	classes_visit visit;
	void *context;
};

static void visit_dir(const struct walk *walk, int parent_fd, const char *name, uint32_t mask)
{
	struct stat st;

	if (!fstatat(parent_fd, name, &st, 0))
		walk->visit(walk->context, st.st_ino, mask);
}

static void walk_down(const struct walk *walk, int dir_fd, int depth)
{
	struct dirent *entry;
	DIR *dir = fdopendir(dir_fd);

	if (!dir) {
		close(dir_fd);
		return;
	}
	while ((entry = readdir(dir))) {
		int fd;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (is_kubepods(entry->d_name)) {
			visit_dir(walk, dirfd(dir), entry->d_name, EGRET_CLASS_PODS);
			continue;
		}
		fd = depth > 1 ? openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (fd >= 0)
			walk_down(walk, fd, depth - 1);
	}
	closedir(dir);
}

/* The governed cgroup may itself lie below kubepods. */
static bool path_is_below_kubepods(const char *path)
{
	char copy[CGROUP_PATH_SIZE], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
		if (is_kubepods(part))
			return true;
	return false;
}

size_t classes_find(const char *governed_path, const char *const *paths, size_t path_count, classes_visit visit,
		    void *context)
{
	struct walk walk = {visit, context};
	struct error ignored;
	size_t missing = 0;
	uint64_t id;
	int fd;

	if (!cgroup_open(governed_path, &fd, &ignored)) {
		if (path_is_below_kubepods(governed_path) && !cgroup_id(fd, &id))
			visit(context, id, EGRET_CLASS_PODS);
		walk_down(&walk, fd, KUBEPODS_DEPTH);
	}
	for (size_t i = 0; i < path_count; i++) {
		if (cgroup_open(paths[i], &fd, &ignored)) {
			missing++;
			continue;
		}
		if (!cgroup_id(fd, &id))
			visit(context, id, 1U << (EGRET_CLASS_NAMED_SHIFT + i));
		close(fd);
	}
	return missing;
}

uint32_t classes_of_path(const char *cgroup_path, const char *const *paths, size_t path_count)
{
	uint32_t mask = path_is_below_kubepods(cgroup_path) ? EGRET_CLASS_PODS : EGRET_CLASS_HOST;

	for (size_t i = 0; i < path_count; i++)
		if (cgroup_path_is_below(cgroup_path, paths[i]))
			mask |= 1U << (EGRET_CLASS_NAMED_SHIFT + i);
	return mask;
}
