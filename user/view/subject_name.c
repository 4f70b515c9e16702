// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "subject_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/text.h"
#include "../subject/cgroup.h"
#include "../subject/pod.h"
#include "json.h"

static int find_noted_path(const struct kernel *kernel, uint64_t cgroup_id, char *buf, size_t size)
{
	struct egret_subject_name subject;

	if (kernel_get_subject_name(kernel, cgroup_id, &subject) || !subject.path[0])
		return -ENOENT;
	snprintf(buf, size, "%s", subject.path);
	return 0;
}

/* Where the subject is, or where it was. */
static int find_path(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id, char *buf, size_t size,
		     bool *ret_gone)
{
	*ret_gone = cgroup_path_of_id(cgroup_id, buf, size);
	if (!*ret_gone || !find_noted_path(kernel, cgroup_id, buf, size))
		return 0;
	if (!parent_id)
		return -ENOENT;
	return cgroup_path_of_id(parent_id, buf, size) ? find_noted_path(kernel, parent_id, buf, size) : 0;
}

#define SUBJECT_SIZE 512

/* Once the kubelet has removed the log folder, what the agent noted, under the pod's uid, or the container's id. */
static void find_noted(const struct kernel *kernel, const char *id, char *buf, size_t size)
{
	struct egret_pod_uid uid = {};
	struct egret_pod_name name;

	snprintf(uid.uid, sizeof(uid.uid), "%s", id);
	if (*id && !kernel_get_pod_name(kernel, &uid, &name))
		snprintf(buf, size, "%s", name.name);
}

/* Who makes a cgroup names it. */
static void set_printable(json_t *fields, const char *key, const char *text)
{
	char buf[SUBJECT_SIZE];

	snprintf(buf, sizeof(buf), "%s", text);
	text_make_printable(buf, sizeof(buf));
	json_set_text(fields, key, buf);
}

static void set_pod(json_t *fields, const struct kernel *kernel, struct pod *pod)
{
	char container[CONTAINER_NAME_SIZE] = "", text[SUBJECT_SIZE], workload[WORKLOAD_SIZE];
	const char *slash;

	if (!pod->name[0])
		find_noted(kernel, pod->uid, pod->name, sizeof(pod->name));
	if (!pod_container_name(pod, NULL, container))
		find_noted(kernel, pod->container, container, sizeof(container));
	snprintf(text, sizeof(text), "pod %s%s%s", pod->name[0] ? pod->name : pod->uid,
		 pod->container[0] ? " container " : "", pod->container);
	set_printable(fields, "subject", text);
	slash = strchr(pod->name, '/');
	if (slash) {
		snprintf(text, sizeof(text), "%.*s", (int)(slash - pod->name), pod->name);
		set_printable(fields, "namespace", text);
		set_printable(fields, "pod", slash + 1);
		set_printable(fields, "workload", pod_workload(pod->name, workload));
	}
	set_printable(fields, "pod_uid", pod->uid);
	set_printable(fields, "container", container);
	set_printable(fields, "container_id", pod->container);
}

static json_t *find_fields(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id)
{
	static const char *const keys[] = {"subject",   "namespace",    "pod",     "pod_uid",
					   "container", "container_id", "workload"};
	json_t *fields = json_object();
	char path[CGROUP_PATH_SIZE];
	struct pod pod;
	bool gone;
	int rc = find_path(kernel, cgroup_id, parent_id, path, sizeof(path), &gone);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(fields, keys[i], json_null());
	if (kernel_is_view(kernel)) /* it sees no cgroup */
		json_object_set_new(fields, "gone", json_null());
	else
		json_set_flag(fields, "gone", gone && cgroup_id);
	if (rc)
		return fields;
	if (pod_of_path(path, NULL, &pod)) {
		set_pod(fields, kernel, &pod);
	} else {
		set_printable(fields, "subject", path);
		set_printable(fields, "workload", path);
	}
	return fields;
}

void json_set_subject(json_t *row, const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id,
		      struct subject_cache *cache)
{
	size_t slot = cgroup_id % SUBJECT_CACHE_SLOTS;
	json_t *fields;

	if (cache && cache->slots[slot].fields && cache->slots[slot].cgroup_id == cgroup_id)
		fields = json_incref(cache->slots[slot].fields);
	else
		fields = find_fields(kernel, cgroup_id, parent_id);
	if (cache && cache->slots[slot].fields != fields) {
		json_decref(cache->slots[slot].fields);
		cache->slots[slot].fields = json_incref(fields);
		cache->slots[slot].cgroup_id = cgroup_id;
	}
	json_object_update(row, fields);
	json_decref(fields);
	json_set_number(row, "cgroup_id", cgroup_id);
}

void json_set_no_container(json_t *row)
{
	const char *subject = json_text(row, "subject"), *container = strstr(subject, " container ");
	char text[SUBJECT_SIZE];

	if (!container || !*json_text(row, "pod_uid"))
		return;
	snprintf(text, sizeof(text), "%.*s", (int)(container - subject), subject);
	json_set_text(row, "subject", text);
	json_set_text(row, "container", NULL);
	json_set_text(row, "container_id", NULL);
}

void subject_cache_clear(struct subject_cache *cache)
{
	for (size_t i = 0; i < SUBJECT_CACHE_SLOTS; i++)
		json_decref(cache->slots[i].fields);
	*cache = (struct subject_cache){};
}
