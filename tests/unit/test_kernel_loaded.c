// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loaded instance that is attached to nothing: what its owner writes, and what readers then see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/addr.h"
#include "compile/compile.h"
#include "egret_decide.h"
#include "kernel/kernel.h"
#include "kernel/name_key.h"
#include "kernel/pins.h"

static struct kernel *owner; /* NULL: nothing can be loaded here */
static char instance[32];

static int load(void **state)
{
	struct error error;
	int rc;

	(void)state;
	snprintf(instance, sizeof(instance), "unit-%d", getpid());
	rc = kernel_supported(&error);
	if (!rc)
		rc = kernel_claim(instance, KERNEL_FRESH, &owner, &error);
	if (!rc)
		rc = kernel_load(owner, -1, &error);
	if (rc) {
		print_message("note: nothing can be loaded here: %s\n", error.text);
		kernel_free(owner);
		owner = NULL;
	}
	return 0;
}

static int unload(void **state)
{
	struct error error;
	int rc = owner ? kernel_take_down(owner, &error) : 0;

	(void)state;
	kernel_free(owner);
	return rc || kernel_is_there(instance);
}

static const struct kernel *reader(void)
{
	const struct kernel *kernel;
	struct error error;

	if (!owner)
		skip();
	assert_int_equal(kernel_open(instance, &kernel, &error), 0);
	return kernel;
}

static void put(const char *text)
{
	struct compile_input input = {.generation = kernel_next_generation(owner)};
	struct compiled *compiled;
	struct policy *policy;
	struct diag diag = {0};
	struct error error;

	assert_int_equal(policy_load_text("t.rules", text, strlen(text), NULL, &policy, &diag), 0);
	input.policy = policy;
	assert_int_equal(kernel_read_rules(owner, &input.before), 0);
	assert_int_equal(compile_policy(&input, &compiled, &diag), 0);
	kernel_free_rules(&input.before);
	assert_int_equal(kernel_load_policy(owner, compiled, false, NULL, &error), 0);
	diag_clear(&diag);
	compiled_free(compiled);
	policy_free(policy);
}

static int note_rule(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	char *all = context;

	snprintf(all + strlen(all), 256 - strlen(all), "%u %s|", rule - EGRET_RULE_FIRST, text->text);
	return 0;
}

static int note_name(void *context, uint32_t index, const struct egret_name *name)
{
	char *all = context;

	(void)index;
	snprintf(all + strlen(all), 256 - strlen(all), "%s|", name->name);
	return 0;
}

static bool allows(const struct kernel *kernel, const char *addr, uint16_t port)
{
	struct kernel_packet packet = {.l4_proto = IPPROTO_TCP, .port = port, .audience = EGRET_AUDIENCE_HOST};
	struct judgement judgement;

	addr_parse(addr, &packet.addr);
	assert_int_equal(kernel_decide(kernel, &packet, &judgement), 0);
	return judgement.allow;
}

static void a_policy_is_read_as_it_was_put(void **state)
{
	const struct kernel *kernel = reader();
	char rules[256] = "", names[256] = "";

	(void)state;
	put("set floor = off\nallow 20.0.0.1 tcp:443\ndeny 20.1.0.0/16\nallow a.example tcp:1\nallow 20.0.0.0/8 "
	    "tcp:80\n");
	assert_int_equal(kernel_each_rule(kernel, note_rule, rules), 0);
	assert_string_equal(rules, "0 allow 20.0.0.1 tcp:443|1 deny 20.1.0.0/16|2 allow a.example tcp:1|"
				   "3 allow 20.0.0.0/8 tcp:80|");
	assert_int_equal(kernel_each_name(kernel, note_name, names), 0);
	assert_string_equal(names, "a.example|");
	assert_true(allows(kernel, "20.0.0.1", 443));
	assert_true(allows(kernel, "20.0.0.1", 80));
	assert_false(allows(kernel, "20.0.0.2", 443));
	assert_false(allows(kernel, "20.1.0.1", 80));
	/* Another one: what stays keeps its id, and what went is gone. */
	put("set floor = off\nallow 20.0.0.3 tcp:443\nallow 20.0.0.0/8 tcp:80\n");
	*rules = '\0';
	assert_int_equal(kernel_each_rule(kernel, note_rule, rules), 0);
	assert_string_equal(rules, "4 allow 20.0.0.3 tcp:443|3 allow 20.0.0.0/8 tcp:80|");
	assert_false(allows(kernel, "20.0.0.1", 443));
	assert_true(allows(kernel, "20.1.0.1", 80));
	kernel_close(kernel);
}

