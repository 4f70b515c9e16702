// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pod.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define LOGS     "/var/log/pods"
#define SHORT_ID 12 /* as crictl and docker print ids */

/* ".../kubepods-burstable-pod<uid with _>.slice/..." of systemd, ".../pod<uid>/..." of cgroupfs. */
static const char *find_uid(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, "pod"))) {
		at += strlen("pod");
		/* "kubepods" itself goes on with an s; a uid begins with a hex digit. */
		if (isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1]))
			return at;
	}
	return NULL;
}

static void copy_uid(const char *from, struct pod *pod)
{
	size_t i = 0;

	for (; i + 1 < sizeof(pod->uid) && from[i] && from[i] != '/' && from[i] != '.'; i++)
		pod->uid[i] = from[i] == '_' ? '-' : from[i];
	pod->uid[i] = '\0';
}

/* "cri-containerd-<64 hex>.scope", or "<64 hex>". */
static void copy_container(const char *last, struct pod *pod)
{
	const char *id = strrchr(last, '-');

	id = id ? id + 1 : last;
	if (strspn(id, "0123456789abcdef") < SHORT_ID)
		return;
	snprintf(pod->container, sizeof(pod->container), "%.*s", SHORT_ID, id);
}

static void find_name(const char *logs, struct pod *pod)
{
	DIR *dir = opendir(logs);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		const char *uid = strrchr(entry->d_name, '_');
		const char *slash = strchr(entry->d_name, '_');

		if (!uid || uid == slash || strcmp(uid + 1, pod->uid))
			continue;
		snprintf(pod->name, sizeof(pod->name), "%.*s/%.*s", (int)(slash - entry->d_name), entry->d_name,
			 (int)(uid - slash - 1), slash + 1);
		break;
	}
	closedir(dir);
}

bool pod_of_path(const char *cgroup_path, const char *logs, struct pod *ret)
{
	const char *kubepods = strstr(cgroup_path, "kubepods"), *uid, *last;

	uid = kubepods ? find_uid(kubepods) : NULL;
	if (!uid)
		return false;
	memset(ret, 0, sizeof(*ret));
	copy_uid(uid, ret);
	last = strrchr(cgroup_path, '/');
	if (last && last > uid)
		copy_container(last + 1, ret);
	find_name(logs ? logs : LOGS, ret);
	return true;
}
