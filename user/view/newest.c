// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "newest.h"

#include <stdlib.h>
#include <string.h>

#include "denials.h"
#include "json.h"
#include "reason.h"
#include "rows.h"
#include "subject_name.h"

static int newest_first(const void *a, const void *b)
{
	const struct denial *left = a, *right = b;

	if (left->drop.last_ns != right->drop.last_ns)
		return left->drop.last_ns < right->drop.last_ns ? 1 : -1;
	return memcmp(&left->key, &right->key, sizeof(left->key)); /* qsort wants one order */
}

static void set_words(json_t *row)
{
	char words[ROW_WORDS_SIZE], why[REASON_TEXT_SIZE];

	json_set_text(row, "who_text", row_who(row, words));
	json_set_text(row, "destination_text", row_destination(row, words));
	json_set_text(row, "why_text", row_why(row, words));
	json_set_text(row, "reason_text", reason_of_row(row, why));
}

static json_t *rows_of(const struct kernel *kernel, const struct denials *denials, size_t count)
{
	struct subject_cache subjects = {};
	json_t *rows = json_array(), *merged, *row;
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(rows, denial_to_json(kernel, &denials->all[i], &subjects));
	subject_cache_clear(&subjects);
	merged = rows_merge(rows, false);
	json_decref(rows);
	json_array_foreach (merged, i, row)
		set_words(row);
	return merged;
}

int view_newest_drops(const struct kernel *kernel, size_t limit, json_t **ret, size_t *ret_left_out)
{
	struct denials denials = {};
	int rc = denials_read(kernel, &denials);
	size_t count = denials.count < limit ? denials.count : limit;

	if (!rc) {
		if (denials.count)
			qsort(denials.all, denials.count, sizeof(*denials.all), newest_first);
		*ret = rows_of(kernel, &denials, count);
		*ret_left_out = denials.count - count;
	}
	denials_free(&denials);
	return rc;
}
