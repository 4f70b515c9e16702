// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "instance_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../base/process.h"
#include "instance_share.h"
#include "pins.h"

/* How often a folder that goes away while it is locked is made again. */
#define CLAIM_TRIES 20

/* Who may write to the root of the file system can rename what is in it, unless its sticky bit is set. */
static int check_root_of_bpffs(struct error *error)
{
	struct stat st;

	if (stat(BPFFS, &st))
		return pins_no_folder(-errno, BPFFS, error);
	if (!st.st_uid && ((st.st_mode & S_ISVTX) || !(st.st_mode & (S_IWGRP | S_IWOTH))))
		return 0;
	return error_set(error, -EPERM,
			 BPFFS " belongs to uid %u with mode %04o, so others than root can move away what Egret pins "
			       "there; make it root's: chown root " BPFFS " && chmod 700 " BPFFS,
			 (unsigned int)st.st_uid, st.st_mode & 07777U);
}

/* On a BPF file system with mode 1777 anybody can make it before Egret does. */
static int take_parent_back(struct kernel *kernel, int fd, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st))
		return pins_no_folder(-errno, INSTANCES, error);
	if (pins_are_roots(&st))
		return 0;
	if (fchown(fd, 0, 0) || fchmod(fd, 0700))
		return pins_foreign_parent(&st, error);
	snprintf(kernel->note, sizeof(kernel->note),
		 INSTANCES " belonged to uid %u with mode %04o, who did not get it from Egret: it is root's alone now; "
			   "look who made it",
		 (unsigned int)st.st_uid, st.st_mode & 07777U);
	return 0;
}

static int make_parent(struct kernel *kernel, struct error *error)
{
	int rc = kernel_check_bpffs(error), fd;

	if (!rc)
		rc = check_root_of_bpffs(error);
	if (rc)
		return rc;
	if (mkdir(INSTANCES, 0700) && errno != EEXIST)
		return error_set(error, -errno, "cannot make " INSTANCES ": %s; is " BPFFS " mounted read-only?",
				 strerror(errno));
	fd = pins_open_folder(INSTANCES);
	if (fd == -ENOENT)
		return -EAGAIN; /* the last instance that was there ended at this moment */
	if (fd < 0) {
		rmdir(INSTANCES); /* stays while an instance is there */
		return pins_no_folder(fd, INSTANCES, error);
	}
	rc = take_parent_back(kernel, fd, error);
	close(fd);
	return rc;
}

#define LOCK_TRIES    100
#define LOCK_SLEEP_US 10000

static int held_by_another(const struct kernel *kernel, struct error *error)
{
	const struct kernel *other = NULL;
	struct egret_meta meta = {};
	struct error ignored;
	char who[32] = "another agent";

	if (!kernel_open(kernel->instance, &other, &ignored) && !kernel_get_meta(other, &meta) &&
	    process_look(&(struct process_id){meta.agent_pid, meta.agent_start_ticks, meta.agent_pid_namespace}) ==
		PROCESS_ALIVE)
		snprintf(who, sizeof(who), "the agent with pid %u", meta.agent_pid);
	kernel_close(other);
	return error_set(error, -EBUSY,
			 "instance %s is held by %s (see egret status --instance %s); stop that one, or choose another "
			 "--instance",
			 kernel->instance, who, kernel->instance);
}

static int lock_folder(const struct kernel *kernel, enum kernel_claim how, struct error *error)
{
	/* Who only asks (kernel_is_held) has the lock for a moment, and so has the child of an agent that
	 * was killed while it tried something. */
	for (int tries = 0; tries < (how == KERNEL_LEFT ? 1 : LOCK_TRIES); tries++) {
		if (!flock(kernel->dir_fd, LOCK_EX | LOCK_NB))
			return 0;
		if (how != KERNEL_LEFT)
			usleep(LOCK_SLEEP_US);
	}
	return held_by_another(kernel, error);
}

bool folder_is_there(const struct kernel *kernel)
{
	char path[PIN_PATH_SIZE];
	struct stat own, there;

	snprintf(path, sizeof(path), INSTANCES "/%s", kernel->instance);
	return kernel->dir_fd >= 0 && !fstat(kernel->dir_fd, &own) && own.st_nlink && !lstat(path, &there) &&
	       own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

bool folder_remove(const char *instance)
{
	char path[PIN_PATH_SIZE];

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	if (rmdir(path))
		return false;
	if (!rmdir(INSTANCES)) /* stays while other instances are there */
		share_end();
	return true;
}

static bool is_empty(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return false;
	while ((entry = readdir(dir)) && entry->d_name[0] == '.')
		;
	closedir(dir);
	return !entry;
}

/* May nobody be behind the instance any more? Only such folders are locked for a look: while a look holds the lock of
 * another instance, that one's agent would be taken for alive. */
static bool may_be_left(const struct kernel *kernel)
{
	struct stat st;

	return is_empty(kernel->dir_fd) || !fstatat(kernel->dir_fd, EXEC_NOTE, &st, AT_SYMLINK_NOFOLLOW);
}

/* -EAGAIN: the folder went away before it was locked. */
static int claim_once(struct kernel *kernel, enum kernel_claim how, struct error *error)
{
	char path[PIN_PATH_SIZE];
	int rc = how == KERNEL_LEFT ? kernel_check_pins(error) : make_parent(kernel, error);
	bool made;

	if (rc)
		return rc;
	snprintf(path, sizeof(path), INSTANCES "/%s", kernel->instance);
	made = how != KERNEL_LEFT && !mkdir(path, 0700);
	kernel->fresh = made; /* also where no descriptor is left to look into it */
	if (how != KERNEL_LEFT && !made && errno != EEXIST && errno != ENOENT)
		return error_set(error, -errno, "cannot make %s: %s", path, strerror(errno));
	kernel->dir_fd = pins_open_folder(path);
	if (kernel->dir_fd == -ENOENT)
		return -EAGAIN;
	if (kernel->dir_fd < 0) {
		if (made)
			folder_remove(kernel->instance);
		return pins_no_folder(kernel->dir_fd, path, error);
	}
	if (how == KERNEL_LEFT && !may_be_left(kernel))
		return error_set(error, -ENOENT, "instance %s is not what an exec left", kernel->instance);
	rc = lock_folder(kernel, how, error);
	if (!rc && !folder_is_there(kernel))
		rc = -EAGAIN;
	if (!rc)
		return 0;
	close(kernel->dir_fd);
	kernel->dir_fd = -1;
	return rc;
}

int folder_claim(struct kernel *kernel, enum kernel_claim how, struct error *error)
{
	int rc, tries = 0;

	do
		rc = claim_once(kernel, how, error);
	while (rc == -EAGAIN && how != KERNEL_LEFT && ++tries < CLAIM_TRIES);
	if (rc == -EAGAIN)
		return error_set(error, -ENOENT, "the folder of instance %s goes away again and again; try later",
				 kernel->instance);
	if (rc)
		return rc;
	kernel->fresh = kernel->fresh || is_empty(kernel->dir_fd);
	if (how != KERNEL_FRESH || kernel->fresh)
		return 0;
	return error_set(
	    error, -EBUSY,
	    "instance %s is in use (see egret status --instance %s); choose another --instance, or take it "
	    "down: egret detach --instance %s",
	    kernel->instance, kernel->instance, kernel->instance);
}
