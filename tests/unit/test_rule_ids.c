// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ids that rules have from the policy before change nothing of what a policy says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "egret_limits.h"
#include "egret_reasons.h"
#include "model/random.h"

#define POLICIES    500
#define BORN_BEFORE 3
#define GENERATION  7
#define GONE        "allow gone.example tcp:1"

/* What the policy before left: rules of this one, and rules that went. */
struct left {
	struct egret_rule_text *texts;
	struct egret_rule *rules;
	size_t count;
};

static struct compiled *compile(const struct policy *policy, const struct name_addrs *names, size_t name_count,
				const struct left *left, struct diag *diag)
{
	struct compile_input input = {
	    .policy = policy, .names = names, .name_count = name_count, .generation = GENERATION};
	struct compiled *compiled;

	if (left)
		input.before = (struct rules_before){left->texts, left->rules, left->count};
	assert_int_equal(compile_policy(&input, &compiled, diag), 0);
	return compiled;
}

/* The same rules in another order, with ids between them that no rule has, and some under another text. */
static struct left shuffle(const struct compiled *plain)
{
	struct left left = {.count = 2 * plain->rule_count + 1};

	left.texts = calloc(left.count, sizeof(*left.texts));
	left.rules = calloc(left.count, sizeof(*left.rules));
	assert_true(left.texts && left.rules);
	for (size_t i = 0; i < plain->rule_count; i++) {
		size_t at = 2 * (plain->rule_count - 1 - i);

		left.texts[at] = plain->texts[i];
		left.rules[at].born = BORN_BEFORE;
		if (!random_below(4))
			strcpy(left.texts[at].text, GONE);
	}
	return left;
}

static void compare_dest(const struct egret_dest *plain, const struct egret_dest *kept)
{
	assert_memory_equal(plain, kept, sizeof(*plain));
}

static void compare_lists(const struct compiled *plain, const struct compiled *kept)
{
	assert_int_equal(plain->port_count, kept->port_count);
	for (size_t i = 0; i < plain->port_count; i++) {
		struct egret_port wanted = plain->ports[i];

		wanted.rule = kept->ids[wanted.rule - EGRET_RULE_FIRST];
		assert_memory_equal(&wanted, &kept->ports[i], sizeof(wanted));
	}
	assert_int_equal(plain->addr_count, kept->addr_count);
	for (size_t i = 0; i < plain->addr_count; i++)
		compare_dest(&plain->addrs[i].dest, &kept->addrs[i].dest);
	assert_int_equal(plain->cidr_count, kept->cidr_count);
	for (size_t i = 0; i < plain->cidr_count; i++)
		compare_dest(&plain->cidrs[i].dest, &kept->cidrs[i].dest);
	for (size_t i = 0; i < plain->name_count; i++)
		compare_dest(&plain->name_dests[i], &kept->name_dests[i]);
}

/* Its own ports and text stand at its id; the id is its own from before, or one that nobody had. */
static void compare_rule(const struct compiled *plain, const struct compiled *kept, const struct left *left, size_t i)
{
	size_t at = kept->ids[i] - EGRET_RULE_FIRST;

	assert_true(at < kept->rule_limit);
	assert_memory_equal(&plain->texts[i], &kept->texts[at], sizeof(plain->texts[i]));
	assert_int_equal(plain->rules[i].first, kept->rules[at].first);
	assert_int_equal(plain->rules[i].count, kept->rules[at].count);
	assert_int_equal(plain->rules[i].flags, kept->rules[at].flags);
	assert_int_equal(kept->rules[at].born, kept->kept[at] ? BORN_BEFORE : GENERATION);
	if (kept->kept[at])
		assert_string_equal(left->texts[at].text, plain->texts[i].text);
	else
		assert_true(at >= left->count || !left->texts[at].text[0]);
}

/* What did not go is kept, all of it. */
static void compare_kept(const struct compiled *kept, const struct left *left)
{
	for (size_t at = 0; at < left->count; at++)
		assert_int_equal(kept->kept[at], left->texts[at].text[0] && strcmp(left->texts[at].text, GONE) != 0);
}

static void compare_findings(const struct diag *plain, const struct diag *kept)
{
	assert_int_equal(plain->count, kept->count);
	for (size_t i = 0; i < plain->count; i++) {
		assert_string_equal(plain->entries[i].text, kept->entries[i].text);
		assert_int_equal(plain->entries[i].line, kept->entries[i].line);
	}
}

static void compare(const struct policy *policy, const struct name_addrs *names, size_t name_count)
{
	struct diag said = {0}, said_kept = {0};
	struct compiled *plain = compile(policy, names, name_count, NULL, &said);
	struct left left = shuffle(plain);
	struct compiled *kept = compile(policy, names, name_count, &left, &said_kept);

	assert_int_equal(plain->rule_count, kept->rule_count);
	for (size_t i = 0; i < plain->rule_count; i++)
		compare_rule(plain, kept, &left, i);
	compare_kept(kept, &left);
	compare_lists(plain, kept);
	compare_findings(&said, &said_kept);
	diag_clear(&said);
	diag_clear(&said_kept);
	compiled_free(plain);
	compiled_free(kept);
	free(left.texts);
	free(left.rules);
}

static void ids_from_before_change_no_list(void **state)
{
	struct name_addrs addrs[RANDOM_MAX_NAMES];
	struct random_names names;
	char text[2048], names_text[1024];

	(void)state;
	random_start("ids from before", POLICIES);
	for (int i = 0; i < POLICIES; i++) {
		struct policy *policy;
		struct diag diag = {0};

		random_policy(text, sizeof(text));
		random_names(names_text, sizeof(names_text));
		assert_int_equal(random_names_parse(&names, names_text), 0);
		assert_int_equal(policy_load_text("t.rules", text, strlen(text), NULL, &policy, &diag), 0);
		for (size_t n = 0; n < names.count; n++)
			addrs[n] = (struct name_addrs){names.names[n].name, names.names[n].addrs, names.names[n].count};
		compare(policy, addrs, names.count);
		diag_clear(&diag);
		policy_free(policy);
	}
}

/* As many rules as there are ids: what no new rule may have otherwise is taken, last of all. */
static void ids_of_rules_that_went_are_taken_last(void **state)
{
	static const char text[] = "set floor = off\nallow new.example tcp:1\nallow newer.example tcp:1\n";
	struct left left = {.count = EGRET_MAX_RULES};
	struct compiled *compiled;
	struct policy *policy;
	struct diag diag = {0};

	(void)state;
	left.texts = calloc(left.count, sizeof(*left.texts));
	left.rules = calloc(left.count, sizeof(*left.rules));
	assert_true(left.texts && left.rules);
	for (size_t i = 0; i < left.count; i++)
		strcpy(left.texts[i].text, i == 5 ? "" : GONE);
	assert_int_equal(policy_load_text("t.rules", text, strlen(text), NULL, &policy, &diag), 0);
	compiled = compile(policy, NULL, 0, &left, &diag);
	assert_int_equal(compiled->ids[0], EGRET_RULE_FIRST + 5);
	assert_int_equal(compiled->ids[1], EGRET_RULE_FIRST + 0);
	assert_false(compiled->kept[0] || compiled->kept[5]);
	compiled_free(compiled);
	policy_free(policy);
	diag_clear(&diag);
	free(left.texts);
	free(left.rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_from_before_change_no_list),
	    cmocka_unit_test(ids_of_rules_that_went_are_taken_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
