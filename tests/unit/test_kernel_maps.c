// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What kernel/ does with maps, on real ones that nothing is attached to and nobody pins. */
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
#include <bpf/libbpf.h>

#include "base/addr.h"
#include "compile/compile.h"
#include "egret_reasons.h"
#include "kernel/handle.h"

static const __u64 keys[6] = {0x8b5ad4cea2f4a9b3, 0xd6e8feb86659fd93, 0xa0761d6478bd642f,
			      0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3};

/* The descriptor of a new map, or the test is skipped. */
static int make(enum bpf_map_type type, uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, options,
		    .map_flags = type == BPF_MAP_TYPE_LRU_HASH ? 0
				 : type == BPF_MAP_TYPE_HASH   ? BPF_F_NO_PREALLOC
							       : 0);
	int fd = bpf_map_create(type, "egret_unit", key_size, value_size, entries, &options);

	if (fd < 0) {
		print_message("note: no map can be made here (%s)\n", strerror(errno));
		skip();
	}
	return fd;
}

struct policy_of {
	struct policy *policy;
	struct compiled *compiled;
};

/* As the policy behind @before; NULL: none rules. */
static struct policy_of compile_behind(const struct rules_before *before, const char *text, uint32_t generation)
{
	struct compile_input input = {.generation = generation};
	struct diag diag = {0};
	struct policy_of made;

	assert_int_equal(policy_load_text("t.rules", text, strlen(text), NULL, &made.policy, &diag), 0);
	input.policy = made.policy;
	if (before)
		input.before = *before;
	assert_int_equal(compile_policy(&input, &made.compiled, &diag), 0);
	diag_clear(&diag);
	return made;
}

static struct policy_of compile(const char *text, uint32_t generation)
{
	return compile_behind(NULL, text, generation);
}

static void let_go(struct policy_of *made)
{
	compiled_free(made->compiled);
	policy_free(made->policy);
}

static struct egret_addr addr_of(const char *text)
{
	struct egret_addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static void count_addr(void *context, const struct egret_addr *addr, const struct egret_target *target)
{
	(void)addr;
	(void)target;
	++*(size_t *)context;
}

static void an_address_is_found_changed_and_gone(void **state)
{
	struct egret_addr known = addr_of("20.0.0.1"), other = addr_of("20.0.0.9");
	struct egret_target target = {.dest = {.first = 7, .count = 1}}, found;
	struct buckets buckets = {.fd = -1};
	struct policy_of made;
	size_t count = 0;

	(void)state;
	close(make(BPF_MAP_TYPE_ARRAY, 4, 4, 1));
	made = compile("set floor = off\nallow 20.0.0.1 tcp:443\nallow 20.0.0.2 tcp:80\n", 1);
	assert_int_equal(buckets_make(made.compiled, keys, &buckets), 0);
	assert_int_equal(buckets.used, made.compiled->addr_count);
	assert_int_equal(buckets_find(&buckets, keys, &known, &found), 0);
	assert_int_equal(found.head.lo, 443);
	assert_int_equal(buckets_find(&buckets, keys, &other, &found), -ENOENT);

	assert_int_equal(buckets_set(&buckets, keys, &other, &target), 0);
	assert_int_equal(buckets_find(&buckets, keys, &other, &found), 0);
	assert_int_equal(found.dest.first, 7);
	target.dest.first = 8;
	assert_int_equal(buckets_set(&buckets, keys, &other, &target), 0);
	assert_int_equal(buckets_find(&buckets, keys, &other, &found), 0);
	assert_int_equal(found.dest.first, 8);
	buckets_each(buckets.fd, count_addr, &count);
	assert_int_equal(count, made.compiled->addr_count + 1);

	assert_int_equal(buckets_set(&buckets, keys, &other, NULL), 0);
	assert_int_equal(buckets_find(&buckets, keys, &other, &found), -ENOENT);
	assert_int_equal(buckets_set(&buckets, keys, &other, NULL), 0); /* gone already */
	/* A place that was given away is not used again before the table is built anew. */
	assert_int_equal(buckets.used, made.compiled->addr_count + 2);
	close(buckets.fd);
	let_go(&made);
}

/* One address that changes often uses up its places: then all is built anew. */
static void a_full_bucket_says_so(void **state)
{
	struct egret_addr addr = addr_of("20.0.0.9");
	struct egret_target target = {.dest = {.count = 1}};
	struct buckets buckets = {.fd = -1};
	struct policy_of made;
	int rc = 0, changes = 0;

	(void)state;
	close(make(BPF_MAP_TYPE_ARRAY, 4, 4, 1));
	made = compile("set floor = off\nallow 20.0.0.1 tcp:443\n", 1);
	assert_int_equal(buckets_make(made.compiled, keys, &buckets), 0);
	while (!rc && changes++ < 100)
		rc = buckets_set(&buckets, keys, &addr, &target);
	assert_int_equal(rc, -ENOSPC);
	assert_in_range(changes, EGRET_BUCKET_PLACES, EGRET_BUCKET_PLACES * EGRET_BUCKET_PROBES + 1);
	close(buckets.fd);
	let_go(&made);
}

static void a_map_of_another_form_does_not_fit(void **state)
{
	const struct map_shape *shape = &map_shapes[MAP_subject_names];
	int fits = make(BPF_MAP_TYPE_LRU_HASH, shape->key_size, shape->value_size, 4);
	int larger = make(BPF_MAP_TYPE_LRU_HASH, shape->key_size, shape->value_size + 8, 4);

	(void)state;
	assert_true(map_fits(fits, MAP_subject_names));
	assert_false(map_fits(larger, MAP_subject_names));
	assert_false(map_fits(fits, MAP_drops));
	assert_false(map_fits(fits, MAP_rules)); /* whose pin is the array of the slots */
	assert_false(map_fits(-1, MAP_subject_names));
	close(fits);
	close(larger);
}

static void counters_are_summed_over_all_cpus(void **state)
{
	int cpus = libbpf_num_possible_cpus(), fd = make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct egret_counter), 2);
	struct egret_counter *values = calloc((size_t)cpus, sizeof(*values)), sum;
	uint32_t index = 1;

	(void)state;
	assert_non_null(values);
	for (int i = 0; i < cpus; i++)
		values[i] = (struct egret_counter){.packets = 1, .bytes = 10};
	assert_int_equal(bpf_map_update_elem(fd, &index, values, BPF_ANY), 0);
	assert_int_equal(map_sum_over_cpus(fd, index, &sum), 0);
	assert_int_equal(sum.packets, cpus);
	assert_int_equal(sum.bytes, 10 * cpus);
	assert_int_equal(map_sum_over_cpus(fd, 2, &sum), -ENOENT);
	free(values);
	close(fd);
}

