// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is read of an instance that an earlier version pinned, on maps made by hand in that version's form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/addr.h"
#include "compile/compile.h"
#include "egret_before.h"
#include "egret_reasons.h"
#include "kernel/kernel.h"
#include "kernel/layout_before.h"
#include "kernel/pins.h"
#include "kernel/read_before.h"
#include "kernel/tick.h"

#define NOW_TICK UINT64_C(5000000000)
/* Of the policy that rules: so it is in the second slot. */
#define GENERATION 7

static char instance[32];

/* As clang describes them: the kernel knows a lock by its type. */
static void describe_bucket(struct bpf_map_create_opts *options)
{
	struct btf *btf = btf__new_empty();
	int word = btf__add_int(btf, "u32", sizeof(uint32_t), 0), byte = btf__add_int(btf, "u8", 1, 0), lock, rest;

	lock = btf__add_struct(btf, "bpf_spin_lock", sizeof(uint32_t));
	btf__add_field(btf, "val", word, 0, 0);
	rest = btf__add_array(btf, word, byte, sizeof(struct before_seen_bucket) - sizeof(uint32_t));
	options->btf_key_type_id = word;
	options->btf_value_type_id = btf__add_struct(btf, "bucket", sizeof(struct before_seen_bucket));
	btf__add_field(btf, "lock", lock, 0, 0);
	btf__add_field(btf, "rest", rest, 8 * sizeof(uint32_t), 0);
	assert_int_equal(btf__load_into_kernel(btf), 0);
	options->btf_fd = (uint32_t)dup(btf__fd(btf));
	btf__free(btf);
}

/* A map under its pin. */
static int pin_map(const char *name, enum bpf_map_type type, uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = type == BPF_MAP_TYPE_HASH ? BPF_F_NO_PREALLOC : 0);
	char path[PIN_PATH_SIZE];
	int fd;

	if (!strcmp(name, "seen"))
		describe_bucket(&options);
	fd = bpf_map_create(type, "egret_unit", key_size, value_size, entries, &options);
	assert_true(fd >= 0);
	if (options.btf_fd)
		close((int)options.btf_fd);
	pin_path(path, instance, "map", name);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	return fd;
}

static void put(int fd, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_ANY), 0);
}

static struct egret_addr addr_of(const char *text)
{
	struct egret_addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static uint64_t in_sec(int sec)
{
	return NOW_TICK + (uint64_t)((int64_t)sec * tick_hz());
}

static int pin_sockets(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC | BPF_F_CLONE);
	struct btf *btf = btf__new_empty();
	char path[PIN_PATH_SIZE];
	int fd;

	options.btf_key_type_id = (uint32_t)btf__add_int(btf, "int", sizeof(int), BTF_INT_SIGNED);
	options.btf_value_type_id = (uint32_t)btf__add_struct(btf, "sock", sizeof(struct egret_before_sock));
	assert_int_equal(btf__load_into_kernel(btf), 0);
	options.btf_fd = (uint32_t)btf__fd(btf);
	fd = bpf_map_create(BPF_MAP_TYPE_SK_STORAGE, "egret_unit", sizeof(int), sizeof(struct egret_before_sock), 0,
			    &options);
	btf__free(btf);
	assert_true(fd >= 0);
	pin_path(path, instance, "map", "sockets");
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	return fd;
}

/* One for each slot, of which one is empty. */
static void pin_table(const char *name, const void *value, uint32_t value_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	uint32_t place = 1, slot = GENERATION & 1;
	int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "egret_unit", 4, value_size, 3, NULL), outer;
	char path[PIN_PATH_SIZE];

	assert_true(inner >= 0);
	put(inner, &place, value);
	options.inner_map_fd = (uint32_t)inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "egret_unit", 4, 4, 2, &options);
	assert_true(outer >= 0);
	put(outer, &slot, &inner);
	pin_path(path, instance, "map", name);
	assert_int_equal(bpf_obj_pin(outer, path), 0);
	close(inner);
	close(outer);
}

