// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "egret_path.h"

struct walk {
	int (*visit)(void *context, const struct tree_cgroup *cgroup);
	void *context;
	char path[CGROUP_PATH_SIZE];
};

static struct egret_path path_read(const char *path)
{
	struct egret_path ret;

	egret_path_begin(&ret);
	for (; *path; path++)
		egret_path_step(&ret, *path);
	egret_path_step(&ret, 0);
	return ret;
}

bool tree_path_is_pod(const char *path)
{
	return path_read(path).flags & EGRET_PATH_PODS;
}

static int visit_children(struct walk *walk, int dir_fd, const struct tree_cgroup *parent);

/* @fd is closed. @parent: NULL of the root. */
static int visit_one(struct walk *walk, int fd, const struct tree_cgroup *parent)
{
	struct egret_path says = path_read(walk->path);
	struct tree_cgroup cgroup = {.path = walk->path, .is_pod = says.flags & EGRET_PATH_PODS, .fd = fd};
	int rc = cgroup_id(fd, &cgroup.id);

	if (!rc) {
		cgroup.parent = parent ? parent->id : 0;
		cgroup.pod = parent && parent->pod ? parent->pod : says.pod ? cgroup.id : 0;
		rc = walk->visit(walk->context, &cgroup);
	}
	if (!rc)
		return visit_children(walk, fd, &cgroup);
	close(fd);
	return rc;
}

/* A cgroup's name may begin with a dot. */
static bool is_child(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

/* A child that went away meanwhile is passed over. */
static int visit_children(struct walk *walk, int dir_fd, const struct tree_cgroup *parent)
{
	size_t len = parent->parent ? strlen(walk->path) : 0;
	DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;
	int rc = 0, fd;

	if (!dir) {
		close(dir_fd);
		return -errno;
	}
	while (!rc && (entry = readdir(dir))) {
		if (!is_child(entry) || len + strlen(entry->d_name) + 2 > sizeof(walk->path))
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		snprintf(walk->path + len, sizeof(walk->path) - len, "/%s", entry->d_name);
		rc = visit_one(walk, fd, parent);
	}
	snprintf(walk->path + len, sizeof(walk->path) - len, "%s", len ? "" : "/");
	closedir(dir);
	return rc;
}

int tree_walk(int (*visit)(void *context, const struct tree_cgroup *cgroup), void *context)
{
	struct walk walk = {.visit = visit, .context = context, .path = "/"};
	char mount[CGROUP_PATH_SIZE];
	struct error ignored;
	int rc = cgroup_mount_point(mount, sizeof(mount), &ignored), fd;

	if (rc)
		return rc;
	fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : visit_one(&walk, fd, NULL);
}

struct kubepods {
	int (*visit)(void *context, const char *path);
	void *context;
	char last[CGROUP_PATH_SIZE]; /* what lies below it is part of its tree */
};

static int note_kubepods(void *context, const struct tree_cgroup *cgroup)
{
	struct kubepods *kubepods = context;

	if (!cgroup->is_pod || (*kubepods->last && cgroup_path_is_below(cgroup->path, kubepods->last)))
		return 0;
	snprintf(kubepods->last, sizeof(kubepods->last), "%s", cgroup->path);
	return kubepods->visit(kubepods->context, cgroup->path);
}

int tree_kubepods(int (*visit)(void *context, const char *path), void *context)
{
	struct kubepods kubepods = {.visit = visit, .context = context};

	return tree_walk(note_kubepods, &kubepods);
}