struct removing {
	int fd, seen;
};

/* As whoever sweeps: the entry under the walk goes. */
static int remove_it(void *context, const void *key)
{
	struct removing *removing = context;

	removing->seen++;
	return bpf_map_delete_elem(removing->fd, key) ? -errno : 0;
}

static int add_before(void *context, const void *key)
{
	struct removing *removing = context;

	(void)key;
	return ++removing->seen < 0;
}

static void a_walk_sees_all_and_ends(void **state)
{
	struct removing removing = {.fd = make(BPF_MAP_TYPE_HASH, 8, 8, 64)};
	uint64_t keys_of[2], value = 0;

	(void)state;
	for (uint64_t i = 0; i < 50; i++)
		assert_int_equal(bpf_map_update_elem(removing.fd, &i, &value, BPF_ANY), 0);
	assert_int_equal(map_each_entry(removing.fd, 64, (void *[]){&keys_of[0], &keys_of[1]}, add_before, &removing),
			 0);
	assert_int_equal(removing.seen, 50);
	removing.seen = 0;
	assert_int_equal(map_each_entry(removing.fd, 20, (void *[]){&keys_of[0], &keys_of[1]}, add_before, &removing),
			 0);
	assert_int_equal(removing.seen, 20); /* the bound */
	removing.seen = 0;
	assert_int_equal(map_each_entry(removing.fd, 64, (void *[]){&keys_of[0], &keys_of[1]}, remove_it, &removing),
			 0);
	assert_int_equal(removing.seen, 50);
	assert_int_not_equal(bpf_map_get_next_key(removing.fd, NULL, &value), 0);
	close(removing.fd);
}

/* --- ids of rules --- */

/* A pinned table of one slot, with the values of @count rules. */
static int make_table(const void *values, uint32_t value_size, uint32_t count, uint32_t slot)
{
	int inner = make(BPF_MAP_TYPE_ARRAY, 4, value_size, count), outer;
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = inner);

	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(bpf_map_update_elem(inner, &i, (const char *)values + i * value_size, BPF_ANY), 0);
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "egret_unit", 4, 4, EGRET_POLICY_SLOTS, &options);
	assert_true(outer >= 0);
	assert_int_equal(bpf_map_update_elem(outer, &slot, &inner, BPF_ANY), 0);
	close(inner);
	return outer;
}

/* An instance that is ruled by the policy of the text. */
static struct kernel *ruled_by(const char *text, struct egret_config *config)
{
	struct policy_of made = compile(text, config->generation);
	struct kernel *kernel = handle_new("unit");
	uint32_t slot = config->generation & (EGRET_POLICY_SLOTS - 1), count = made.compiled->rule_limit;

	assert_non_null(kernel);
	kernel->config = config;
	kernel->maps[MAP_texts] = make_table(made.compiled->texts, sizeof(struct egret_rule_text), count, slot);
	kernel->maps[MAP_rules] = make_table(made.compiled->rules, sizeof(struct egret_rule), count, slot);
	let_go(&made);
	return kernel;
}

