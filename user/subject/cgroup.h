/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The cgroup v2 tree as Egret needs it: where it is mounted, ids and paths.
 * Paths are below the cgroup root and begin with a slash ("/" is the root itself).
 * A cgroup's id is the inode of its directory.
 */
#ifndef EGRET_CGROUP_H
#define EGRET_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/error.h"

#define CGROUP_PATH_SIZE 4096

/* The mount point of cgroup v2, from /proc/mounts: it is not always /sys/fs/cgroup. */
int cgroup_mount_point(char *buf, size_t size, struct error *error);

/* @path as a person gave it: a directory below the mount point, or a path below
 * the cgroup root. Returns an open directory (the caller closes it). */
int cgroup_open(const char *path, int *ret_fd, struct error *error);
int cgroup_id(int cgroup_fd, uint64_t *ret);
/* false: it was removed since it was opened. */
bool cgroup_is_there(int cgroup_fd);
/* Of the whole machine: in a cgroup namespace `/` is another one. */
bool cgroup_is_root(int cgroup_fd);

/* Where a cgroup is, for people. -ENOENT: it is gone. */
int cgroup_path_of_id(uint64_t id, char *buf, size_t size);
/* The same of an open cgroup. */
int cgroup_path_of_fd(int cgroup_fd, char *buf, size_t size);
/* Is it @above itself, or below it? */
bool cgroup_path_is_below(const char *path, const char *above);
/* The path of a process. -ENOENT: it is gone, or in no cgroup v2. */
int cgroup_of_process(pid_t pid, char *buf, size_t size);
/* The path of the calling process. */
int cgroup_of_self(char *buf, size_t size, struct error *error);

/* From wherever this process is, also below another root. -ESTALE: it is gone; all else: nobody
 * can tell. Returns a descriptor for paths only (O_PATH). */
int cgroup_open_id(uint64_t id, int *ret_fd);

/* Makes @name below the open cgroup @parent_fd; returns it open. -EEXIST: somebody made it before. */
int cgroup_make(int parent_fd, const char *name, int *ret_fd, struct error *error);
/* Moves the calling process. */
int cgroup_enter(int cgroup_fd);
/* With all that is below. -EBUSY: a process is in it, as the kernel knows it, whatever can be seen
 * from here; -ENOENT: it is gone. */
int cgroup_remove(int parent_fd, const char *name);

#endif
