// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading an instance: counters, texts, and what its tables say. */
#include "internal.h"
#include "../base/text.h"
#include "egret_reasons.h"
#include "egret_limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

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

int kernel_set_meta(struct kernel *kernel, const struct egret_meta *meta)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(kernel->maps[MAP_meta], &zero, meta, BPF_ANY) ? -errno : 0;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

bool kernel_is_pinned_here(const struct kernel *kernel)
{
	char path[PIN_PATH_SIZE];
	uint32_t id;
	int fd;

	instance_pin_path(path, kernel->instance, "map", kernel_map_names[MAP_config]);
	fd = bpf_obj_get(path);
	id = map_id(fd);
	if (fd >= 0)
		close(fd);
	return id && id == map_id(kernel->maps[MAP_config]);
}

int kernel_sum_over_cpus(int fd, uint32_t index, struct egret_counter *ret)
{
	int cpus = libbpf_num_possible_cpus();
	struct egret_counter *values, sum = {};

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &index, values)) {
		free(values);
		return -errno;
	}
	for (int i = 0; i < cpus; i++) {
		sum.packets += values[i].packets;
		sum.bytes += values[i].bytes;
	}
	free(values);
	*ret = sum;
	return 0;
}

int kernel_get_counter(const struct kernel *kernel, uint32_t rule, struct egret_counter *ret)
{
	return kernel_sum_over_cpus(kernel->maps[MAP_counters], rule, ret);
}

int kernel_get_reason(const struct kernel *kernel, uint32_t reason, bool audited, struct egret_counter *ret)
{
	return kernel_sum_over_cpus(kernel->maps[MAP_reasons], audited ? EGRET_REASONS_AUDITED + reason : reason, ret);
}

int kernel_get_subject(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_subjects], &cgroup_id, ret))
		return -errno;
	PRINTABLE(ret->path);
	return 0;
}

int kernel_set_subject(struct kernel *kernel, uint64_t cgroup_id, const struct egret_subject *subject)
{
	return bpf_map_update_elem(kernel->maps[MAP_subjects], &cgroup_id, subject, BPF_ANY) ? -errno : 0;
}

int kernel_get_class(const struct kernel *kernel, uint64_t cgroup_id, uint32_t *ret)
{
	struct egret_class class;

	if (bpf_map_lookup_elem(kernel->maps[MAP_classes], &cgroup_id, &class))
		return -errno;
	*ret = class.masks[kernel->config->generation & (EGRET_POLICY_SLOTS - 1)];
	return 0;
}

int kernel_get_hit(const struct kernel *kernel, uint32_t rule, struct egret_hit *ret)
{
	return bpf_map_lookup_elem(kernel->maps[MAP_hits], &rule, ret) ? -errno : 0;
}

int kernel_set_hit(struct kernel *kernel, uint32_t rule, const struct egret_hit *hit)
{
	return bpf_map_update_elem(kernel->maps[MAP_hits], &rule, hit, BPF_ANY) ? -errno : 0;
}

