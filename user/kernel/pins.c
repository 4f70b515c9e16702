// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pins.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"

#define BPF_FS_MAGIC 0xcafe4a11 /* linux/magic.h */

void pin_path(char buf[static PIN_PATH_SIZE], const char *instance, const char *kind, const char *name)
{
	snprintf(buf, PIN_PATH_SIZE, INSTANCES "/%s/%s_%s", instance, kind, name);
}

void pin_path_now(char buf[static PIN_PATH_SIZE], const char *instance, const char *kind, const char *table)
{
	snprintf(buf, PIN_PATH_SIZE, INSTANCES "/%s/%s_%s_now", instance, kind, table);
}

int pins_check_name(const char *instance, struct error *error)
{
	size_t len = strlen(instance);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)instance[i]) && instance[i] != '-' && instance[i] != '_')
			len = 0;
	if (len && len < INSTANCE_SIZE)
		return 0;
	return error_set(error, -EINVAL, "\"%s\" cannot name an instance; use up to 63 letters, digits, - and _",
			 instance);
}

static int open_folder(const char *path, int how)
{
	int fd = open(path, how | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP ? -ENOTDIR : -errno;
	return fd;
}

int pins_open_folder(const char *path)
{
	return open_folder(path, O_RDONLY);
}

int pins_no_folder(int rc, const char *path, struct error *error)
{
	if (rc == -ENOTDIR)
		return error_set(error, -ENOTDIR,
				 "%s is a link or a file, which Egret did not make; look who made it, and remove it: "
				 "rm %s",
				 path, path);
	if (rc == -EACCES || rc == -EPERM)
		return error_set(error, -EPERM, "only root can see what Egret has pinned below " BPFFS "; use sudo");
	return error_set(error, rc, "cannot open %s: %s", path, strerror(-rc));
}

bool pins_are_roots(const struct stat *st)
{
	return !st->st_uid && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

int kernel_check_bpffs(struct error *error)
{
	struct statfs fs;
	int rc = statfs(BPFFS, &fs) ? -errno : 0;

	if (rc == -EACCES || rc == -EPERM)
		return pins_no_folder(rc, BPFFS, error);
	if (!rc && fs.f_type == BPF_FS_MAGIC)
		return 0;
	return error_set(error, -ENODEV,
			 "no BPF file system is mounted at " BPFFS " here, so what Egret has pinned there cannot be "
			 "seen; on a node mount it: mount -t bpf bpf " BPFFS "; in a container bring in the node's own "
			 "(a hostPath volume)");
}

int pins_foreign_parent(const struct stat *st, struct error *error)
{
	return error_set(error, -EPERM,
			 INSTANCES " belongs to uid %u with mode %04o, so others than root may have moved or changed "
				   "what is in it; look who made it, and take it back: chown root " INSTANCES
				   " && chmod 700 " INSTANCES,
			 (unsigned int)st->st_uid, st->st_mode & 07777U);
}

static int check_parent(int how, struct error *error)
{
	int rc = kernel_check_bpffs(error), fd;
	struct stat st;

	if (rc)
		return rc;
	fd = open_folder(INSTANCES, how);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return pins_no_folder(fd, INSTANCES, error);
	rc = fstat(fd, &st) ? -errno : 0;
	close(fd);
	if (rc)
		return pins_no_folder(rc, INSTANCES, error);
	return pins_are_roots(&st) ? 0 : pins_foreign_parent(&st, error);
}

int kernel_check_pins(struct error *error)
{
	return check_parent(O_RDONLY, error);
}

int pins_check_unlisted(struct error *error)
{
	return check_parent(O_PATH, error);
}

bool kernel_is_there(const char *instance)
{
	char path[PIN_PATH_SIZE];

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	return *instance && !access(path, F_OK);
}

bool kernel_is_held(const char *instance)
{
	char path[PIN_PATH_SIZE];
	bool held;
	int fd;

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

int kernel_each_instance(void (*visit)(void *context, const char *instance), void *context)
{
	struct error ignored;
	struct dirent *entry;
	int rc = kernel_check_pins(&ignored);
	DIR *dir;

	if (rc)
		return rc;
	dir = opendir(INSTANCES);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			visit(context, entry->d_name);
	closedir(dir);
	return 0;
}
