// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "learned.h"

#include "../base/addr.h"
#include "../base/clock.h"
#include "json.h"
#include "subject_name.h"

/* Ends a walk, and is no error. */
#define ENOUGH 1
/* For each row that is wanted, so many may be walked over that have none. */
#define WALKED_FOR_A_ROW 16

struct lessons {
	const struct kernel *kernel;
	uint64_t now_ns;
	struct subject_cache subjects;
	json_t *rows;
	size_t ended, walked;
	size_t limit;        /* of rows */
	size_t longest_walk; /* over those that have no row, too */
};

static void add_row(struct lessons *lessons, const struct kernel_lesson *lesson)
{
	struct egret_asked asked = {};
	struct egret_name name = {};
	char address[ADDR_TEXT_SIZE];
	json_t *row = json_object();

	kernel_get_asked(lessons->kernel, lesson->name, &asked);
	kernel_get_name(lessons->kernel, lesson->policy_name, &name);
	json_set_text(row, "address", addr_format(&lesson->addr, address));
	json_set_text(row, "name", asked.name);
	json_set_text(row, "policy_name", name.name);
	json_set_time(row, "expires_time", lessons->now_ns + (uint64_t)lesson->left_sec * CLOCK_NS_PER_SEC);
	json_set_number(row, "left_seconds", (uint64_t)lesson->left_sec);
	json_set_subject(row, lessons->kernel, lesson->owner, 0, &lessons->subjects);
	json_set_number(row, "scope", lesson->scope);
	json_array_append_new(lessons->rows, row);
}

static int add_lesson(void *context, const struct kernel_lesson *lesson)
{
	struct lessons *lessons = context;

	if (lessons->walked++ == lessons->longest_walk || json_array_size(lessons->rows) == lessons->limit)
		return ENOUGH;
	if (!lesson->brings_in)
		return 0;
	lessons->ended += lesson->left_sec < 0;
	if (lesson->left_sec >= 0)
		add_row(lessons, lesson);
	return 0;
}

static int walk(struct lessons *lessons)
{
	int rc;

	lessons->now_ns = clock_realtime_ns();
	lessons->rows = json_array();
	rc = kernel_each_lesson(lessons->kernel, add_lesson, lessons);
	subject_cache_clear(&lessons->subjects);
	if (rc < 0)
		json_decref(lessons->rows);
	return rc;
}

int view_learned(const struct kernel *kernel, json_t **ret, size_t *ret_ended)
{
	struct lessons lessons = {.kernel = kernel, .limit = SIZE_MAX, .longest_walk = SIZE_MAX};
	int rc = walk(&lessons);

	if (rc)
		return rc;
	*ret = lessons.rows;
	*ret_ended = lessons.ended;
	return 0;
}

int view_learned_some(const struct kernel *kernel, size_t limit, json_t **ret, bool *ret_more)
{
	struct lessons lessons = {.kernel = kernel, .limit = limit, .longest_walk = limit * WALKED_FOR_A_ROW};
	int rc = walk(&lessons);

	if (rc < 0)
		return rc;
	*ret = lessons.rows;
	*ret_more = rc == ENOUGH;
	return 0;
}
