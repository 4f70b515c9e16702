// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "learned.h"

#include "../base/addr.h"
#include "../base/clock.h"
#include "json.h"
#include "name_index.h"
#include "subject_name.h"
#include "egret_limits.h"

struct lessons {
	const struct kernel *kernel;
	uint32_t slot; /* of the policy that rules */
	uint64_t now_ns;
	struct name_index *names;
	struct subject_cache subjects;
	json_t *rows;
	size_t ended;
};

static void add_lesson(struct lessons *lessons, const struct egret_learned_key *key, uint64_t subject,
		       const struct egret_lesson *lesson, int64_t left_sec)
{
	struct egret_asked asked = {};
	char address[ADDR_TEXT_SIZE];
	json_t *row = json_object();

	kernel_get_asked(lessons->kernel, lesson->name, &asked);
	json_set_text(row, "address", addr_format(&key->addr, address));
	json_set_text(row, "name", asked.name);
	json_set_text(row, "policy_name", name_index_find(lessons->names, lesson->rule_names[lessons->slot]));
	json_set_time(row, "expires_time", lessons->now_ns + (uint64_t)left_sec * CLOCK_NS_PER_SEC);
	json_set_number(row, "left_seconds", (uint64_t)left_sec);
	json_set_subject(row, lessons->kernel, subject, 0, &lessons->subjects);
	json_set_number(row, "scope", key->scope);
	json_array_append_new(lessons->rows, row);
}

static int add_learned(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	struct lessons *lessons = context;

	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		const struct egret_lesson *lesson = &learned->lessons[i];
		int64_t left_sec = kernel_seconds_until(lesson->expires_tick);

		lessons->ended += lesson->name && left_sec < 0;
		if (lesson->rule_names[lessons->slot] && left_sec >= 0)
			add_lesson(lessons, key, learned->subject, lesson, left_sec);
	}
	return 0;
}

int view_learned(const struct kernel *kernel, json_t **ret, size_t *ret_ended)
{
	struct lessons lessons = {.kernel = kernel, .now_ns = clock_realtime_ns()};
	int rc = name_index_new(kernel, &lessons.names);

	if (rc)
		return rc;
	lessons.slot = kernel_config(kernel)->generation & (EGRET_POLICY_SLOTS - 1);
	lessons.rows = json_array();
	kernel_each_learned(kernel, add_learned, &lessons);
	name_index_free(lessons.names);
	subject_cache_clear(&lessons.subjects);
	*ret = lessons.rows;
	*ret_ended = lessons.ended;
	return 0;
}
