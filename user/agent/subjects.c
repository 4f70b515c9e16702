// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "subjects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../subject/cgroup.h"
#include "../subject/classes.h"
#include "../subject/tree.h"
#include "egret_limits.h"

struct class_entry {
	uint64_t cgroup_id;
	uint32_t mask;  /* that the kernel has */
	uint32_t found; /* in the walk that goes on */
};

struct subjects {
	char *governed_path;
	char **paths;
	size_t path_count;
	struct kernel *kernel; /* borrowed */
	int inotify_fd;
	struct class_entry entries[EGRET_MAX_CLASSES];
	size_t count;
};

static int make_one(void *context, const struct tree_cgroup *cgroup)
{
	struct kernel *kernel = context;
	const struct egret_subject subject = {
	    .pod = cgroup->pod,
	    .parent = cgroup->parent,
	    .flags = cgroup->is_pod ? EGRET_SUBJECT_POD : 0,
	};
	int rc = kernel_make_subject(kernel, cgroup->id, &subject);

	if (!rc && !cgroup_is_there(cgroup->fd))
		kernel_forget_subject(kernel, cgroup->id);
	return rc;
}

int subjects_make_all(struct kernel *kernel)
{
	return tree_walk(make_one, kernel);
}

static void note_class(void *context, uint64_t cgroup_id, uint32_t mask)
{
	struct subjects *subjects = context;
	size_t i = 0;

	while (i < subjects->count && subjects->entries[i].cgroup_id != cgroup_id)
		i++;
	if (i == EGRET_MAX_CLASSES)
		return;
	if (i == subjects->count)
		subjects->entries[subjects->count++] = (struct class_entry){.cgroup_id = cgroup_id};
	subjects->entries[i].found |= mask;
}

static void find_all(struct subjects *subjects)
{
	char events[4096];

	while (read(subjects->inotify_fd, events, sizeof(events)) > 0)
		; /* the walk below looks at everything anyway */
	for (size_t i = 0; i < subjects->count; i++)
		subjects->entries[i].found = 0;
	classes_find(subjects->governed_path, (const char *const *)subjects->paths, subjects->path_count, note_class,
		     subjects);
}

void subjects_refresh(struct subjects *subjects)
{
	find_all(subjects);
	for (size_t i = 0; i < subjects->count; i++) {
		struct class_entry *entry = &subjects->entries[i];

		/* Ids are never used again, so what is gone may stay as it is. */
		if (!entry->found || entry->found == entry->mask)
			continue;
		if (!kernel_set_class(subjects->kernel, entry->cgroup_id, entry->found))
			entry->mask = entry->found;
	}
}

static int tell_next(struct subjects *subjects)
{
	int rc = kernel_forget_next_classes(subjects->kernel);

	find_all(subjects);
	for (size_t i = 0; i < subjects->count && !rc; i++) {
		struct class_entry *entry = &subjects->entries[i];

		rc = kernel_set_next_class(subjects->kernel, entry->cgroup_id, entry->found);
		entry->mask = entry->found;
	}
	return rc;
}

static int copy_paths(struct subjects *subjects, const struct compiled *compiled)
{
	subjects->paths = calloc(compiled->cgroup_count + 1, sizeof(*subjects->paths));
	if (!subjects->paths)
		return -ENOMEM;
	for (size_t i = 0; i < compiled->cgroup_count; i++) {
		subjects->paths[i] = strdup(compiled->cgroups[i]);
		if (!subjects->paths[i])
			return -ENOMEM;
		subjects->path_count++;
	}
	return 0;
}

int subjects_new(const char *governed_path, int governed_fd, const struct compiled *compiled, struct kernel *kernel,
		 struct subjects **ret)
{
	struct subjects *subjects = calloc(1, sizeof(*subjects));
	char watched[64];
	int rc = -ENOMEM;

	if (!subjects)
		return -ENOMEM;
	subjects->kernel = kernel;
	subjects->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	subjects->governed_path = strdup(governed_path);
	if (!subjects->governed_path || copy_paths(subjects, compiled))
		goto out;
	snprintf(watched, sizeof(watched), "/proc/self/fd/%d", governed_fd);
	/* Where inotify is used up, subjects_refresh of each beat finds new cgroups alone: agent/watch.c tells it. */
	inotify_add_watch(subjects->inotify_fd, watched, IN_CREATE | IN_ONLYDIR);
	rc = tell_next(subjects);
	if (rc)
		goto out;
	*ret = subjects;
	return 0;
out:
	subjects_free(subjects);
	return rc;
}

void subjects_free(struct subjects *subjects)
{
	if (!subjects)
		return;
	if (subjects->inotify_fd >= 0)
		close(subjects->inotify_fd);
	for (size_t i = 0; i < subjects->path_count; i++)
		free(subjects->paths[i]);
	free(subjects->paths);
	free(subjects->governed_path);
	free(subjects);
}

int subjects_fd(const struct subjects *subjects)
{
	return subjects->inotify_fd;
}
