// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "subject_name.h"

#include <errno.h>
#include <stdio.h>

#include "../base/text.h"
#include "../subject/cgroup.h"
#include "../subject/pod.h"

/* Where the subject is, or where it was. */
static int find_path(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id, char *buf, size_t size)
{
	struct egret_subject subject;

	if (!cgroup_path_of_id(cgroup_id, buf, size))
		return 0;
	if (!kernel_get_subject(kernel, cgroup_id, &subject)) {
		snprintf(buf, size, "%s", subject.path);
		return 0;
	}
	if (!parent_id)
		return -ENOENT;
	return cgroup_path_of_id(parent_id, buf, size);
}

void subject_name(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id, char *buf, size_t size)
{
	char path[CGROUP_PATH_SIZE];
	struct pod pod;

	if (find_path(kernel, cgroup_id, parent_id, path, sizeof(path)))
		snprintf(buf, size, "cgroup %llu, gone", (unsigned long long)cgroup_id);
	else if (pod_of_path(path, NULL, &pod))
		snprintf(buf, size, "pod %s%s%s", pod.name[0] ? pod.name : pod.uid,
			 pod.container[0] ? " container " : "", pod.container);
	else
		snprintf(buf, size, "%s", path);
	text_make_printable(buf, size); /* who makes a cgroup names it */
}
