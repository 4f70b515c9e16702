/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Goes along a path as the kernel does, part by part, and through each symbolic link on it: path_resolution(7). */
#ifndef EGRET_WAY_H
#define EGRET_WAY_H

#include <limits.h>
#include <sys/stat.h>

struct way {
	char at[PATH_MAX];   /* what was reached: a folder, without a slash behind it; "" = the root */
	char rest[PATH_MAX]; /* what is still to go */
	unsigned int links;  /* that were followed */
};

struct way_part {
	char path[PATH_MAX]; /* without a link in front of its last name */
	struct stat st;      /* of a link, its own */
};

/* To a @path that is not absolute it begins in the present folder. 0, or a negative errno. */
int way_begin(struct way *way, const char *path);
/* 1 = @ret is the next part; 0 = there is none; a negative errno = it cannot be looked at, as -ENOENT of what is not
 * there, or no way leads on from it, as -ELOOP. @way->at is then the folder in which it was looked for. */
int way_next(struct way *way, struct way_part *ret);

#endif
