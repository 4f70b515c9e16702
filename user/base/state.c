// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The state folder: opened only where nobody but root can have put things; files written whole. */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "state_file.h"

#define LOCK_TRIES   40
#define LOCK_WAIT_NS (50 * CLOCK_NS_PER_MS)

static int refuse(struct error *error, const char *path, const char *why)
{
	return error_set(error, -EPERM, "the state folder %s is not used: %s; give a folder of its own with --state",
			 path, why);
}

/* May others put something in the place of what lies in it? With the sticky bit they may not. */
static bool is_safe_way(const struct stat *st)
{
	return !st->st_uid && (!(st->st_mode & (S_IWGRP | S_IWOTH)) || st->st_mode & S_ISVTX);
}

static bool is_empty(int fd)
{
	/* Opened anew and not duplicated: readdir() moves an offset that a duplicate would share. */
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool empty = dir;

	if (!dir && copy >= 0)
		close(copy);
	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	if (dir)
		closedir(dir);
	return empty;
}

static int check_folder(int fd, const char *path, bool make, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_set(error, -errno, "cannot look at the state folder %s: %s", path, strerror(errno));
	if (st.st_uid)
		return refuse(error, path, "it does not belong to root");
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(error, path, "others than root may write to it");
	if (!(st.st_mode & (S_IRWXG | S_IRWXO)))
		return 0;
	/* A kubelet and a service manager make it open to all, and empty. One that holds things is somebody else's. */
	if (!is_empty(fd))
		return refuse(error, path, "it holds files and others than root may look into it (chmod 0700)");
	if (make && fchmod(fd, S_IRWXU))
		return error_set(error, -errno, "cannot close the state folder %s to others: %s", path,
				 strerror(errno));
	return 0;
}

/* The folder @name in @parent, which is closed. A link on the way could lead anywhere. */
static int step(int parent, const char *name, bool make, bool last)
{
	int fd, rc;

	if (make && mkdirat(parent, name, last ? 0700 : 0755) && errno != EEXIST) {
		rc = -errno;
		close(parent);
		return rc;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	rc = fd < 0 ? -errno : fd;
	close(parent);
	return rc;
}

static int walk(const char *path, bool make, struct error *error)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char copy[PATH_MAX], *save = NULL, *name, *next;

	if (fd < 0)
		return error_set(error, -errno, "cannot open /: %s", strerror(errno));
	snprintf(copy, sizeof(copy), "%s", path);
	for (name = strtok_r(copy, "/", &save); name; name = next) {
		struct stat st;

		next = strtok_r(NULL, "/", &save);
		if (!strcmp(name, "..") || fstat(fd, &st) || !is_safe_way(&st)) {
			close(fd);
			return refuse(error, path, "others than root may write to a folder on the way to it");
		}
		fd = step(fd, name, make, !next);
		if (fd == -ENOTDIR || fd == -ELOOP)
			return refuse(error, path, "something on the way to it is a link, or no folder");
		if (fd < 0)
			return error_set(error, fd, "cannot %s the state folder %s: %s", make ? "make" : "open", path,
					 strerror(-fd));
	}
	return fd;
}

int state_open(const char *path, bool make, struct error *error)
{
	int fd, rc;

	if (path[0] != '/' || !path[strspn(path, "/")] || strlen(path) >= PATH_MAX)
		return error_set(error, -EINVAL, "\"%s\" cannot be the state folder; write its path from / on", path);
	fd = walk(path, make, error);
	if (fd < 0)
		return fd;
	rc = check_folder(fd, path, make, error);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

void state_lock(int state)
{
	const struct timespec wait = {.tv_nsec = LOCK_WAIT_NS};

	for (int i = 0; i < LOCK_TRIES && flock(state, LOCK_EX | LOCK_NB); i++)
		nanosleep(&wait, NULL);
}

static bool is_own(const char *name)
{
	static const char *const kinds[] = {"mark-",   "attach-", "ruled-", "layered-",
					    "policy-", "hits-",   "agent-", STATE_UNFINISHED};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(name, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

int state_remove_all(int state, const char *path)
{
	int copy = openat(state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir) {
		rc = -errno;
		if (copy >= 0)
			close(copy);
		return rc;
	}
	while ((entry = readdir(dir)))
		if (is_own(entry->d_name) && unlinkat(state, entry->d_name, 0) && errno != ENOENT)
			rc = -errno;
	closedir(dir);
	rmdir(path); /* it stays where it holds something else, or is a mount */
	return rc;
}

int state_file_name(char buf[static STATE_NAME_SIZE], const char *kind, const char *instance)
{
	int len = snprintf(buf, STATE_NAME_SIZE, "%s-%s", kind, instance);

	return strchr(instance, '/') || len >= STATE_NAME_SIZE ? -EINVAL : 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	ssize_t done = write(fd, bytes, len);

	if (done < 0)
		return -errno;
	return (size_t)done < len ? -ENOSPC : fsync(fd) ? -errno : 0;
}

/* After a crash there is the old file or the new one. */
int state_file_write(int state, const char *kind, const char *instance, const char *bytes, size_t len_bytes)
{
	char name[STATE_NAME_SIZE], unfinished[STATE_NAME_SIZE + 32];
	int fd, rc;

	rc = state_file_name(name, kind, instance);
	if (rc)
		return rc;
	snprintf(unfinished, sizeof(unfinished), STATE_UNFINISHED "%d-%s", (int)getpid(), name);
	fd = openat(state, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, bytes, len_bytes);
	close(fd);
	if (!rc && renameat(state, unfinished, state, name))
		rc = -errno;
	if (rc)
		unlinkat(state, unfinished, 0);
	else if (fsync(state))
		rc = -errno;
	return rc;
}

int state_file_read(int state, const char *kind, const char *instance, char buf[static STATE_FILE_SIZE])
{
	char name[STATE_NAME_SIZE];
	ssize_t len;
	int fd, rc;

	rc = state_file_name(name, kind, instance);
	if (rc)
		return rc;
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	fd = openat(state, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, buf, STATE_FILE_SIZE - 1);
	rc = len < 0 ? -errno : 0;
	buf[len < 0 ? 0 : len] = '\0';
	close(fd);
	return rc;
}

int state_file_remove(int state, const char *kind, const char *instance)
{
	char name[STATE_NAME_SIZE];
	int rc = state_file_name(name, kind, instance);

	if (rc)
		return rc;
	return unlinkat(state, name, 0) && errno != ENOENT ? -errno : 0;
}

bool state_file_value(const char *text, const char *key, char *ret, size_t size)
{
	size_t key_len = strlen(key);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncmp(text, key, key_len) || text[key_len] != '=')
			continue;
		text += key_len + 1;
		snprintf(ret, size, "%.*s", (int)strcspn(text, "\n"), text);
		return true;
	}
	return false;
}
