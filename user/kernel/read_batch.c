// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whole maps by few system calls: for who looks often, and must not see an entry twice where one beside it goes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "handle.h"
#include "egret_reasons.h"

/* More than one bucket of a hash ever has, as they are made: else the kernel says ENOSPC. */
#define BATCH 512
/* The kernel's own, which no header for user space has. */
#define ENOTSUPP 524

/* --- a hash, of the kernel's version 5.6 --- */

int map_each_locked(int fd, size_t key_size, size_t value_size,
		    int (*visit)(void *context, const void *key, const void *value), void *context)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = BPF_F_LOCK);
	uint8_t *keys = calloc(BATCH, key_size), *values = calloc(BATCH, value_size);
	__u32 place = 0, count;
	bool first = true, more = true;
	int rc = keys && values ? 0 : -ENOMEM;

	while (!rc && more) {
		count = BATCH;
		if (bpf_map_lookup_batch(fd, first ? NULL : &place, &place, keys, values, &count, &opts)) {
			more = false;
			rc = errno == ENOENT ? 0 : -errno;
		}
		first = false;
		for (__u32 i = 0; i < count && !rc; i++)
			rc = visit(context, keys + i * key_size, values + i * value_size);
	}
	free(keys);
	free(values);
	return rc;
}

struct denial_walk {
	int (*visit_row)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop);
	int (*visit_others)(void *context, uint64_t owner, bool audited, const struct egret_others *others);
	void *context;
};

static int visit_row(void *context, const void *key, const void *value)
{
	const struct denial_walk *walk = context;
	const struct egret_drop_row *row = value;

	(void)key;
	return row->gone ? 0 : walk->visit_row(walk->context, &row->key, &row->drop);
}

static int visit_culprit(void *context, const void *key, const void *value)
{
	const struct denial_walk *walk = context;
	const struct egret_culprit *culprit = value;
	int rc = 0;

	(void)key;
	for (int audited = 0; audited < 2 && !culprit->gone && !rc; audited++)
		if (culprit->others[audited].rows)
			rc = walk->visit_others(walk->context, culprit->owner, audited, &culprit->others[audited]);
	return rc;
}

int kernel_each_denial(const struct kernel *kernel,
		       int (*row)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		       int (*others)(void *context, uint64_t owner, bool audited, const struct egret_others *others),
		       void *context)
{
	struct denial_walk walk = {row, others, context};
	int rc = map_each_locked(kernel->maps[MAP_drops], sizeof(struct egret_drop_place),
				 sizeof(struct egret_drop_row), visit_row, &walk);

	return rc ? rc
		  : map_each_locked(kernel->maps[MAP_culprits], sizeof(uint64_t), sizeof(struct egret_culprit),
				    visit_culprit, &walk);
}

struct row_walk {
	int (*visit)(void *context, const struct egret_drop_row *row);
	void *context;
};

static int visit_whole_row(void *context, const void *key, const void *value)
{
	const struct row_walk *walk = context;
	const struct egret_drop_row *row = value;

	(void)key;
	return row->gone ? 0 : walk->visit(walk->context, row);
}

int kernel_each_row(const struct kernel *kernel, int (*visit)(void *context, const struct egret_drop_row *row),
		    void *context)
{
	struct row_walk walk = {visit, context};

	return map_each_locked(kernel->maps[MAP_drops], sizeof(struct egret_drop_place), sizeof(struct egret_drop_row),
			       visit_whole_row, &walk);
}

/* --- counters, an array for each CPU: at once since 5.13 --- */

struct counters {
	const struct kernel *kernel;
	struct egret_counter *values; /* of BATCH ids, for each CPU */
	uint32_t *keys;
	int cpus;
};

static struct egret_counter sum(const struct egret_counter *values, int cpus)
{
	struct egret_counter all = {};

	for (int i = 0; i < cpus; i++) {
		all.packets += values[i].packets;
		all.bytes += values[i].bytes;
	}
	return all;
}

static int read_at_once(const struct counters *counters, struct egret_counter *ret, uint32_t limit)
{
	uint32_t place = 0, done = 0;
	__u32 count;
	int rc = 0;

	while (!rc && done < limit) {
		count = limit - done < BATCH ? limit - done : BATCH;
		if (bpf_map_lookup_batch(counters->kernel->maps[MAP_counters], done ? &place : NULL, &place,
					 counters->keys, counters->values, &count, NULL))
			rc = errno == ENOENT ? 1 : -errno;
		for (uint32_t i = 0; i < count && rc >= 0; i++)
			ret[done++] = sum(counters->values + (size_t)i * counters->cpus, counters->cpus);
	}
	return rc < 0 ? rc : 0;
}

static int read_singly(const struct kernel *kernel, struct egret_counter *ret, uint32_t limit)
{
	int rc = 0;

	for (uint32_t id = 0; id < limit && !rc; id++)
		rc = kernel_get_counter(kernel, id, &ret[id]);
	return rc;
}

int kernel_read_counters(const struct kernel *kernel, struct egret_counter *ret, uint32_t limit)
{
	struct counters counters = {.kernel = kernel, .cpus = libbpf_num_possible_cpus()};
	int rc;

	if (counters.cpus < 0)
		return counters.cpus;
	memset(ret, 0, limit * sizeof(*ret));
	counters.keys = calloc(BATCH, sizeof(*counters.keys));
	counters.values = calloc((size_t)BATCH * counters.cpus, sizeof(*counters.values));
	rc = counters.keys && counters.values ? read_at_once(&counters, ret, limit) : -ENOMEM;
	free(counters.keys);
	free(counters.values);
	return rc == -ENOTSUPP || rc == -EINVAL ? read_singly(kernel, ret, limit) : rc;
}

/* --- what changes seldom --- */

uint32_t kernel_texts_id(const struct kernel *kernel)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd = handle_inner_fd(kernel, MAP_texts);

	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	close(fd);
	return info.id;
}
