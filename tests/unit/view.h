/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of views share. */
#ifndef EGRET_TEST_VIEW_H
#define EGRET_TEST_VIEW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "base/clock.h"
#include "fake_kernel.h"
#include "view/json.h"

/* No cgroup of this machine has such an id. */
#define CGROUP_NOTED 0x7fff000000000001
#define CGROUP_GONE  0x7fff000000000002

/* 2026-11-27T18:00:00Z in nanoseconds. */
#define AT_NS (UINT64_C(1795802400) * CLOCK_NS_PER_SEC)

/* Takes @actual over. @expected: JSON with ' for ". */
static inline void assert_view(json_t *actual, const char *expected)
{
	char *text = strdup(expected), *got, *want;
	json_error_t error;
	json_t *value;

	for (char *at = text; (at = strchr(at, '\'')); at++)
		*at = '"';
	value = json_loads(text, JSON_DECODE_ANY, &error);
	if (!value)
		fail_msg("the test's own JSON: %s at %d", error.text, error.position);
	if (!json_equal(actual, value)) {
		got = json_dumps(actual, JSON_SORT_KEYS | JSON_INDENT(1) | JSON_ENCODE_ANY);
		want = json_dumps(value, JSON_SORT_KEYS | JSON_INDENT(1) | JSON_ENCODE_ANY);
		fprintf(stderr, "got %s\nnot %s\n", got, want);
		fail();
	}
	json_decref(value);
	json_decref(actual);
	free(text);
}

/* The moment is @age_sec ago, and is taken out. */
static inline void take_time(json_t *row, const char *key, int age_sec)
{
	time_t then;

	assert_true(json_time(row, key, &then));
	assert_in_range(then, time(NULL) - age_sec - 2, time(NULL) - age_sec + 1);
	json_object_del(row, key);
}

static inline struct egret_addr addr(const char *text)
{
	struct egret_addr ret;

	assert_int_equal(addr_parse(text, &ret), 0);
	return ret;
}

static inline void set_rule(struct kernel *kernel, uint32_t rule, const char *text, uint32_t line)
{
	snprintf(kernel->texts[rule].text, sizeof(kernel->texts[rule].text), "%s", text);
	snprintf(kernel->texts[rule].file, sizeof(kernel->texts[rule].file), "policy.rules");
	kernel->texts[rule].line = line;
}

static inline void set_asked(struct kernel *kernel, uint64_t key, const char *name)
{
	size_t i = kernel->asked_count++;

	kernel->asked[i].key = key;
	snprintf(kernel->asked[i].asked.name, sizeof(kernel->asked[i].asked.name), "%s", name);
}

static inline void set_subject_path(struct kernel *kernel, uint64_t cgroup_id, const char *path)
{
	size_t i = kernel->subject_count++;

	kernel->subjects[i].cgroup_id = cgroup_id;
	snprintf(kernel->subjects[i].subject.path, sizeof(kernel->subjects[i].subject.path), "%s", path);
}

#endif
