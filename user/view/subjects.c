// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "subjects.h"

#include <stdio.h>
#include <string.h>

#include "../base/text.h"
#include "../subject/cgroup.h"
#include "../subject/kubelet.h"
#include "../subject/tree.h"
#include "json.h"

struct list {
	const char *governed;
	json_t *paths;
};

static bool has(const json_t *paths, const char *path)
{
	const json_t *known;
	size_t i;

	json_array_foreach (paths, i, known) {
		if (!strcmp(json_string_value(known), path))
			return true;
	}
	return false;
}

static void add(const struct list *list, const char *path)
{
	char text[CGROUP_PATH_SIZE];

	if (!*list->governed || !cgroup_path_is_below(path, list->governed))
		return;
	snprintf(text, sizeof(text), "%s", path);
	text_make_printable(text, sizeof(text));
	if (!has(list->paths, text))
		json_array_append_new(list->paths, json_string(text));
}

/* Where the kubelet and the container runtime have different cgroup drivers, each container is a tree of its own below
 * the runtime's service, kubepods-...slice:cri-containerd:ID. They are one for a person. */
static int add_tree(void *context, const char *path)
{
	char text[CGROUP_PATH_SIZE];
	char *part;

	snprintf(text, sizeof(text), "%s", path);
	part = strrchr(text, '/');
	if (strchr(part, ':'))
		snprintf(part, sizeof(text) - (size_t)(part - text), "/kubepods*");
	add(context, text);
	return 0;
}

static void add_kubelet(void *context, const char *path)
{
	add(context, path);
}

json_t *view_subjects(const struct kernel *kernel, const char *governed)
{
	struct list trees = {governed, json_array()}, kubelets = {governed, json_array()};
	json_t *subjects = json_object();

	if (*governed) {
		tree_kubepods(add_tree, &trees);
		kubelet_each(add_kubelet, &kubelets);
	}
	json_object_set_new(subjects, "kubepods", trees.paths);
	json_object_set_new(subjects, "kubelets", kubelets.paths);
	json_set_number(subjects, "late_total", (long long)kernel_late_subjects(kernel));
	return subjects;
}

const char *view_subjects_problem(const json_t *subjects, char *text, size_t size)
{
	const json_t *kubelets = json_object_get(subjects, "kubelets");

	if (!json_array_size(kubelets) || json_array_size(json_object_get(subjects, "kubepods")))
		return NULL;
	snprintf(text, size,
		 "a kubelet runs (%s), and below the governed cgroup is none called kubepods: its pods count as the "
		 "host, with all that `for host` allows; let it make cgroups for pods (cgroupsPerQOS, cgroupRoot)",
		 json_string_value(json_array_get(kubelets, 0)));
	return text;
}
