// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rows of drops that are one to a person. */
#include <stdio.h>
#include <string.h>

#include "../base/hash.h"
#include "denials.h"
#include "egret_reasons.h"
#include "json.h"
#include "reason.h"
#include "rows.h"

#define KEY_SIZE 2048

struct merge {
	json_t *by_key; /* to the merged row */
	json_t *rows;
	bool by_workload;
};

/* --- numbers --- */

#define NUMBERS 9999

uint32_t row_number(const json_t *row, bool by_workload)
{
	const char *workload = by_workload ? json_text(row, "workload") : "", *name = json_text(row, "name");
	const char *reason = json_text(row, "kernel_reason");
	bool by_name = *name && strcmp(reason, reason_label(EGRET_REASON_SPECIAL_ADDRESS)) != 0;
	char key[KEY_SIZE], who[ROW_WORDS_SIZE];

	snprintf(key, sizeof(key), "%d|%s|%s|%s|%s|%s|%s", json_flag(row, "audited"),
		 *workload ? workload : row_who(row, who), by_name ? name : denial_address(row), json_text(row, "port"),
		 reason, json_text(row, "rule"), json_text(row, "device"));
	return 1 + (uint32_t)(hash_bytes(HASH_BEGIN, key, strlen(key)) % NUMBERS);
}

/* --- alike --- */

static void make_key(const struct merge *merge, const json_t *row, char buf[static KEY_SIZE])
{
	const char *workload = merge->by_workload ? json_text(row, "workload") : "", *name = json_text(row, "name");
	char who[ROW_WORDS_SIZE];

	snprintf(buf, KEY_SIZE, "%d %d %d %d %lld %s|%s %s|%s %lld %s|%s", json_flag(row, "audited"),
		 json_flag(row, "outdated"), json_flag(row, "passes_now"), json_flag(row, "hostnetwork"),
		 !*workload && !*json_text(row, "subject") ? json_number(row, "cgroup_id") : 0,
		 *workload ? workload : row_who(row, who),
		 *name && strcmp(json_text(row, "reason"), "special-address") != 0 ? name : denial_address(row),
		 json_text(row, "port"), json_text(row, "reason"), json_number(row, "line"), json_text(row, "file"),
		 json_text(row, "device"));
}

/* What tells pods of a workload apart. */
static void forget_the_pod(json_t *row)
{
	static const char *const keys[] = {"subject", "pod",       "pod_uid", "container", "container_id",
					   "gone",    "cgroup_id", "process", "pid"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(row, keys[i], json_null());
	json_object_set_new(row, "pods", json_object());
}

static json_t *begin(struct merge *merge, const char *key, const json_t *row)
{
	json_t *merged = json_copy((json_t *)row);

	json_set_number(merged, "packets_total", 0);
	json_set_number(merged, "others_total", 0);
	json_set_number(merged, "rows_count", 0);
	if (merge->by_workload)
		json_set_number(merged, "number", row_number(row, true));
	if (merge->by_workload && *json_text(row, "namespace"))
		forget_the_pod(merged);
	json_object_set(merge->by_key, key, merged);
	json_array_append_new(merge->rows, merged);
	return merged;
}

static void sum_up(json_t *merged, const json_t *row, const char *key)
{
	json_set_number(merged, key, (uint64_t)(json_number(merged, key) + json_number(row, key)));
}

/* Moments in UTC by RFC 3339: the later text is the later one. */
static void add_times(json_t *merged, const json_t *row)
{
	const char *first = json_text(row, "first_time"), *last = json_text(row, "last_time");

	if (*first && strcmp(first, json_text(merged, "first_time")) < 0)
		json_set_text(merged, "first_time", first);
	if (strcmp(last, json_text(merged, "last_time")) > 0)
		json_set_text(merged, "last_time", last);
}

static void add(struct merge *merge, const json_t *row)
{
	char key[KEY_SIZE];
	json_t *merged, *pods;

	make_key(merge, row, key);
	merged = json_object_get(merge->by_key, key);
	if (!merged)
		merged = begin(merge, key, row);
	sum_up(merged, row, "packets_total");
	sum_up(merged, row, "others_total");
	json_set_number(merged, "rows_count", (uint64_t)json_number(merged, "rows_count") + 1);
	add_times(merged, row);
	pods = json_object_get(merged, "pods");
	if (pods)
		json_object_set_new(pods, json_text(row, "pod_uid"), json_null());
}

json_t *rows_merge(const json_t *rows, bool by_workload)
{
	struct merge merge = {json_object(), json_array(), by_workload};
	const json_t *row;
	json_t *merged;
	size_t i;

	json_array_foreach (rows, i, row)
		add(&merge, row);
	json_array_foreach (merge.rows, i, merged) {
		json_t *pods = json_object_get(merged, "pods");

		if (pods)
			json_set_number(merged, "pods_count", json_object_size(pods));
		json_object_del(merged, "pods");
	}
	json_decref(merge.by_key);
	return merge.rows;
}
