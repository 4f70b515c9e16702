// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "asked_subject.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/edit_distance.h"
#include "../base/value.h"
#include "../subject/pod.h"
#include "../subject/tree.h"

#define SUBJECTS                                                                                                       \
	"`for host`, `for pods`, `for hostnetwork`, `for pods not hostnetwork`, `for cgroup /PATH`, "                  \
	"`for pod NAMESPACE/NAME` or `for pid NUMBER`"

/* A path may be given from the cgroup root or from where it is mounted. */
static void strip_mount(const char *path, struct asked_subject *ret)
{
	char mount[CGROUP_PATH_SIZE];
	struct error ignored;
	size_t len;

	snprintf(ret->path, sizeof(ret->path), "%s", path);
	if (cgroup_mount_point(mount, sizeof(mount), &ignored))
		return;
	len = strlen(mount);
	if (!strncmp(path, mount, len) && (path[len] == '/' || !path[len]))
		snprintf(ret->path, sizeof(ret->path), "%s", path[len] ? path + len : "/");
}

static int read_path(const char *path, bool must_exist, struct asked_subject *ret, struct error *error)
{
	int fd, rc;

	ret->kind = ASKED_CGROUP;
	if (path[0] != '/')
		return error_set(error, -EINVAL,
				 "\"%.200s\" is no cgroup's path; it begins with a slash: for cgroup /%.200s", path,
				 path);
	if (cgroup_open(path, &fd, error)) {
		if (must_exist)
			return error_set(error, -EINVAL,
					 "there is no cgroup %.200s on this machine; `systemd-cgls` lists them", path);
		strip_mount(path, ret);
		return 0;
	}
	rc = cgroup_path_of_fd(fd, ret->path, sizeof(ret->path));
	close(fd);
	return rc ? error_set(error, rc, "cannot tell the path of the cgroup %.200s: %s", path, strerror(-rc)) : 0;
}

static int refuse_pod(int rc, const char *pod, const char *container, struct error *error)
{
	char name[EGRET_POD_NAME_SIZE];

	if (rc == -ENOTUNIQ)
		return error_set(error, -EINVAL,
				 "several pods of %.200s run on this node; name one, as `egret drops` does", pod);
	if (!pod_find_in_any_namespace(pod, name, sizeof(name)))
		return error_set(error, -EINVAL,
				 "a pod is named with its namespace: %.200s runs here, write `for pod %.200s`", name,
				 name);
	return error_set(error, -EINVAL,
			 "no pod %.200s%s%.80s runs on this node; `for pods` asks for pods in general, "
			 "`for cgroup /PATH` for one cgroup",
			 pod, container ? " with a container " : "", container ? container : "");
}

/* "NAMESPACE/NAME", as `drops` prints it, with the container that stands behind it there. */
static int read_pod(char *const *words, size_t count, struct asked_subject *ret, struct error *error)
{
	const char *container = count == 3 ? words[2] : NULL;
	char pod[EGRET_POD_NAME_SIZE];
	char *colon;
	int rc;

	if (count != 1 && (count != 3 || strcmp(words[1], "container") != 0))
		return error_set(error, -EINVAL,
				 "which pod? write `for pod NAMESPACE/NAME`, or `for pods` for all of them");
	snprintf(pod, sizeof(pod), "%s", words[0]);
	colon = strchr(pod, ':');
	if (colon && !container) {
		*colon = '\0';
		container = colon + 1;
	}
	ret->kind = ASKED_CGROUP;
	rc = pod_find(pod, container, ret->path, sizeof(ret->path));
	return rc ? refuse_pod(rc, pod, container, error) : 0;
}

static int read_pid(char *const *words, size_t count, struct asked_subject *ret, struct error *error)
{
	unsigned int pid;

	if (count != 1 || value_number(words[0], INT_MAX, &pid))
		return error_set(error, -EINVAL, "which process? write `for pid NUMBER`");
	ret->kind = ASKED_CGROUP;
	ret->pid = (pid_t)pid;
	if (cgroup_of_process(ret->pid, ret->path, sizeof(ret->path)))
		return error_set(error, -EINVAL, "there is no process %d on this machine, as far as is seen from here",
				 (int)pid);
	return 0;
}

static const char *nearest_subject(const char *word)
{
	static const char *const known[] = {"host", "pods", "hostnetwork", "cgroup", "pod", "pid"};
	unsigned int distance, least = 2;
	const char *best = NULL;

	if (strlen(word) > EDIT_DISTANCE_MAX)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		distance = edit_distance(word, strlen(word), known[i], strlen(known[i]));
		if (distance <= least && (!best || distance < least)) {
			best = known[i];
			least = distance;
		}
	}
	return best;
}

static int refuse(char *const *words, size_t count, struct error *error)
{
	const char *best = nearest_subject(words[0]);

	if (strchr(words[0], '/'))
		return error_set(error, -EINVAL,
				 "unknown subject `%.200s`; write `for pod %.200s` or `for cgroup /%.200s`", words[0],
				 words[0], words[0]);
	if (best && strcmp(best, words[0]) != 0)
		return error_set(error, -EINVAL, "unknown subject `%.200s`; did you mean `%s`? There are " SUBJECTS,
				 words[0], best);
	return error_set(error, -EINVAL, "unknown subject `%.200s%s%.200s`; write " SUBJECTS, words[0],
			 count > 1 ? " " : "", count > 1 ? words[1] : "");
}

enum egret_kind asked_kind(const struct asked_subject *subject)
{
	if (subject->kind == ASKED_CGROUP)
		return tree_path_is_pod(subject->path) ? EGRET_KIND_POD : EGRET_KIND_HOST;
	if (subject->kind == ASKED_HOSTNETWORK)
		return EGRET_KIND_HOSTNETWORK;
	return subject->kind == ASKED_PODS ? EGRET_KIND_POD : EGRET_KIND_HOST;
}

/* As rules say it; whoever asks for pods alone is answered for these too. */
static bool leaves_out_hostnetwork(char *const *words, size_t count)
{
	return count == 3 && !strcmp(words[0], "pods") && !strcmp(words[1], "not") && !strcmp(words[2], "hostnetwork");
}

int asked_subject_read(char *const *words, size_t count, bool must_exist, struct asked_subject *ret,
		       struct error *error)
{
	*ret = (struct asked_subject){};
	if (!strcmp(words[0], "pod"))
		return read_pod(words + 1, count - 1, ret, error);
	if (!strcmp(words[0], "pid"))
		return read_pid(words + 1, count - 1, ret, error);
	if (!strcmp(words[0], "cgroup")) {
		if (count != 2)
			return error_set(error, -EINVAL, "which cgroup? write `for cgroup /PATH`");
		return read_path(words[1], must_exist, ret, error);
	}
	if (count != 1 && !leaves_out_hostnetwork(words, count))
		return refuse(words, count, error);
	if (words[0][0] == '/')
		return read_path(words[0], must_exist, ret, error);
	ret->kind = !strcmp(words[0], "pods")          ? ASKED_PODS
		    : !strcmp(words[0], "hostnetwork") ? ASKED_HOSTNETWORK
						       : ASKED_HOST;
	if (ret->kind == ASKED_HOST && strcmp(words[0], "host") != 0)
		return refuse(words, count, error);
	return 0;
}