int kernel_slot_fd(const struct kernel *kernel, enum kernel_map outer, uint32_t slot)
{
	uint32_t id;
	int fd;

	if (bpf_map_lookup_elem(kernel->maps[outer], &slot, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

int kernel_inner_fd(const struct kernel *kernel, enum kernel_map outer)
{
	return kernel_slot_fd(kernel, outer, kernel->config->generation & (EGRET_POLICY_SLOTS - 1));
}

static int lookup_inner(const struct kernel *kernel, enum kernel_map outer, const void *key, void *ret)
{
	int fd = kernel_inner_fd(kernel, outer), rc;

	if (fd < 0)
		return fd;
	rc = bpf_map_lookup_elem(fd, key, ret) ? -errno : 0;
	close(fd);
	return rc;
}

int kernel_get_text(const struct kernel *kernel, uint32_t rule, struct egret_rule_text *ret)
{
	uint32_t index = rule - EGRET_RULE_FIRST;
	struct egret_rule_text text;
	int rc;

	rc = lookup_inner(kernel, MAP_texts, &index, &text);
	if (rc)
		return rc;
	if (!text.text[0]) /* an array has its empty places too */
		return -ENOENT;
	PRINTABLE(text.text);
	PRINTABLE(text.purpose);
	PRINTABLE(text.file);
	*ret = text;
	return 0;
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
	int fd = kernel_inner_fd(kernel, MAP_texts);

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
	size_t count = 0;

	if (!all)
		return -ENOMEM;
	for (uint32_t rule = EGRET_RULE_FIRST; rule < limit; rule++) {
		all[count].rule = rule;
		if (!kernel_get_text(kernel, all[count].rule, &all[count].text))
			count++;
	}
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

int kernel_each_entry(int fd, size_t bound, void *keys[2], int (*visit)(void *context, const void *key), void *context)
{
	void *previous = NULL;
	int rc = 0;

	for (size_t i = 0; i < bound && !rc; i++) {
		void *key = keys[i & 1];

		if (bpf_map_get_next_key(fd, previous, key))
			return errno == ENOENT ? 0 : -errno;
		rc = visit(context, key);
		previous = key;
	}
	return rc;
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

	return kernel_each_entry(walk.fd, 2 * EGRET_MAX_NAMES, (void *[]){&keys[0], &keys[1]}, visit_name, &walk);
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

int kernel_set_existing(struct kernel *kernel, uint64_t cookie, const struct egret_existing *value)
{
	int fd = kernel->maps[MAP_existing];

	return (value ? bpf_map_update_elem(fd, &cookie, value, BPF_ANY) : bpf_map_delete_elem(fd, &cookie)) ? -errno
													     : 0;
}

int kernel_each_existing(const struct kernel *kernel,
			 int (*visit)(void *context, uint64_t cookie, const struct egret_existing *value),
			 void *context)
{
	struct existing_walk walk = {kernel->maps[MAP_existing], visit, context};
	uint64_t keys[2];

	return kernel_each_entry(walk.fd, 2 * EGRET_MAX_EXISTING, (void *[]){&keys[0], &keys[1]}, visit_existing,
				 &walk);
}

static uint64_t map_memory(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return 0;
	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(info);
	return bytes;
}

static uint32_t count_entries(int fd, const struct bpf_map_info *info)
{
	unsigned char keys[2][64];
	uint32_t count = 0;

	if ((info->type != BPF_MAP_TYPE_HASH && info->type != BPF_MAP_TYPE_LRU_HASH &&
	     info->type != BPF_MAP_TYPE_LPM_TRIE) ||
	    info->key_size > sizeof(keys[0]))
		return 0;
	while (count <= info->max_entries &&
	       !bpf_map_get_next_key(fd, count ? keys[count & 1] : NULL, keys[(count + 1) & 1]))
		count++;
	return count;
}

static void fill_of(int fd, const char *name, struct kernel_map_fill *ret)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	memset(ret, 0, sizeof(*ret));
	ret->name = name;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	ret->max_entries = info.max_entries;
	ret->entries = count_entries(fd, &info);
	ret->memory_bytes = map_memory(fd);
}

size_t kernel_map_fill(const struct kernel *kernel, struct kernel_map_fill ret[static KERNEL_MAP_FILLS])
{
	size_t count = 0;

	_Static_assert(MAP_COUNT <= KERNEL_MAP_FILLS, "KERNEL_MAP_FILLS is too small");
	for (int i = 0; i < MAP_COUNT; i++) {
		int fd = kernel->maps[i];

		if (!kernel_map_is_table(i)) {
			fill_of(fd, kernel_map_names[i], &ret[count++]);
			continue;
		}
		fd = kernel_inner_fd(kernel, i);
		fill_of(fd, kernel_map_names[i], &ret[count]);
		ret[count].sized_to_policy = true;
		if (i == MAP_addrs) {
			ret[count].max_entries *= EGRET_BUCKET_PLACES;
			ret[count].entries = kernel->config->places_used[kernel->config->generation & 1];
		}
		count++;
		if (fd >= 0)
			close(fd);
	}
	return count;
}
