// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "learned.h"

#include "../base/addr.h"
#include "../base/clock.h"
#include "json.h"
#include "subject_name.h"

struct lessons {
	const struct kernel *kernel;
	uint64_t now_ns;
	struct subject_cache subjects;
	json_t *rows;
	size_t ended;
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

	if (!lesson->brings_in)
		return 0;
	lessons->ended += lesson->left_sec < 0;
	if (lesson->left_sec >= 0)
		add_row(lessons, lesson);
	return 0;
}

int view_learned(const struct kernel *kernel, json_t **ret, size_t *ret_ended)
{
	struct lessons lessons = {.kernel = kernel, .now_ns = clock_realtime_ns(), .rows = json_array()};
	int rc = kernel_each_lesson(kernel, add_lesson, &lessons);

	subject_cache_clear(&lessons.subjects);
	if (rc) {
		json_decref(lessons.rows);
		return rc;
	}
	*ret = lessons.rows;
	*ret_ended = lessons.ended;
	return 0;
}