static void pin_counts(void)
{
	int cpus = libbpf_num_possible_cpus(), fd;
	struct before_counter *counts = calloc((size_t)cpus, sizeof(*counts));
	struct before_hit hit = {.packets = 3, .last_ns = 77};
	uint32_t rule = EGRET_RULE_FIRST + 1;

	for (int i = 0; i < cpus; i++)
		counts[i] = (struct before_counter){.packets = 2, .bytes = 100};
	fd = pin_map("counters", BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct before_counter), 64);
	put(fd, &rule, counts);
	close(fd);
	free(counts);
	fd = pin_map("hits", BPF_MAP_TYPE_ARRAY, 4, sizeof(hit), 64);
	put(fd, &rule, &hit);
	close(fd);
}

/* One address with two names, of which one ended. */
static void pin_learned(void)
{
	struct before_learned_key key = {addr_of("20.3.0.1"), 5};
	struct before_learned learned = {.subject = 42, .shared = 1};
	int fd;

	learned.lessons[0] = (struct before_lesson){.name = 11, .suffixes = {1, 2}, .expires_tick = in_sec(600)};
	learned.lessons[1] = (struct before_lesson){.name = 12, .expires_tick = in_sec(-1)};
	fd = pin_map("learned", BPF_MAP_TYPE_HASH, sizeof(key), sizeof(learned), 64);
	put(fd, &key, &learned);
	close(fd);
}

/* One name that no rule had, one that stands in `learned`. */
static void pin_seen(void)
{
	struct before_seen_bucket bucket = {};
	uint32_t place = 2;
	int fd;

	bucket.places[1] = (struct before_seen){.key = {addr_of("20.3.0.2"), 6},
						.name = 13,
						.suffixes = {1, 3},
						.untaught = 1,
						.subject = 43,
						.expires_tick = in_sec(60)};
	bucket.places[2] = bucket.places[1];
	bucket.places[2].untaught = 0;
	fd = pin_map("seen", BPF_MAP_TYPE_ARRAY, 4, sizeof(bucket), 4);
	put(fd, &place, &bucket);
	close(fd);
}

static void pin_meta(const void *meta, uint32_t size)
{
	uint32_t zero = 0;
	int fd = pin_map("meta", BPF_MAP_TYPE_ARRAY, 4, size, 1);

	put(fd, &zero, meta);
	close(fd);
}

static void pin_rest(void)
{
	uint32_t zero = 0, config[BEFORE_CONFIG_SIZE / sizeof(uint32_t)] = {GENERATION};
	struct before_text text = {.text = "allow *.example tcp:443", .file = "a.rules", .line = 3, .position = 1};
	struct before_rule rule = {.born = 5, .first = 2, .count = 1};
	struct before_asked asked = {"a.\texample"};
	uint64_t name = 11;
	int fd = pin_map("config", BPF_MAP_TYPE_ARRAY, 4, sizeof(config), 1);

	put(fd, &zero, config);
	close(fd);
	fd = pin_map("asked", BPF_MAP_TYPE_HASH, 8, sizeof(asked), 64);
	put(fd, &name, &asked);
	close(fd);
	close(pin_sockets());
	pin_table("texts", &text, sizeof(text));
	pin_table("rules", &rule, sizeof(rule));
	pin_counts();
	pin_learned();
	pin_seen();
}

static void pin_0_1(void)
{
	struct before_meta_0_1 meta = {.abi = BEFORE_ABI_0_1, .hash_keys = {1, 3, 5, 7, 9, 11}};

	pin_meta(&meta, sizeof(meta));
	pin_rest();
}

static void pin_5(void)
{
	union {
		struct before_meta_5 meta;
		char all[BEFORE_META_5_SIZE];
	} value = {.meta = {.abi = BEFORE_ABI_5, .hash_keys = {1, 3, 5, 7, 9, 11}}};

	pin_meta(&value, sizeof(value));
	pin_rest();
}

static struct kernel *owner;

static int claim(void **state)
{
	struct error error;

	(void)state;
	if (kernel_claim(instance, KERNEL_ANY, &owner, &error)) {
		print_message("note: nothing can be pinned here: %s\n", error.text);
		owner = NULL;
	}
	return 0;
}

