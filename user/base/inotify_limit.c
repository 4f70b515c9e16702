// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "inotify_limit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SYSCTLS "/proc/sys/fs/inotify/"

static int value_of(const char *limit)
{
	FILE *file;
	char path[64];
	int value = -1;

	snprintf(path, sizeof(path), SYSCTLS "%s", limit);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

const char *inotify_why(int error, char buf[static INOTIFY_WHY_SIZE])
{
	/* inotify(7), as of inotify_init1(2) and inotify_add_watch(2). */
	const char *limit = error == EMFILE ? "max_user_instances" : error == ENOSPC ? "max_user_watches" : NULL;

	if (limit)
		snprintf(buf, INOTIFY_WHY_SIZE, "fs.inotify.%s, %d, is used up; raise it with sysctl", limit,
			 value_of(limit));
	else
		snprintf(buf, INOTIFY_WHY_SIZE, "%s", strerror(error));
	return buf;
}
