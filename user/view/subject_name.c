// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "subject_name.h"

#include <errno.h>
#include <stdio.h>

#include "../base/text.h"
#include "../subject/cgroup.h"
#include "../subject/pod.h"
#include "json.h"

/* Where the subject is, or where it was. */
static int find_path(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id, char *buf, size_t size)
{
	struct egret_subject_name subject;

	if (!cgroup_path_of_id(cgroup_id, buf, size))
		return 0;
	if (!kernel_get_subject_name(kernel, cgroup_id, &subject)) {
		snprintf(buf, size, "%s", subject.path);
		return 0;
	}
	if (!parent_id)
		return -ENOENT;
	return cgroup_path_of_id(parent_id, buf, size);
}

#define SUBJECT_SIZE 512

/* Once the kubelet has removed the log folder, what the agent noted. */
static void find_pod_name(const struct kernel *kernel, struct pod *pod)
{
	struct egret_pod_uid uid = {};
	struct egret_pod_name name;

	snprintf(uid.uid, sizeof(uid.uid), "%s", pod->uid);
	if (!pod->name[0] && !kernel_get_pod_name(kernel, &uid, &name))
		snprintf(pod->name, sizeof(pod->name), "%s", name.name);
}

static void path_to_text(const struct kernel *kernel, const char *path, char buf[static SUBJECT_SIZE])
{
	struct pod pod;
	bool is_pod = pod_of_path(path, NULL, &pod);

	if (is_pod)
		find_pod_name(kernel, &pod);
	if (is_pod)
		snprintf(buf, SUBJECT_SIZE, "pod %s%s%s", pod.name[0] ? pod.name : pod.uid,
			 pod.container[0] ? " container " : "", pod.container);
	else
		snprintf(buf, SUBJECT_SIZE, "%s", path);
	text_make_printable(buf, SUBJECT_SIZE); /* who makes a cgroup names it */
}

static json_t *find_name(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id)
{
	char path[CGROUP_PATH_SIZE], text[SUBJECT_SIZE] = "";

	if (!find_path(kernel, cgroup_id, parent_id, path, sizeof(path)))
		path_to_text(kernel, path, text);
	return text[0] ? json_string(text) : json_null();
}

void json_set_subject(json_t *row, const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id,
		      struct subject_cache *cache)
{
	size_t slot = cgroup_id % SUBJECT_CACHE_SLOTS;
	json_t *name;

	if (cache && cache->slots[slot].name && cache->slots[slot].cgroup_id == cgroup_id)
		name = json_incref(cache->slots[slot].name);
	else
		name = find_name(kernel, cgroup_id, parent_id);
	if (cache && cache->slots[slot].name != name) {
		json_decref(cache->slots[slot].name);
		cache->slots[slot].name = json_incref(name);
		cache->slots[slot].cgroup_id = cgroup_id;
	}
	json_object_set_new(row, "subject", name);
	json_set_number(row, "cgroup_id", cgroup_id);
}

void subject_cache_clear(struct subject_cache *cache)
{
	for (size_t i = 0; i < SUBJECT_CACHE_SLOTS; i++)
		json_decref(cache->slots[i].name);
	*cache = (struct subject_cache){};
}