static int take_down(void **state)
{
	struct error error;
	int rc = owner ? kernel_take_down(owner, &error) : 0;

	(void)state;
	kernel_free(owner);
	owner = NULL;
	return rc || kernel_is_there(instance);
}

static struct before *open_before(void (*pin)(void))
{
	struct before *before;

	if (!owner)
		skip();
	pin();
	before = before_open(instance);
	assert_non_null(before);
	return before;
}

static int note_taught(void *context, const struct before_taught *taught)
{
	char *all = context, text[ADDR_TEXT_SIZE];

	snprintf(all + strlen(all), 512 - strlen(all), "%llu=%s of %llu for %llu%s %u s|",
		 (unsigned long long)taught->name, addr_format(&taught->addr, text),
		 (unsigned long long)taught->subject, (unsigned long long)taught->scope,
		 taught->shared ? " and others" : "", taught->left_sec);
	return 0;
}

static void all_is_read(struct before *before)
{
	struct rules_before rules;
	struct egret_counter counter;
	struct egret_asked asked;
	struct egret_hit hit;
	char all[512] = "";

	assert_int_equal(before_hash_keys(before)[5], 11);
	assert_int_equal(before_each_taught(before, NOW_TICK, note_taught, all), 0);
	assert_string_equal(all, "13=20.3.0.2 of 43 for 6 60 s|11=20.3.0.1 of 42 for 5 and others 600 s|");
	assert_int_equal(before_get_asked(before, 11, &asked), 0);
	assert_string_equal(asked.name, "a.?example"); /* texts are made printable */
	assert_int_equal(before_get_asked(before, 12, &asked), -ENOENT);
	assert_int_equal(before_read_rules(before, &rules), 0);
	assert_int_equal(rules.count, 3);
	assert_string_equal(rules.texts[0].text, "");
	assert_string_equal(rules.texts[1].text, "allow *.example tcp:443");
	assert_string_equal(rules.texts[1].file, "a.rules");
	assert_int_equal(rules.texts[1].line, 3);
	assert_int_equal(rules.rules[1].born, 5);
	kernel_free_rules(&rules);
	assert_int_equal(before_generation(before), GENERATION);
	assert_int_equal(before_get_counts(before, EGRET_RULE_FIRST + 1, &counter, &hit), 0);
	assert_int_equal(counter.packets, 2 * libbpf_num_possible_cpus());
	assert_int_equal(hit.last_ns, 77);
	before_close(before);
}

static void release_0_1_is_read(void **state)
{
	(void)state;
	all_is_read(open_before(pin_0_1));
}

static void the_last_layout_is_read(void **state)
{
	(void)state;
	all_is_read(open_before(pin_5));
}

/* Nothing of it is looked at: the numbers could mean anything. */
static void no_other_version_is_read(void **state)
{
	struct before_meta_0_1 meta = {.abi = BEFORE_ABI_0_1 - 1, .hash_keys = {1, 3, 5, 7, 9, 11}};

	(void)state;
	if (!owner)
		skip();
	assert_null(before_open(instance)); /* nothing is pinned yet */
	pin_meta(&meta, sizeof(meta));
	pin_rest();
	assert_null(before_open(instance));
}

static void a_map_of_another_form_is_not_read(void **state)
{
	char path[PIN_PATH_SIZE];

	(void)state;
	before_close(open_before(pin_5));
	pin_path(path, instance, "map", "learned");
	assert_int_equal(unlink(path), 0);
	assert_null(before_open(instance));
	close(pin_map("learned", BPF_MAP_TYPE_HASH, sizeof(struct before_learned_key), 112, 64));
	assert_null(before_open(instance));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(release_0_1_is_read, claim, take_down),
	    cmocka_unit_test_setup_teardown(the_last_layout_is_read, claim, take_down),
	    cmocka_unit_test_setup_teardown(no_other_version_is_read, claim, take_down),
	    cmocka_unit_test_setup_teardown(a_map_of_another_form_is_not_read, claim, take_down),
	};

	snprintf(instance, sizeof(instance), "unit-%d", getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
