// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/inotify_limit.h"
#include "../base/way.h"
#include "rest.h"

/* Of each folder on the way: another one is put in its place. */
#define GOES (IN_MOVE_SELF | IN_DELETE_SELF)
/* Of a folder that holds a link on the way, or the file: what becomes of its names. */
#define STIRS (GOES | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB)
/* How long files must be what they are before they are taken: writers of several pieces pause for less. */
#define REST_MS 400
/* Where no event tells. */
#define LOOK_MS 5000
/* A network file system tells nothing of what another machine does to it. */
#define LOOK_ANYWAY_MS 30000

struct watch {
	int fd; /* epoll, of those below */
	int events, timer;
	int mounts; /* may bring the file, or another one in its place, of which its folders tell nothing; -1 = no /proc
		     */
	bool slow;  /* not all is told by events */
	struct policy_files files; /* that were read */
	struct policy_file *last;  /* what was there when it was looked at last; NULL = what was read */
	uint64_t last_ns;          /* since when, at the latest; CLOCK_MONOTONIC */
};

/* A second watch on the same folder has the number of the first, so nothing is watched twice. What has just gone comes
 * back by an event of the folder before it, or is found when it is looked at next. */
static int add(int fd, const char *folder, uint32_t events)
{
	return inotify_add_watch(fd, *folder ? folder : "/", events | IN_MASK_ADD) < 0 && errno != ENOENT ? -errno : 0;
}

static int add_part(int fd, const char *folder, const struct way_part *part)
{
	int rc;

	if (S_ISDIR(part->st.st_mode))
		return add(fd, part->path, GOES);
	rc = add(fd, folder, STIRS);
	/* A file that is mounted by itself is written to where its own folder lies, which is not the one of its name.
	 */
	return rc || S_ISLNK(part->st.st_mode) ? rc : add(fd, part->path, STIRS);
}

/* Each folder on the way to the file @named. Where the way ends before it, or a link leads nowhere, the folder in
 * which it ends: the rest may come. */
static int add_way(int fd, const char *named)
{
	struct way_part part;
	struct way way;
	int rc = way_begin(&way, named), more = 1;

	while (!rc && more > 0) {
		char folder[PATH_MAX];

		memcpy(folder, way.at, sizeof(folder));
		more = way_next(&way, &part);
		if (more > 0)
			rc = add_part(fd, folder, &part);
		else if (more < 0)
			rc = add(fd, way.at, STIRS);
	}
	return rc;
}

static int add_all(struct watch *watch)
{
	int rc = watch->events < 0 ? -EMFILE : 0;

	for (size_t i = 0; i < watch->files.count && !rc; i++)
		rc = add_way(watch->events, watch->files.all[i].path);
	watch->slow = rc;
	return rc;
}

static unsigned int look_ms(const struct watch *watch)
{
	return watch->slow ? LOOK_MS : LOOK_ANYWAY_MS;
}

static void wake_in(struct watch *watch, unsigned int ms)
{
	struct itimerspec when = {.it_value = {ms / 1000, ms % 1000 * (long)CLOCK_NS_PER_MS}};

	timerfd_settime(watch->timer, 0, &when, NULL);
}

static int join(struct watch *watch, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};

	return fd >= 0 && epoll_ctl(watch->fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_all(struct watch *watch)
{
	int rc;

	watch->fd = epoll_create1(EPOLL_CLOEXEC);
	watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	watch->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (watch->fd < 0 || watch->timer < 0)
		return -errno;
	rc = join(watch, watch->timer, EPOLLIN);
	if (!rc)
		rc = join(watch, watch->mounts, EPOLLPRI); /* proc(5): a mount came or went */
	return rc ? rc : join(watch, watch->events, EPOLLIN);
}

static bool has(const struct policy_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->all[i].path, path))
			return true;
	return false;
}

