// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rows.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/addr.h"
#include "egret_reasons.h"
#include "json.h"
#include "reason.h"

/* --- which --- */

static bool fits(const char *pattern, const char *text)
{
	return !pattern || (*text && !fnmatch(pattern, text, 0));
}

/* The names of pods have no slash: what has one begins with a namespace. */
static bool fits_pod(const char *pattern, const json_t *row)
{
	const char *slash = pattern ? strchr(pattern, '/') : NULL, *workload = json_text(row, "workload");
	char buf[ROW_WORDS_SIZE];

	if (!pattern)
		return true;
	if (!*json_text(row, "namespace"))
		return fits(pattern, json_text(row, "pod_uid"));
	if (!slash)
		return fits(pattern, json_text(row, "pod")) || fits(pattern, strchr(workload, '/') + 1);
	snprintf(buf, sizeof(buf), "%s/%s", json_text(row, "namespace"), json_text(row, "pod"));
	return fits(pattern, buf) || fits(pattern, workload);
}

/* DNS knows no capital letters, and an address may be written in many ways. */
static bool fits_destination(const char *pattern, const json_t *row)
{
	const char *name = json_text(row, "name"), *address = json_text(row, "address");
	struct egret_addr wanted, addr;

	if (!pattern)
		return true;
	if (!addr_parse(pattern, &wanted))
		return !addr_parse(address, &addr) && addr_equal(&wanted, &addr);
	return (*name && !fnmatch(pattern, name, FNM_CASEFOLD)) || fits(pattern, address);
}

/* The next word of a list with commas; *@at goes behind it. */
static size_t next_word(const char **at, const char **ret_word)
{
	size_t len = strcspn(*at, ",");

	*ret_word = *at;
	*at += len + ((*at)[len] == ',');
	return len;
}

static bool is_listed(const char *list, const char *text)
{
	const char *word;

	while (*list) {
		size_t len = next_word(&list, &word);

		if (len && strlen(text) == len && !memcmp(word, text, len))
			return true;
	}
	return false;
}

bool rows_any_asked(const struct rows_wanted *wanted)
{
	return wanted->namespace || wanted->pod || wanted->name || wanted->reasons || wanted->since;
}

bool rows_is_wanted(const struct rows_wanted *wanted, const json_t *row)
{
	time_t last = 0;

	/* A hit that nobody saw the time of may be of then. */
	if (wanted->since && (!json_time(row, "last_time", &last) || last < wanted->since) &&
	    !json_number(row, "untimed_packets_count"))
		return false;
	return fits(wanted->namespace, json_text(row, "namespace")) && fits_pod(wanted->pod, row) &&
	       fits_destination(wanted->name, row) &&
	       (!wanted->reasons || is_listed(wanted->reasons, json_text(row, "reason")) ||
		is_listed(wanted->reasons, json_text(row, "kernel_reason")));
}

void rows_keep(json_t *rows, const struct rows_wanted *wanted)
{
	json_t *kept = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (rows_is_wanted(wanted, row))
			json_array_append(kept, (json_t *)row);
	}
	json_array_clear(rows);
	json_array_extend(rows, kept);
	json_decref(kept);
}

static bool is_reason(const char *word)
{
	for (uint32_t reason = EGRET_REASON_NONE + 1; reason < EGRET_REASON_COUNT; reason++)
		if (!strcmp(reason_label(reason), word))
			return true;
	for (uint32_t cause = EGRET_CAUSE_NONE + 1; cause < EGRET_CAUSE_COUNT; cause++)
		if (!strcmp(cause_label(cause), word))
			return true;
	return false;
}

int rows_check_reasons(const char *reasons, char *ret_word, size_t size)
{
	const char *word;

	do {
		size_t len = next_word(&reasons, &word);

		snprintf(ret_word, size, "%.*s", (int)len, word);
		if (!is_reason(ret_word))
			return -EINVAL;
	} while (*reasons);
	return 0;
}

/* --- in which order --- */

static const char *const order_words[] = {
    [ROWS_BY_LAST] = "last", [ROWS_BY_COUNT] = "count", [ROWS_BY_WHO] = "who", [ROWS_BY_DESTINATION] = "destination",
    [ROWS_BY_WHY] = "why",
};

int row_order_of(const char *word, enum row_order *ret)
{
	for (int order = ROWS_BY_LAST; order <= ROWS_BY_WHY; order++) {
		if (!strcmp(word, order_words[order])) {
			*ret = (enum row_order)order;
			return 0;
		}
	}
	return -EINVAL;
}

struct sorting {
	json_t *row;
	size_t at;
	enum row_order order;
};

static int by_words(const json_t *left, const json_t *right,
		    const char *(*words)(const json_t *row, char buf[static ROW_WORDS_SIZE]))
{
	char a[ROW_WORDS_SIZE], b[ROW_WORDS_SIZE];

	return strcmp(words(left, a), words(right, b));
}

static int compare(const json_t *left, const json_t *right, enum row_order order)
{
	long long a = json_number(left, "packets_total"), b = json_number(right, "packets_total");

	switch (order) {
	case ROWS_BY_LAST: /* RFC 3339 in UTC: the later text is the later moment */
		return strcmp(json_text(right, "last_time"), json_text(left, "last_time"));
	case ROWS_BY_COUNT:
		return (a < b) - (a > b);
	case ROWS_BY_WHO:
		return by_words(left, right, row_who);
	case ROWS_BY_DESTINATION:
		return by_words(left, right, row_destination);
	case ROWS_BY_WHY:
		return by_words(left, right, row_why);
	default:
		return 0;
	}
}

static int in_order(const void *a, const void *b)
{
	const struct sorting *left = a, *right = b;
	int rc = compare(left->row, right->row, left->order);

	return rc ? rc : (left->at > right->at) - (left->at < right->at);
}

void rows_sort(json_t *rows, enum row_order order)
{
	size_t count = json_array_size(rows), i;
	struct sorting *all = calloc(count + 1, sizeof(*all));
	json_t *row;

	if (!all)
		return; /* as they are */
	json_array_foreach (rows, i, row)
		all[i] = (struct sorting){json_incref(row), i, order};
	qsort(all, count, sizeof(*all), in_order);
	json_array_clear(rows);
	for (i = 0; i < count; i++)
		json_array_append_new(rows, all[i].row);
	free(all);
}

size_t rows_limit(json_t *rows, size_t limit)
{
	size_t count = json_array_size(rows);

	if (!limit || count <= limit)
		return 0;
	for (size_t i = count; i > limit; i--)
		json_array_remove(rows, i - 1);
	return count - limit;
}
