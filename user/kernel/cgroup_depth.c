// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cgroup_depth.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* include/linux/exportfs.h */
#define FILEID_KERNFS 0xfe
/* fs/kernfs/mount.c: the first inode of a hierarchy is its root's. */
#define ROOT_ID 1
/* No cgroup lies as deep: cgroup.max.depth counts below the root, and a path has at most 4096 octets. */
#define DEEPEST 2048

struct place {
	uint64_t id;
	dev_t file_system;
};

static int look(int fd, struct place *ret)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*ret = (struct place){st.st_ino, st.st_dev};
	return 0;
}

/* -EXDEV: the mount begins below the root of the hierarchy. */
static int climb(int cgroup_fd, const struct place *from)
{
	struct place now = *from;
	int fd = openat(cgroup_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), depth = 0, rc = fd < 0 ? -errno : 0;

	while (!rc && now.id != ROOT_ID && depth < DEEPEST) {
		int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = parent;
		rc = fd < 0 ? -errno : look(fd, &now);
		if (!rc && now.file_system != from->file_system)
			rc = -EXDEV;
		depth++;
	}
	if (fd >= 0)
		close(fd);
	return rc ? rc : depth;
}

/* -ENOENT: it is not below. Takes @dir_fd. */
static int search(int dir_fd, uint64_t id, int depth)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;
	int rc = -ENOENT;

	if (!dir) {
		close(dir_fd);
		return -errno;
	}
	while (rc == -ENOENT && depth < DEEPEST && (entry = readdir(dir))) {
		int fd;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (entry->d_ino == id) {
			rc = depth + 1;
			break;
		}
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = fd < 0 ? -ENOENT : search(fd, id, depth + 1);
	}
	closedir(dir);
	return rc;
}

/* A cgroup namespace hides what is above it from paths, but not from handles. */
static int search_from_root(int cgroup_fd, uint64_t id)
{
	const uint64_t root = ROOT_ID;
	union {
		struct file_handle handle;
		char space[sizeof(struct file_handle) + sizeof(root)];
	} u;
	int fd;

	u.handle.handle_bytes = sizeof(root);
	u.handle.handle_type = FILEID_KERNFS;
	memcpy(u.handle.f_handle, &root, sizeof(root));
	fd = open_by_handle_at(cgroup_fd, &u.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : search(fd, id, 0);
}

int cgroup_depth(int cgroup_fd, uint64_t *ret_id)
{
	struct place own;
	int rc = look(cgroup_fd, &own);

	if (rc)
		return rc;
	*ret_id = own.id;
	rc = climb(cgroup_fd, &own);
	return rc == -EXDEV ? search_from_root(cgroup_fd, own.id) : rc;
}
