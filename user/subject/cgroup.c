// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_SUPER_MAGIC 0x63677270 /* linux/magic.h */
#define KERNFS_ROOT_INO     1          /* fs/kernfs: the first that the hierarchy gives away */
#define FILEID_KERNFS       0xfe       /* linux/exportfs.h, 5.5: a handle is the 64-bit id */

int cgroup_mount_point(char *buf, size_t size, struct error *error)
{
	struct mntent entry, *found;
	char line[CGROUP_PATH_SIZE];
	FILE *mounts = setmntent("/proc/mounts", "r");
	int rc = -ENOENT;

	if (!mounts)
		return error_set(error, -errno, "cannot read /proc/mounts: %s; mount /proc", strerror(errno));
	while ((found = getmntent_r(mounts, &entry, line, sizeof(line))) && rc)
		if (!strcmp(found->mnt_type, "cgroup2") && (size_t)snprintf(buf, size, "%s", found->mnt_dir) < size)
			rc = 0;
	endmntent(mounts);
	if (rc)
		return error_set(error, rc,
				 "no cgroup v2 hierarchy is mounted, and Egret attaches to one; "
				 "mount it: mount -t cgroup2 none /sys/fs/cgroup");
	return 0;
}

static int open_cgroup_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC) {
		close(fd);
		return -ENOTDIR;
	}
	return fd;
}

int cgroup_open(const char *path, int *ret_fd, struct error *error)
{
	char full[2 * CGROUP_PATH_SIZE], mount[CGROUP_PATH_SIZE];
	int fd, rc;

	rc = cgroup_mount_point(mount, sizeof(mount), error);
	if (rc)
		return rc;
	fd = open_cgroup_dir(path);
	if (fd < 0) {
		snprintf(full, sizeof(full), "%s/%s", mount, path);
		fd = open_cgroup_dir(full);
	}
	if (fd < 0)
		return error_set(error, fd,
				 "there is no cgroup %s below %s; make it (mkdir), or name another with --cgroup", path,
				 mount);
	*ret_fd = fd;
	return 0;
}

bool cgroup_is_root(int cgroup_fd)
{
	struct stat st;

	return !fstat(cgroup_fd, &st) && st.st_ino == KERNFS_ROOT_INO;
}

int cgroup_id(int cgroup_fd, uint64_t *ret)
{
	struct stat st;

	if (fstat(cgroup_fd, &st))
		return -errno;
	*ret = st.st_ino;
	return 0;
}

bool cgroup_is_there(int cgroup_fd)
{
	return !faccessat(cgroup_fd, "cgroup.procs", F_OK, 0);
}

static int open_by_id(int mount_fd, uint64_t id)
{
	union {
		struct file_handle handle;
		char space[sizeof(struct file_handle) + sizeof(id)];
	} u;
	int fd;

	u.handle.handle_bytes = sizeof(id);
	u.handle.handle_type = FILEID_KERNFS;
	memcpy(u.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount_fd, &u.handle, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* @full is below @mount, or the kernel says that its directory was removed. */
static int path_below_mount(const char *full, const char *mount, char *buf, size_t size)
{
	size_t len = strlen(mount);
	const char *below = full + len;
	const char *deleted = strstr(full, " (deleted)");

	if (strncmp(full, mount, len) || (deleted && !deleted[strlen(" (deleted)")]))
		return -ENOENT;
	snprintf(buf, size, "%s", *below ? below : "/");
	return 0;
}

int cgroup_path_of_fd(int cgroup_fd, char *buf, size_t size)
{
	char mount[CGROUP_PATH_SIZE], proc[64], full[CGROUP_PATH_SIZE];
	struct error ignored;
	ssize_t len;
	int rc;

	rc = cgroup_mount_point(mount, sizeof(mount), &ignored);
	if (rc)
		return rc;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", cgroup_fd);
	len = readlink(proc, full, sizeof(full) - 1);
	if (len < 0)
		return -errno;
	full[len] = '\0';
	return path_below_mount(full, mount, buf, size);
}

int cgroup_open_id(uint64_t id, int *ret_fd)
{
	char mount[CGROUP_PATH_SIZE];
	struct error ignored;
	int mount_fd, fd, rc;

	rc = cgroup_mount_point(mount, sizeof(mount), &ignored);
	if (rc)
		return rc;
	mount_fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return -errno;
	fd = open_by_id(mount_fd, id);
	close(mount_fd);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int cgroup_path_of_id(uint64_t id, char *buf, size_t size)
{
	int fd, rc = cgroup_open_id(id, &fd);

	if (rc)
		return rc;
	rc = cgroup_path_of_fd(fd, buf, size);
	close(fd);
	return rc;
}

bool cgroup_path_is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	while (len && above[len - 1] == '/')
		len--;
	return !strncmp(path, above, len) && (!path[len] || path[len] == '/');
}

int cgroup_of_process(pid_t pid, char *buf, size_t size)
{
	char path[64], line[CGROUP_PATH_SIZE];
	FILE *file;
	int rc = -ENOENT;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (rc && fgets(line, sizeof(line), file)) {
		/* Hierarchy 0 is cgroup v2: cgroups(7). */
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, size, "%s", line + 3);
		rc = 0;
	}
	fclose(file);
	return rc;
}

int cgroup_of_self(char *buf, size_t size, struct error *error)
{
	int rc = cgroup_of_process(getpid(), buf, size);

	if (rc == -ENOENT)
		return error_set(error, rc, "this process is in no cgroup v2; mount the hierarchy");
	if (rc)
		return error_set(error, rc, "cannot read /proc/self/cgroup: %s", strerror(-rc));
	return 0;
}

int cgroup_make(int parent_fd, const char *name, int *ret_fd, struct error *error)
{
	int fd = mkdirat(parent_fd, name, 0755) ? -errno : 0;

	if (fd == -EEXIST)
		return error_set(
		    error, fd,
		    "there is a cgroup %s already, which may be somebody else's; choose another --instance "
		    "or --cgroup, or remove it: rmdir",
		    name);
	if (fd)
		return error_set(error, fd, "cannot make the cgroup %s: %s; is the hierarchy mounted read-only?", name,
				 strerror(-fd));
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "cannot open the cgroup %s: %s", name, strerror(errno));
	*ret_fd = fd;
	return 0;
}

int cgroup_enter(int cgroup_fd)
{
	int fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		rc = -errno;
	close(fd);
	return rc;
}

/* Is a process in the cgroup or below it? Where that cannot be read, yes. */
static bool is_populated(int parent_fd, const char *name)
{
	char path[CGROUP_PATH_SIZE], text[256];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.events", name);
	fd = openat(parent_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return true;
	text[len] = '\0';
	return !strstr(text, "populated 0");
}

static int remove_children(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while (!rc && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			rc = cgroup_remove(fd, entry->d_name);
	closedir(dir);
	return rc;
}

int cgroup_remove(int parent_fd, const char *name)
{
	if (!unlinkat(parent_fd, name, AT_REMOVEDIR))
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	if (is_populated(parent_fd, name) || remove_children(parent_fd, name))
		return -EBUSY;
	return unlinkat(parent_fd, name, AT_REMOVEDIR) ? -errno : 0;
}