static void settings_and_notes_are_read_as_they_were_written(void **state)
{
	const struct kernel *kernel = reader();
	struct egret_subject_name subject = {.path = "/a\tb"}, read_subject;
	struct egret_hit hit = {.packets = 3}, read_hit;
	struct egret_counter count;

	(void)state;
	put("set floor = off\nset min_ttl = 60\nset max_ttl = 3600\nset on_stale_agent = floor\n"
	    "set stale_after = 30\nset layers = audit\nset unlooked = deny\nallow 20.0.0.1 tcp:443\n");
	kernel_set_audit(owner, true);
	assert_true(kernel_settings(kernel)->audit);
	assert_int_equal(kernel_settings(kernel)->min_ttl_sec, 60);
	assert_int_equal(kernel_settings(kernel)->max_ttl_sec, 3600);
	assert_int_equal(kernel_settings(kernel)->layers, EGRET_LAYERS_AUDIT);
	assert_int_equal(kernel_settings(kernel)->deny_unlooked, 1);
	assert_in_range(kernel_settings(kernel)->stale_ticks, 30 * 100, 30 * 1000); /* CONFIG_HZ is 100 to 1000 */
	kernel_set_audit(owner, false);
	assert_false(kernel_settings(kernel)->audit);
	kernel_note_alive(owner);
	/* Its time begins anew: a tenth of it cannot have gone since. */
	assert_in_range(kernel_tick_now() - kernel_config(kernel)->alive_tick, 0,
			kernel_settings(kernel)->stale_ticks / 10);
	/* Each policy brings all of its settings, and leaves none to the next one. */
	put("set floor = off\nallow 20.0.0.1 tcp:443\n");
	assert_int_equal(kernel_settings(kernel)->stale_ticks, 0);
	assert_int_equal(kernel_settings(kernel)->layers, EGRET_LAYERS_ENFORCE);
	assert_int_equal(kernel_settings(kernel)->deny_unlooked, 0);

	/* Who has no subject is told nothing. */
	assert_int_equal(kernel_set_audience(owner, 77, kernel_config(kernel)->generation, EGRET_AUDIENCE_POD), 0);
	assert_int_equal(kernel_get_audience(kernel, 77), EGRET_AUDIENCE_UNKNOWN);
	assert_int_equal(kernel_make_subject(owner, 77, &(struct egret_subject){}), 0);
	assert_int_equal(kernel_get_audience(kernel, 77), EGRET_AUDIENCE_UNKNOWN);
	assert_int_equal(kernel_set_audience(owner, 77, kernel_config(kernel)->generation, EGRET_AUDIENCE_POD), 0);
	assert_int_equal(kernel_get_audience(kernel, 77), EGRET_AUDIENCE_POD);
	kernel_forget_subject(owner, 77);
	assert_int_equal(kernel_get_audience(kernel, 77), EGRET_AUDIENCE_UNKNOWN);

	assert_int_equal(kernel_set_subject_name(owner, 77, &subject), 0);
	assert_int_equal(kernel_get_subject_name(kernel, 77, &read_subject), 0);
	assert_null(strchr(read_subject.path, '\t')); /* texts are made printable */
	assert_int_equal(kernel_set_hit(owner, EGRET_RULE_FIRST, &hit), 0);
	assert_int_equal(kernel_get_hit(kernel, EGRET_RULE_FIRST, &read_hit), 0);
	assert_int_equal(read_hit.packets, 3);
	kernel_count_lesson(owner, EGRET_LESSON_ASKED_ANEW);
	kernel_count_lesson(owner, EGRET_LESSON_ASKED_ANEW);
	assert_int_equal(kernel_get_lesson(kernel, EGRET_LESSON_ASKED_ANEW, &count), 0);
	assert_int_equal(count.packets, 2);
	kernel_close(kernel);
}

static int count_lesson(void *context, const struct kernel_lesson *lesson)
{
	struct kernel_lesson *ret = context;

	assert_false(ret->name);
	*ret = *lesson;
	return 0;
}

/* The agent's lesson goes through a program (bpf/teach_run.h), which knows names that were asked for. */
static void what_the_agent_teaches_is_learned(void **state)
{
	const struct kernel *kernel = reader();
	struct egret_wanted wanted = {.scope = 5, .owner = 6, .text = "x.y.example"};
	struct kernel_lesson found = {};
	struct egret_addr addr;
	struct egret_meta meta;

	(void)state;
	assert_int_equal(kernel_get_meta(kernel, &meta), 0);
	wanted.name = name_key(wanted.text, meta.hash_keys);
	put("set floor = off\nset min_ttl = 60\nresolver 20.0.0.53\nallow *.y.example tcp:443\n");
	addr_parse("20.0.0.9", &addr);
	assert_int_equal(kernel_teach(owner, &wanted, &addr, 7), 0);
	assert_int_equal(kernel_each_lesson(kernel, count_lesson, &found), 0);
	assert_int_equal(found.name, wanted.name);
	assert_int_equal(found.scope, 5);
	assert_int_equal(found.owner, 6);
	assert_true(found.policy_name && found.brings_in);
	assert_in_range(found.left_sec, 58, 61);
	kernel_close(kernel);
}

static void the_maps_are_listed_with_what_is_in_them(void **state)
{
	const struct kernel *kernel = reader();
	struct kernel_map_fill fills[KERNEL_MAP_FILLS];
	size_t count = kernel_map_fill(kernel, fills);
	bool has_addrs = false, has_config = false;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		has_addrs |=
		    !strcmp(fills[i].name, "addrs") && fills[i].sized_to_policy && fills[i].counted && fills[i].entries;
		has_config |= !strcmp(fills[i].name, "config") && !fills[i].counted;
	}
	assert_true(has_addrs);
	assert_true(has_config);
	assert_true(kernel_is_pinned_here(kernel));
	assert_int_equal(kernel_clear_drops(kernel), 0);
	kernel_close(kernel);
}

/* What docs, manifest and status say of it: 2 KiB. */
static void what_a_socket_holds_is_bounded(void **state)
{
	const struct kernel *kernel = reader();
	struct kernel_socket_memory memory;

	(void)state;
	kernel_socket_memory(kernel, &memory);
	assert_in_range(memory.each_bytes, 1536, 2048);
	assert_in_range(memory.shared_bytes, 1 << 20, 16 << 20);
	kernel_close(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_policy_is_read_as_it_was_put),
	    cmocka_unit_test(settings_and_notes_are_read_as_they_were_written),
	    cmocka_unit_test(what_the_agent_teaches_is_learned),
	    cmocka_unit_test(the_maps_are_listed_with_what_is_in_them),
	    cmocka_unit_test(what_a_socket_holds_is_bounded),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