static int add_file(struct policy_files *files, const struct policy_file *file)
{
	struct policy_file *copy = &files->all[files->count];

	*copy = *file;
	copy->fault = NULL;
	copy->path = strdup(file->path);
	if (!copy->path)
		return -ENOMEM;
	files->count++;
	return 0;
}

static int copy_files(struct watch *watch, const struct policy_files *files, const char *const *paths,
		      size_t path_count)
{
	int rc = 0;

	watch->files.all = calloc(files->count + path_count + 1, sizeof(*watch->files.all));
	if (!watch->files.all)
		return -ENOMEM;
	for (size_t i = 0; i < files->count && !rc; i++)
		rc = add_file(&watch->files, &files->all[i]);
	for (size_t i = 0; i < path_count && !rc; i++) {
		const struct policy_file nothing = {.path = (char *)paths[i]}; /* lay there */

		if (!has(&watch->files, paths[i]))
			rc = add_file(&watch->files, &nothing);
	}
	return rc;
}

int watch_new(const struct policy_files *files, const char *const *paths, size_t path_count, struct watch **ret,
	      struct error *error)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	char why[INOTIFY_WHY_SIZE];
	int refused, rc;

	if (!watch)
		return error_set(error, -ENOMEM, "out of memory");
	watch->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	refused = watch->events < 0 ? -errno : 0;
	rc = open_all(watch);
	if (!rc)
		rc = copy_files(watch, files, paths, path_count);
	if (rc) {
		watch_free(watch);
		return error_set(error, rc, "the policy's files cannot be watched: %s; after a change, send SIGHUP",
				 strerror(-rc));
	}
	if (!refused)
		refused = add_all(watch);
	watch->slow = refused;
	wake_in(watch, look_ms(watch));
	*ret = watch;
	if (!refused)
		return 0;
	return error_set(error, refused, "the policy's files cannot be watched: %s. They are looked at every %d s",
			 inotify_why(-refused, why), LOOK_MS / 1000);
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->events >= 0)
		close(watch->events);
	if (watch->timer >= 0)
		close(watch->timer);
	if (watch->mounts >= 0)
		close(watch->mounts);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->last);
	policy_files_clear(&watch->files);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch ? watch->fd : -1;
}

bool watch_drain(struct watch *watch)
{
	char events[4096];
	uint64_t ticks;
	bool ticked = read(watch->timer, &ticks, sizeof(ticks)) == sizeof(ticks), stirred = !ticked || watch->slow;

	while (watch->events >= 0 && read(watch->events, events, sizeof(events)) > 0)
		stirred = true;
	if (ticked)
		wake_in(watch, look_ms(watch));
	return stirred;
}

/* What lies in their places now; malloc'd. NULL: no memory. */
static struct policy_file *look_at_all(const struct policy_files *files)
{
	struct policy_file *now = calloc(files->count + 1, sizeof(*now));

	for (size_t i = 0; now && i < files->count; i++)
		now[i] = rest_look(&files->all[i]);
	return now;
}

static bool are_same(const struct policy_file *a, const struct policy_file *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!rest_is_same(&a[i], &b[i]))
			return false;
	return true;
}

static bool is_at_rest(const struct policy_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rest_is_written(&files[i]) || rest_is_emptied(&files[i]))
			return false;
	return true;
}

bool watch_sees_change(struct watch *watch)
{
	size_t count = watch->files.count;
	struct policy_file *before = watch->last, *now;
	uint64_t now_ns = clock_now_ns();
	bool changed, same;

	add_all(watch); /* a folder may have come, or be another one by now */
	now = look_at_all(&watch->files);
	if (!now)
		return false;
	changed = !are_same(now, watch->files.all, count);
	same = before && are_same(now, before, count);
	free(before);
	watch->last = now;
	if (!same)
		watch->last_ns = now_ns;
	if (changed && now_ns - watch->last_ns >= REST_MS * CLOCK_NS_PER_MS && is_at_rest(now, count))
		return true;
	wake_in(watch, changed ? REST_MS : look_ms(watch));
	return false;
}
