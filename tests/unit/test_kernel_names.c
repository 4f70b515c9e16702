// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How user space names things as the kernel has them: keys of names, pins, hooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/hook.h"
#include "kernel/maps.h"
#include "kernel/name_key.h"
#include "kernel/pins.h"

static const __u64 keys[6] = {0x11, 0x13, 0x17, 0x1d, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3};

static void names_have_keys_of_their_own(void **state)
{
	static const char *const names[] = {"a.example",  "*.a.example", "b.example", "*.example", "example",
					    "aa.example", "a.a.example", "aexample",  "a.exampl"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			assert_int_equal(name_key(names[i], keys) == name_key(names[j], keys), i == j);
}

static void domains_are_named_from_the_top(void **state)
{
	__u64 domains[4];

	(void)state;
	assert_int_equal(name_domains("w.x.y.example", keys, domains, 4), 3);
	assert_int_equal(domains[0], name_key("example", keys));
	assert_int_equal(domains[1], name_key("y.example", keys));
	assert_int_equal(domains[2], name_key("x.y.example", keys));
	assert_int_equal(name_domains("example", keys, domains, 4), 0);
	assert_int_equal(name_domains("a.b.c.d.e.f.g", keys, domains, 4), 4);
}

static bool policy_has(const void *policy, uint64_t key)
{
	for (const char *const *name = policy; *name; name++)
		if (name_key(*name, keys) == key)
			return true;
	return false;
}

static void the_name_itself_speaks_or_the_narrowest_pattern(void **state)
{
	static const struct {
		const char *policy[4], *name, *speaker;
	} cases[] = {
	    {{"*.example", "*.b.example", "a.b.example"}, "a.b.example", "a.b.example"},
	    {{"*.example", "*.b.example"}, "a.b.example", "*.b.example"},
	    {{"*.example"}, "a.b.example", "*.example"},
	    {{"*.b.example"}, "b.example", NULL}, /* a pattern is never the name itself */
	    {{"a.example"}, "x.a.example", NULL},
	};
	__u64 domains[EGRET_MAX_LABELS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t count = name_domains(cases[i].name, keys, domains, EGRET_MAX_LABELS);

		assert_int_equal(
		    name_speaker(name_key(cases[i].name, keys), domains, count, keys, policy_has, cases[i].policy),
		    cases[i].speaker ? name_key(cases[i].speaker, keys) : 0);
	}
}

static void an_instance_is_named_like_a_folder(void **state)
{
	char longest[INSTANCE_SIZE + 1], path[PIN_PATH_SIZE];
	struct error error;

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[INSTANCE_SIZE] = '\0';
	assert_int_equal(pins_check_name(longest, &error), -EINVAL);
	longest[INSTANCE_SIZE - 1] = '\0';
	assert_int_equal(pins_check_name(longest, &error), 0);
	assert_int_equal(pins_check_name("node-1_b", &error), 0);
	assert_int_equal(pins_check_name("", &error), -EINVAL);
	assert_int_equal(pins_check_name("..", &error), -EINVAL);
	assert_int_equal(pins_check_name("a/b", &error), -EINVAL);
	assert_int_equal(pins_check_name("a b", &error), -EINVAL);
	assert_non_null(strstr(error.text, "\"a b\""));
	pin_path(path, "node", "map", "drops");
	assert_string_equal(path, "/sys/fs/bpf/egret/node/map_drops");
}

static void pins_are_roots_alone(void **state)
{
	(void)state;
	assert_true(pins_are_roots(&(struct stat){.st_uid = 0, .st_mode = S_IFDIR | 0755}));
	assert_false(pins_are_roots(&(struct stat){.st_uid = 1000, .st_mode = S_IFDIR | 0700}));
	assert_false(pins_are_roots(&(struct stat){.st_uid = 0, .st_mode = S_IFDIR | 0770}));
	assert_false(pins_are_roots(&(struct stat){.st_uid = 0, .st_mode = S_IFDIR | 0702}));
}

/* Egress denies: it comes when all that it asks is there. */
static void hooks_have_their_pins_and_egress_comes_last(void **state)
{
	char path[PIN_PATH_SIZE];

	(void)state;
	assert_string_equal(hooks[HOOK_COUNT - 1].name, "egress");
	assert_string_equal(hooks[0].name, "rmdir");
	assert_string_equal(hooks[1].name, "mkdir");
	for (int i = 0; i < HOOK_COUNT; i++) {
		hook_pin_path(path, "node", i);
		assert_true(hook_is_pin(strrchr(path, '/') + 1));
	}
	assert_string_equal(path, "/sys/fs/bpf/egret/node/link_egress");
	assert_true(hook_is_pin("link_of_another_version"));
	assert_false(hook_is_pin("map_drops"));
	assert_false(hook_is_pin("links"));
	assert_false(hook_is_pin("exec"));
}

static void each_map_is_one(void **state)
{
	(void)state;
	assert_true(map_is_table(MAP_lists));
	assert_false(map_is_table(MAP_learned));
	for (int i = 0; i < MAP_COUNT; i++) {
		assert_true(strlen(map_shapes[i].name) < 16); /* BPF_OBJ_NAME_LEN */
		for (int j = 0; j < i; j++)
			assert_string_not_equal(map_shapes[i].name, map_shapes[j].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_have_keys_of_their_own),
	    cmocka_unit_test(domains_are_named_from_the_top),
	    cmocka_unit_test(the_name_itself_speaks_or_the_narrowest_pattern),
	    cmocka_unit_test(an_instance_is_named_like_a_folder),
	    cmocka_unit_test(pins_are_roots_alone),
	    cmocka_unit_test(hooks_have_their_pins_and_egress_comes_last),
	    cmocka_unit_test(each_map_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
