// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who may read an instance beside root: the group KERNEL_VIEWERS, where /etc/group has it. Its maps are 0640, and what
 * can be read only by who may write, links, stays root's. Folders are 0710: who may list one may lock it (flock(2) asks
 * for a descriptor, and for nothing else), and with that keep an agent from starting.
 */
#include "instance_share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../base/group.h"
#include "handle.h"
#include "pins.h"

#define PRIVATE_FOLDER 0700
#define SHARED_FOLDER  0710
#define PRIVATE_MAP    0600
#define SHARED_MAP     0640

struct sharing {
	bool shared;
	gid_t group; /* 0 where it is not */
};

static int give(int dir_fd, const char *name, const struct sharing *sharing, mode_t mode)
{
	/* No right is given to a group before it is the right one. */
	if (fchownat(dir_fd, name, 0, sharing->group, AT_SYMLINK_NOFOLLOW) || fchmodat(dir_fd, name, mode, 0))
		return -errno;
	return 0;
}

/* systemd mounts it 0700. Whoever made it wider has said so. */
static int open_way(const struct sharing *sharing)
{
	struct stat st;

	if (!sharing->shared)
		return 0;
	if (stat(BPFFS, &st))
		return -errno;
	if (st.st_mode & S_IXOTH || (st.st_gid == sharing->group && st.st_mode & S_IXGRP))
		return 0;
	return give(AT_FDCWD, BPFFS, sharing, SHARED_FOLDER);
}

void share_end(void)
{
	struct sharing none = {};
	struct stat st;
	gid_t group;

	if (group_find(KERNEL_VIEWERS, &group) && !stat(BPFFS, &st) && st.st_gid == group &&
	    (st.st_mode & 07777) == SHARED_FOLDER)
		give(AT_FDCWD, BPFFS, &none, PRIVATE_FOLDER);
}

/* A reader has one inner map of the table or the other, whole, at each moment. */
static int pin_table(const struct kernel *kernel, enum kernel_map table, const struct sharing *sharing)
{
	char path[PIN_PATH_SIZE], fresh[PIN_PATH_SIZE];
	int fd, rc;

	pin_path_now(path, kernel->instance, "map", map_shapes[table].name);
	pin_path_now(fresh, kernel->instance, "next", map_shapes[table].name);
	if (!sharing->shared)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	fd = handle_inner_fd(kernel, table);
	if (fd < 0)
		return fd;
	unlink(fresh); /* of an agent that was killed here */
	rc = bpf_obj_pin(fd, fresh) ? -errno : give(AT_FDCWD, fresh, sharing, SHARED_MAP);
	close(fd);
	if (!rc && rename(fresh, path))
		rc = -errno;
	return rc;
}

static int pin_tables(const struct kernel *kernel, const struct sharing *sharing)
{
	const enum kernel_map *tables;
	size_t count = handle_view_tables(&tables);
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++)
		rc = pin_table(kernel, tables[i], sharing);
	return rc;
}

static int share_maps(const struct kernel *kernel, const struct sharing *sharing)
{
	char path[PIN_PATH_SIZE];
	int rc = 0;

	for (int i = 0; i < MAP_COUNT && !rc; i++) {
		pin_path(path, kernel->instance, "map", map_shapes[i].name);
		rc = give(AT_FDCWD, path, sharing, sharing->shared ? SHARED_MAP : PRIVATE_MAP);
	}
	return rc;
}

int kernel_share(const struct kernel *kernel)
{
	struct sharing sharing = {};
	char folder[PIN_PATH_SIZE];
	mode_t mode;
	int rc;

	if (!kernel_is_pinned(kernel))
		return 0;
	sharing.shared = group_find(KERNEL_VIEWERS, &sharing.group);
	mode = sharing.shared ? SHARED_FOLDER : PRIVATE_FOLDER;
	snprintf(folder, sizeof(folder), INSTANCES "/%s", kernel->instance);
	rc = pin_tables(kernel, &sharing);
	if (!rc)
		rc = share_maps(kernel, &sharing);
	if (!rc)
		rc = give(AT_FDCWD, folder, &sharing, mode);
	if (!rc)
		rc = give(AT_FDCWD, INSTANCES, &sharing, mode);
	return rc ? rc : open_way(&sharing);
}
