// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The policy that rules, as people read it: its texts and names, and what was noted about the instance. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../base/text.h"
#include "handle.h"
#include "egret_reasons.h"
#include "egret_limits.h"

const struct egret_settings *kernel_settings(const struct kernel *kernel)
{
	return &kernel->config->settings[handle_slot(kernel)];
}

const struct egret_nat64 *kernel_nat64(const struct kernel *kernel)
{
	return &kernel->config->nat64[handle_slot(kernel)];
}

const struct egret_config *kernel_config(const struct kernel *kernel)
{
	return kernel->config;
}

/* What is pinned may be another version's, or meddled with, and names of processes and
 * cgroups are what their users chose: no text leaves this file as it was found. */
#define PRINTABLE(text) text_make_printable(text, sizeof(text))

int kernel_get_meta(const struct kernel *kernel, struct egret_meta *ret)
{
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(kernel->maps[MAP_meta], &zero, ret))
		return -errno;
	PRINTABLE(ret->instance);
	PRINTABLE(ret->cgroup_path);
	PRINTABLE(ret->policy_path);
	PRINTABLE(ret->policy_hash);
	PRINTABLE(ret->version);
	for (size_t i = 0; i < EGRET_PROBLEM_COUNT; i++)
		PRINTABLE(ret->problems[i]);
	PRINTABLE(ret->waiting);
	return 0;
}

int kernel_get_subject_name(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject_name *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_subject_names], &cgroup_id, ret))
		return -errno;
	if (!ret->path[0])
		return -ENOENT;
	PRINTABLE(ret->path);
	return 0;
}

int kernel_get_pod_name(const struct kernel *kernel, const struct egret_pod_uid *uid, struct egret_pod_name *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_pod_names], uid, ret))
		return -errno;
	PRINTABLE(ret->name);
	return 0;
}

static int read_text(int texts_fd, uint32_t rule, struct egret_rule_text *ret)
{
	uint32_t index = rule - EGRET_RULE_FIRST;
	struct egret_rule_text text;

	if (bpf_map_lookup_elem(texts_fd, &index, &text))
		return -errno;
	if (!text.text[0]) /* an array has its empty places too */
		return -ENOENT;
	PRINTABLE(text.text);
	PRINTABLE(text.purpose);
	PRINTABLE(text.file);
	*ret = text;
	return 0;
}

int kernel_get_text(const struct kernel *kernel, uint32_t rule, struct egret_rule_text *ret)
{
	int fd = handle_inner_fd(kernel, MAP_texts), rc;

	if (fd < 0)
		return fd;
	rc = read_text(fd, rule, ret);
	close(fd);
	return rc;
}

struct numbered {
	uint32_t rule;
	struct egret_rule_text text;
};

static int by_position(const void *left, const void *right)
{
	const struct numbered *a = left, *b = right;

	return (a->text.position > b->text.position) - (a->text.position < b->text.position);
}

uint32_t kernel_rule_limit(const struct kernel *kernel)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd = handle_inner_fd(kernel, MAP_texts);

	if (fd < 0)
		return EGRET_RULE_FIRST;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.max_entries = 0;
	close(fd);
	return EGRET_RULE_FIRST + info.max_entries;
}

static int read_rules(const struct kernel *kernel, struct numbered **ret, size_t *ret_count)
{
	uint32_t limit = kernel_rule_limit(kernel);
	struct numbered *all = calloc(limit - EGRET_RULE_FIRST + 1, sizeof(*all));
	int fd = handle_inner_fd(kernel, MAP_texts);
	size_t count = 0;

	if (!all) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	for (uint32_t rule = EGRET_RULE_FIRST; rule < limit; rule++) {
		all[count].rule = rule;
		if (fd >= 0 && !read_text(fd, all[count].rule, &all[count].text))
			count++;
	}
	if (fd >= 0)
		close(fd);
	qsort(all, count, sizeof(*all), by_position);
	*ret = all;
	*ret_count = count;
	return 0;
}

int kernel_each_rule(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t rule, const struct egret_rule_text *text), void *context)
{
	struct numbered *all;
	size_t count;
	int rc = read_rules(kernel, &all, &count);

	if (rc)
		return rc;
	for (size_t i = 0; i < count && !rc; i++)
		rc = visit(context, all[i].rule, &all[i].text);
	free(all);
	return rc;
}

int kernel_get_name(const struct kernel *kernel, uint32_t index, struct egret_name *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_names], &index, ret))
		return -errno;
	PRINTABLE(ret->name);
	return 0;
}

struct name_walk {
	int fd;
	int (*visit)(void *context, uint32_t index, const struct egret_name *name);
	void *context;
};

static int visit_name(void *context, const void *key)
{
	struct name_walk *walk = context;
	struct egret_name name;

	if (bpf_map_lookup_elem(walk->fd, key, &name))
		return 0;
	PRINTABLE(name.name);
	return walk->visit(walk->context, *(const uint32_t *)key, &name);
}

int kernel_each_name(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t index, const struct egret_name *name), void *context)
{
	struct name_walk walk = {kernel->maps[MAP_names], visit, context};
	uint32_t keys[2];

	return map_each_entry(walk.fd, 2 * EGRET_MAX_NAMES, (void *[]){&keys[0], &keys[1]}, visit_name, &walk);
}

struct existing_walk {
	int fd;
	int (*visit)(void *context, uint64_t cookie, const struct egret_existing *value);
	void *context;
};

static int visit_existing(void *context, const void *key)
{
	struct existing_walk *walk = context;
	struct egret_existing value;

	if (bpf_map_lookup_elem(walk->fd, key, &value))
		return 0;
	return walk->visit(walk->context, *(const uint64_t *)key, &value);
}

int kernel_each_existing(const struct kernel *kernel,
			 int (*visit)(void *context, uint64_t cookie, const struct egret_existing *value),
			 void *context)
{
	struct existing_walk walk = {kernel->maps[MAP_existing], visit, context};
	uint64_t keys[2];

	return map_each_entry(walk.fd, 2 * EGRET_MAX_EXISTING, (void *[]){&keys[0], &keys[1]}, visit_existing, &walk);
}
