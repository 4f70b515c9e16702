// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "culprits.h"

#include <stdio.h>

#include "../subject/cgroup.h"
#include "../subject/pod.h"
#include "egret_reasons.h"

static void note_name(struct kernel *kernel, const char *id, const char *text)
{
	struct egret_pod_uid uid = {};
	struct egret_pod_name name = {};

	snprintf(uid.uid, sizeof(uid.uid), "%s", id);
	snprintf(name.name, sizeof(name.name), "%s", text);
	kernel_set_pod_name(kernel, &uid, &name);
}

/* A container's name stands beside them, under its id, which is shorter than any uid. */
static void note_pod(struct kernel *kernel, const char *path)
{
	char container[CONTAINER_NAME_SIZE];
	struct pod pod;

	if (!pod_of_path(path, NULL, &pod) || !pod.name[0])
		return;
	note_name(kernel, pod.uid, pod.name);
	if (pod_container_name(&pod, NULL, container))
		note_name(kernel, pod.container, container);
}

/* While they are there: where the cgroup is, and of which pod. The pod's own cgroup lives longer than its containers'.
 */
static void note(struct kernel *kernel, uint64_t cgroup_id, uint64_t above_id)
{
	struct egret_subject_name subject = {};
	char path[CGROUP_PATH_SIZE];

	if (!kernel_get_subject_name(kernel, cgroup_id, &subject))
		return;
	if (!cgroup_path_of_id(cgroup_id, path, sizeof(path))) {
		snprintf(subject.path, sizeof(subject.path), "%s", path);
		kernel_set_subject_name(kernel, cgroup_id, &subject);
	} else if (cgroup_path_of_id(above_id, path, sizeof(path))) {
		return;
	}
	note_pod(kernel, path);
}

static int note_row(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	note(context, key->cgroup_id, drop->parent_cgroup_id);
	return 0;
}

static void note_denied(void *context, const struct egret_denied *denied)
{
	note(context, denied->cgroup_id, denied->owner);
}

void culprits_take(struct kernel *kernel)
{
	kernel_take_denied(kernel, note_denied, kernel);
}

uint64_t culprits_packets(const struct kernel *kernel)
{
	struct egret_counter counter;
	uint64_t sum = 0;

	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++)
		for (int audited = 0; audited < 2; audited++)
			if (!kernel_get_reason(kernel, reason, audited, &counter))
				sum += counter.packets;
	return sum;
}

void culprits_refresh(struct culprits *culprits, struct kernel *kernel)
{
	uint64_t denied = culprits_packets(kernel);

	if (denied == culprits->denied_packets)
		return;
	culprits->denied_packets = denied;
	kernel_each_drop(kernel, note_row, kernel);
}
