// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define NOWHERE UINT32_MAX

struct carry {
	uint32_t *from; /* of each new index: the old one, or NOWHERE */
	size_t new_count, old_count;
	int cpus;
	struct egret_counter *counters; /* of each old index, one a CPU */
	struct egret_hit *hits;
};

/* An old rule, to be found by its text. */
struct known {
	const struct egret_rule_text *text;
	uint32_t index;
};

static int compare_texts(const struct egret_rule_text *a, const struct egret_rule_text *b)
{
	int order = strncmp(a->text, b->text, sizeof(a->text));

	return order ? order : strncmp(a->file, b->file, sizeof(a->file));
}

static int compare_known(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	int order = compare_texts(a->text, b->text);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static int compare_to_known(const void *wanted, const void *known)
{
	return compare_texts(wanted, ((const struct known *)known)->text);
}

/* The texts of the policy that rules now. */
static int read_texts(const struct kernel *kernel, struct egret_rule_text **ret, size_t *ret_count)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct egret_rule_text *texts;
	size_t count = 0;
	int fd = kernel_inner_fd(kernel, MAP_texts), rc = 0;

	*ret = NULL;
	*ret_count = 0;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd; /* no policy yet */
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != sizeof(*texts))
		rc = -EPROTO;
	texts = rc ? NULL : calloc(info.max_entries, sizeof(*texts));
	if (!rc && !texts)
		rc = -ENOMEM;
	for (uint32_t i = 0; !rc && i < info.max_entries; i++) {
		if (bpf_map_lookup_elem(fd, &i, &texts[i]) || !texts[i].text[0])
			break;
		count++;
	}
	close(fd);
	if (rc)
		return rc;
	*ret = texts;
	*ret_count = count;
	return 0;
}

static bool same_ids(const struct egret_rule_text *texts, size_t count, const struct compiled *compiled)
{
	if (count != compiled->rule_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (compare_texts(&texts[i], &compiled->texts[i]))
			return false;
	}
	return true;
}

static int map_ids(struct carry *carry, const struct egret_rule_text *texts, const struct compiled *compiled)
{
	struct known *known = calloc(carry->old_count + 1, sizeof(*known));

	if (!known)
		return -ENOMEM;
	for (size_t i = 0; i < carry->old_count; i++)
		known[i] = (struct known){&texts[i], (uint32_t)i};
	qsort(known, carry->old_count, sizeof(*known), compare_known);
	for (size_t i = 0; i < carry->new_count; i++) {
		const struct known *found =
		    bsearch(&compiled->texts[i], known, carry->old_count, sizeof(*known), compare_to_known);

		carry->from[i] = found ? found->index : NOWHERE;
	}
	free(known);
	return 0;
}

static int read_counts(const struct kernel *kernel, struct carry *carry)
{
	for (size_t i = 0; i < carry->old_count; i++) {
		uint32_t id = EGRET_RULE_FIRST + (uint32_t)i;

		if (bpf_map_lookup_elem(kernel->maps[MAP_counters], &id, &carry->counters[i * (size_t)carry->cpus]) ||
		    bpf_map_lookup_elem(kernel->maps[MAP_hits], &id, &carry->hits[i]))
			return -errno;
	}
	return 0;
}

static void carry_free(struct carry *carry)
{
	free(carry->from);
	free(carry->counters);
	free(carry->hits);
	free(carry);
}

static int carry_new(size_t old_count, size_t new_count, struct carry **ret)
{
	struct carry *carry = calloc(1, sizeof(*carry));

	if (!carry)
		return -ENOMEM;
	carry->cpus = libbpf_num_possible_cpus();
	carry->old_count = old_count;
	carry->new_count = new_count;
	if (carry->cpus > 0) {
		carry->from = calloc(new_count + 1, sizeof(*carry->from));
		carry->counters = calloc((old_count + 1) * (size_t)carry->cpus, sizeof(*carry->counters));
		carry->hits = calloc(old_count + 1, sizeof(*carry->hits));
	}
	if (!carry->from || !carry->counters || !carry->hits) {
		carry_free(carry);
		return -ENOMEM;
	}
	*ret = carry;
	return 0;
}

int carry_prepare(const struct kernel *kernel, const struct compiled *compiled, struct carry **ret)
{
	struct egret_rule_text *texts;
	struct carry *carry = NULL;
	size_t count;
	int rc = read_texts(kernel, &texts, &count);

	*ret = NULL;
	if (rc || !count || same_ids(texts, count, compiled))
		goto out;
	rc = carry_new(count, compiled->rule_count, &carry);
	if (rc)
		goto out;
	rc = map_ids(carry, texts, compiled);
	if (!rc)
		rc = read_counts(kernel, carry);
	if (rc)
		carry_free(carry);
	else
		*ret = carry;
out:
	free(texts);
	return rc;
}

static int forget_denial(void *context, const void *key)
{
	const struct kernel *kernel = context;

	if (((const struct egret_drop_key *)key)->rule)
		bpf_map_delete_elem(kernel->maps[MAP_drops], key);
	return 0;
}

static int write_counts(const struct kernel *kernel, const struct carry *carry)
{
	size_t cpus = (size_t)carry->cpus, count = carry->new_count;
	struct egret_counter *none = calloc(cpus, sizeof(*none));
	int rc = none ? 0 : -ENOMEM;

	if (count < carry->old_count)
		count = carry->old_count; /* ids that are no more begin at 0 when they are given again */
	for (size_t i = 0; i < count && !rc; i++) {
		uint32_t id = EGRET_RULE_FIRST + (uint32_t)i, from = i < carry->new_count ? carry->from[i] : NOWHERE;
		struct egret_hit hit = from == NOWHERE ? (struct egret_hit){} : carry->hits[from];

		if (bpf_map_update_elem(kernel->maps[MAP_counters], &id,
					from == NOWHERE ? none : &carry->counters[from * cpus], BPF_ANY) ||
		    bpf_map_update_elem(kernel->maps[MAP_hits], &id, &hit, BPF_ANY))
			rc = -errno;
	}
	free(none);
	return rc;
}

int carry_finish(const struct kernel *kernel, struct carry *carry)
{
	struct egret_drop_key keys[2];
	int rc;

	if (!carry)
		return 0;
	rc = write_counts(kernel, carry);
	kernel_each_entry(kernel->maps[MAP_drops], 2 * EGRET_MAX_DROPS, (void *[]){&keys[0], &keys[1]}, forget_denial,
			  (void *)kernel);
	carry_free(carry);
	return rc;
}