static void close_kernel(struct kernel *kernel)
{
	kernel->config = NULL; /* not mapped */
	handle_free(kernel);
}

#define OLD_RULES "set floor = off\nallow a.example tcp:1\nallow b.example tcp:2\nallow c.example tcp:3\n"

/* The policy of the text, to rule after the one that rules. */
static struct policy_of compile_next(const struct kernel *kernel, const char *text)
{
	struct rules_before before;
	struct policy_of made;

	assert_int_equal(kernel_read_rules(kernel, &before), 0);
	made = compile_behind(&before, text, kernel->config->generation + 1);
	kernel_free_rules(&before);
	return made;
}

static bool is_kept(const struct compiled *compiled, size_t rule)
{
	return compiled->kept[compiled->ids[rule] - EGRET_RULE_FIRST];
}

static uint32_t born(const struct compiled *compiled, size_t rule)
{
	return compiled->rules[compiled->ids[rule] - EGRET_RULE_FIRST].born;
}

static void rules_that_stay_keep_their_ids(void **state)
{
	struct egret_config config = {.generation = 4};
	const struct compiled *compiled;
	struct kernel *kernel;
	struct policy_of made;

	(void)state;
	close(make(BPF_MAP_TYPE_ARRAY, 4, 4, 1));
	kernel = ruled_by(OLD_RULES, &config);
	made = compile_next(kernel,
			    "set floor = off\nallow new.example tcp:9\nallow c.example tcp:3\nallow a.example tcp:1\n");
	compiled = made.compiled;
	assert_int_equal(compiled->rule_count, 3);
	assert_int_equal(compiled->ids[1], EGRET_RULE_FIRST + 2);
	assert_int_equal(compiled->ids[2], EGRET_RULE_FIRST + 0);
	assert_true(is_kept(compiled, 1) && is_kept(compiled, 2));
	assert_int_equal(born(compiled, 1), 4);
	/* A new one gets an id that nobody has, not that of the rule which goes: connections have that one. */
	assert_int_equal(compiled->ids[0], EGRET_RULE_FIRST + 3);
	assert_false(is_kept(compiled, 0));
	assert_int_equal(born(compiled, 0), 5);
	assert_int_equal(compiled->rule_limit, 4);
	assert_string_equal(compiled->texts[3].text, "allow new.example tcp:9");
	assert_string_equal(compiled->texts[1].text, "");
	let_go(&made);
	close_kernel(kernel);
}

/* What a rule says is its text, its file and what its variables stand for. */
static void a_rule_that_says_something_else_is_another(void **state)
{
	struct egret_config config = {.generation = 4};
	struct kernel *kernel;
	struct policy_of made;

	(void)state;
	close(make(BPF_MAP_TYPE_ARRAY, 4, 4, 1));
	kernel = ruled_by("set floor = off\nset x = a.example\nallow ${x} tcp:1\nallow b.example tcp:2\n"
			  "allow b.example tcp:2\n",
			  &config);
	made = compile_next(kernel, "set floor = off\nset x = other.example\nallow ${x} tcp:1\nallow b.example tcp:2\n"
				    "allow b.example tcp:2\n");
	assert_false(is_kept(made.compiled, 0));
	assert_true(is_kept(made.compiled, 1) && is_kept(made.compiled, 2));
	/* Of two that say the same, the first is the first. */
	assert_int_equal(made.compiled->ids[1], EGRET_RULE_FIRST + 1);
	assert_int_equal(made.compiled->ids[2], EGRET_RULE_FIRST + 2);
	let_go(&made);
	close_kernel(kernel);
}

static void a_first_policy_has_its_own_ids(void **state)
{
	struct egret_config config = {.generation = 0};
	struct kernel *kernel;
	struct policy_of made;

	(void)state;
	close(make(BPF_MAP_TYPE_ARRAY, 4, 4, 1));
	config.generation = 1; /* the tables stand in the other slot: none rules */
	kernel = ruled_by(OLD_RULES, &config);
	config.generation = 2;
	made = compile_next(kernel, OLD_RULES);
	for (uint32_t i = 0; i < made.compiled->rule_count; i++) {
		assert_int_equal(made.compiled->ids[i], EGRET_RULE_FIRST + i);
		assert_false(is_kept(made.compiled, i));
	}
	let_go(&made);
	close_kernel(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_is_found_changed_and_gone),
	    cmocka_unit_test(a_full_bucket_says_so),
	    cmocka_unit_test(a_map_of_another_form_does_not_fit),
	    cmocka_unit_test(counters_are_summed_over_all_cpus),
	    cmocka_unit_test(a_walk_sees_all_and_ends),
	    cmocka_unit_test(rules_that_stay_keep_their_ids),
	    cmocka_unit_test(a_rule_that_says_something_else_is_another),
	    cmocka_unit_test(a_first_policy_has_its_own_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
