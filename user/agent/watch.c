// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "watch.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS                                                                                                         \
	(IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_MOVE_SELF | IN_DELETE | IN_DELETE_SELF |        \
	 IN_ATTRIB)

struct watch {
	int fd;
	const struct policy *policy;
};

/* All that tells versions apart is zero: nothing lies there. */
static struct policy_file look_at(const struct policy_file *file)
{
	struct stat st = {};

	stat(file->path, &st);
	return (struct policy_file){file->path, st.st_dev, st.st_ino, st.st_size, st.st_mtim, file->fault};
}

/* Does what was there before lie there still? Nothing, too. */
static bool is_unchanged(const struct policy_file *before)
{
	struct policy_file now = look_at(before);

	return now.device == before->device && now.inode == before->inode && now.size == before->size &&
	       now.changed.tv_sec == before->changed.tv_sec && now.changed.tv_nsec == before->changed.tv_nsec;
}

/* The folder of @path as it is written, or what is left of the way there: it may come back.
 * Twice the same is one. */
static int add_folder(int fd, const char *path)
{
	char *copy = strdup(path), *folder = copy;
	int rc = -ENOENT;

	if (!copy)
		return -ENOMEM;
	while (rc == -ENOENT) {
		bool top = !strcmp(folder, "/") || !strcmp(folder, ".");

		folder = dirname(folder);
		rc = inotify_add_watch(fd, folder, EVENTS) < 0 ? -errno : 0;
		if (top)
			break;
	}
	free(copy);
	return rc;
}

/* Where the file is named, and where it lies: one may be a link, and either may change. */
static int add_folders(int fd, const char *path)
{
	char *target = realpath(path, NULL);
	int rc = add_folder(fd, path);

	if (!rc && target)
		rc = add_folder(fd, target);
	free(target);
	return rc;
}

int watch_new(const struct policy *policy, struct watch **ret)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int rc = 0;

	if (!watch)
		return -ENOMEM;
	watch->policy = policy;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		rc = -errno;
	for (size_t i = 0; i < policy->file_count && !rc; i++)
		rc = add_folders(watch->fd, policy->files[i].path);
	if (rc) {
		watch_free(watch);
		return rc;
	}
	*ret = watch;
	return 0;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch ? watch->fd : -1;
}

void watch_drain(struct watch *watch)
{
	char events[4096];

	while (read(watch->fd, events, sizeof(events)) > 0)
		;
}

bool watch_sees_change(const struct watch *watch)
{
	/* A folder may have come, or be another one by now. */
	for (size_t i = 0; i < watch->policy->file_count; i++)
		add_folders(watch->fd, watch->policy->files[i].path);
	for (size_t i = 0; i < watch->policy->file_count; i++) {
		if (!is_unchanged(&watch->policy->files[i]))
			return true;
	}
	return false;
}

struct policy_file *watch_look(const struct policy *policy)
{
	struct policy_file *files = calloc(policy->file_count + 1, sizeof(*files));

	for (size_t i = 0; files && i < policy->file_count; i++)
		files[i] = look_at(&policy->files[i]);
	return files;
}
