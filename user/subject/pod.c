// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pod.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"

#define LOGS     "/var/log/pods"
#define SHORT_ID 12 /* as crictl and docker print ids */
/* kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/..., and a cgroup or two around
 * it all (kind, nested kubelets). */
#define SEARCH_DEPTH 8

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

enum search_by { BY_POD, BY_WORKLOAD, BY_POD_OF_ANY_NAMESPACE };

struct search {
	const char *mount, *who, *container;
	enum search_by by;
	char *path; /* below the mount point */
	size_t size;
	char name[EGRET_POD_NAME_SIZE]; /* of BY_POD_OF_ANY_NAMESPACE, what was found */
	/* By workload: the first that was found, of the pod with this uid. */
	char first[CGROUP_PATH_SIZE], uid[64];
	bool several;
};

static bool is_container(const struct search *search, const struct pod *pod)
{
	char name[CONTAINER_NAME_SIZE];

	if (!search->container)
		return true;
	return !strcmp(pod->container, search->container) ||
	       (pod_container_name(pod, NULL, name) && !strcmp(name, search->container));
}

/* Goes on looking: there may be another pod of it. */
static void note_workload(struct search *search, const struct pod *pod)
{
	char workload[WORKLOAD_SIZE];

	if (!pod->name[0] || strcmp(pod_workload(pod->name, workload), search->who) != 0 || !is_container(search, pod))
		return;
	search->several |= search->uid[0] && strcmp(search->uid, pod->uid) != 0;
	if (search->uid[0])
		return;
	snprintf(search->uid, sizeof(search->uid), "%s", pod->uid);
	snprintf(search->first, sizeof(search->first), "%s", search->path);
}

static bool is_in_its_namespace(struct search *search, const struct pod *pod)
{
	char workload[WORKLOAD_SIZE];
	const char *in_namespace = strchr(pod->name, '/');

	if (!in_namespace)
		return false;
	snprintf(search->name, sizeof(search->name), "%s", pod->name);
	pod_workload(pod->name, workload);
	return !strcmp(in_namespace + 1, search->who) || !strcmp(strchr(workload, '/') + 1, search->who);
}

static bool is_wanted(struct search *search)
{
	struct pod pod;

	if (!pod_of_path(search->path, NULL, &pod))
		return false;
	if (search->by == BY_POD_OF_ANY_NAMESPACE)
		return is_in_its_namespace(search, &pod);
	if (search->by == BY_WORKLOAD) {
		note_workload(search, &pod);
		return false;
	}
	return (!strcmp(pod.name, search->who) || !strcmp(pod.uid, search->who)) && is_container(search, &pod);
}

/* Leaves the path at what was found, or else as it was. */
static bool search_below(struct search *search, int depth)
{
	size_t len = strlen(search->path);
	char full[2 * CGROUP_PATH_SIZE];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(full, sizeof(full), "%s%s", search->mount, search->path);
	dir = opendir(full);
	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    len + strlen(entry->d_name) + 2 > search->size)
			continue;
		snprintf(search->path + len, search->size - len, "/%s", entry->d_name);
		found = is_wanted(search) || (depth > 1 && search_below(search, depth - 1));
		if (!found)
			search->path[len] = '\0';
	}
	if (dir)
		closedir(dir);
	return found;
}

int pod_find(const char *who, const char *container, char *ret_path, size_t size)
{
	char mount[CGROUP_PATH_SIZE];
	struct search search = {.mount = mount, .who = who, .container = container, .path = ret_path, .size = size};
	struct error ignored;
	int rc = cgroup_mount_point(mount, sizeof(mount), &ignored);

	if (rc)
		return rc;
	ret_path[0] = '\0';
	if (search_below(&search, SEARCH_DEPTH))
		return 0;
	search.by = BY_WORKLOAD;
	search_below(&search, SEARCH_DEPTH);
	if (search.several)
		return -ENOTUNIQ;
	snprintf(ret_path, size, "%s", search.first);
	return search.uid[0] ? 0 : -ENOENT;
}

int pod_find_in_any_namespace(const char *who, char *ret_name, size_t size)
{
	char mount[CGROUP_PATH_SIZE], path[CGROUP_PATH_SIZE] = "";
	struct search search = {
	    .mount = mount, .who = who, .by = BY_POD_OF_ANY_NAMESPACE, .path = path, .size = sizeof(path)};
	struct error ignored;
	int rc = cgroup_mount_point(mount, sizeof(mount), &ignored);

	if (!rc && !search_below(&search, SEARCH_DEPTH))
		rc = -ENOENT;
	if (!rc)
		snprintf(ret_name, size, "%s", search.name);
	return rc;
}
