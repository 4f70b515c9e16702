// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A container's name. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "pod.h"

#define LOGS       "/var/log/pods"
#define CONTAINERS "/var/log/containers" /* legacyContainerLogsDir of the kubelet */
#define PATH_SIZE  640

/* "web_shop_app-<64 hex>.log" */
static bool is_link_of(const char *link, const char *id, char buf[static CONTAINER_NAME_SIZE])
{
	const char *name = strrchr(link, '_'), *dash = strrchr(link, '-');

	if (!name || !dash || dash < name || strncmp(dash + 1, id, strlen(id)) != 0)
		return false;
	snprintf(buf, CONTAINER_NAME_SIZE, "%.*s", (int)(dash - name - 1), name + 1);
	return buf[0];
}

static bool find_link(const char *folder, const char *id, char buf[static CONTAINER_NAME_SIZE])
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = is_link_of(entry->d_name, id, buf);
	if (dir)
		closedir(dir);
	return found;
}

/* The pod's log folder has one for each container; the one that only holds the pod's namespaces has none. */
static bool find_only_one(const char *folder, char buf[static CONTAINER_NAME_SIZE])
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= CONTAINER_NAME_SIZE)
			continue;
		count++;
		snprintf(buf, CONTAINER_NAME_SIZE, "%.*s", CONTAINER_NAME_SIZE - 1, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return count == 1;
}

bool pod_container_name(const struct pod *pod, const char *logs, char buf[static CONTAINER_NAME_SIZE])
{
	const char *slash = strchr(pod->name, '/');
	char folder[PATH_SIZE];
	bool found;

	if (!pod->container[0])
		return false;
	snprintf(folder, sizeof(folder), logs ? "%s/../containers" : CONTAINERS, logs);
	found = find_link(folder, pod->container, buf);
	if (!found && slash) {
		snprintf(folder, sizeof(folder), "%s/%.*s_%s_%s", logs ? logs : LOGS, (int)(slash - pod->name),
			 pod->name, slash + 1, pod->uid);
		found = find_only_one(folder, buf);
	}
	return found;
}
