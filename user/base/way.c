// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "way.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As the kernel: path_resolution(7). */
#define MAX_LINKS 40

int way_begin(struct way *way, const char *path)
{
	char here[PATH_MAX] = "";

	*way = (struct way){};
	if (path[0] != '/' && !getcwd(here, sizeof(here)))
		return -errno;
	return (size_t)snprintf(way->rest, sizeof(way->rest), "%s/%s", here, path) < sizeof(way->rest) ? 0
												       : -ENAMETOOLONG;
}

/* What stands behind the slash of @way->rest, which loses it; "" at its end. */
static int take_name(struct way *way, char ret[static NAME_MAX + 1])
{
	size_t skip = strspn(way->rest, "/"), len = strcspn(way->rest + skip, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(ret, way->rest + skip, len);
	ret[len] = '\0';
	memmove(way->rest, way->rest + skip + len, strlen(way->rest + skip + len) + 1);
	return 0;
}

static int follow(struct way *way, const char *path)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (++way->links > MAX_LINKS ||
	    (size_t)snprintf(rest, sizeof(rest), "%s/%s", target, way->rest) >= sizeof(rest))
		return -ELOOP;
	if (target[0] == '/')
		way->at[0] = '\0';
	memcpy(way->rest, rest, strlen(rest) + 1);
	return 0;
}

static void go_up(struct way *way)
{
	char *slash = strrchr(way->at, '/');

	if (slash)
		*slash = '\0';
}

/* A name that is a part of its own; "." and ".." are none. */
static int next_name(struct way *way, char ret[static NAME_MAX + 1])
{
	while (true) {
		int rc = take_name(way, ret);

		if (rc)
			return rc;
		if (!strcmp(ret, ".."))
			go_up(way);
		else if (strcmp(ret, "."))
			return 0;
	}
}

int way_next(struct way *way, struct way_part *ret)
{
	char name[NAME_MAX + 1];
	int rc = next_name(way, name);

	if (rc || !name[0])
		return rc;
	if ((size_t)snprintf(ret->path, sizeof(ret->path), "%s/%s", way->at, name) >= sizeof(ret->path))
		return -ENAMETOOLONG;
	if (lstat(ret->path, &ret->st))
		return -errno;
	if (S_ISLNK(ret->st.st_mode)) {
		rc = follow(way, ret->path);
		return rc ? rc : 1;
	}
	memcpy(way->at, ret->path, strlen(ret->path) + 1);
	return 1;
}
