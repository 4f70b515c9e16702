// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which rule comes nearest to what was denied. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "compile/near.h"
#include "egret_subject.h"

static const char rules[] = "resolver 10.0.0.10\n"
			    "allow pay.contoso.example     https:443 tcp:5432\n"
			    "allow pay.contoso.example     tcp:443,5432,6000-6010 for host\n"
			    "allow *.cdn.contoso.example   https:443\n"
			    "allow registry.example        udp:53\n"
			    "allow 40.1.7.9                tcp:443\n"
			    "allow 2603:1000::1:1          tcp:22\n"
			    "allow 169.254.169.254         tcp:80  for host\n"
			    "deny  20.9.0.1\n"
			    "audit allow tried.example tcp:9999\n";

struct bed {
	struct policy *policy;
	struct compiled *compiled;
};

static struct bed bed;

static int begin(void **state)
{
	struct diag diag = {};
	struct compile_input input = {.generation = 1};

	(void)state;
	assert_int_equal(policy_load_text("t.rules", rules, strlen(rules), NULL, &bed.policy, &diag), 0);
	input.policy = bed.policy;
	assert_int_equal(compile_policy(&input, &bed.compiled, &diag), 0);
	diag_clear(&diag);
	return 0;
}

static int end(void **state)
{
	(void)state;
	compiled_free(bed.compiled);
	policy_free(bed.policy);
	return 0;
}

static struct near_packet to(const char *name, uint16_t port)
{
	return (struct near_packet){
	    .name = name, .policy_name = "", .l4_proto = IPPROTO_TCP, .port = port, .audience = EGRET_AUDIENCE_POD};
}

static void ports_of_all_rules_that_are_for_it(void **state)
{
	struct near_packet packet = to("pay.contoso.example", 8443);
	struct near_rule near;

	(void)state;
	assert_true(near_by_port(bed.compiled, &packet, &near));
	assert_int_equal(near.rule->line, 2);
	assert_string_equal(near.allows, "https:443 tcp:5432");
	packet.audience = EGRET_AUDIENCE_HOST;
	assert_true(near_by_port(bed.compiled, &packet, &near));
	assert_string_equal(near.allows, "https:443 tcp:5432,443,6000-6010");
	/* By the policy's own name, which may be a pattern. */
	packet = to("", 80);
	packet.policy_name = "*.cdn.contoso.example";
	assert_true(near_by_port(bed.compiled, &packet, &near));
	assert_int_equal(near.rule->line, 4);
	packet = to("other.example", 80);
	assert_false(near_by_port(bed.compiled, &packet, &near));
	assert_false(near_by_port_of_others(bed.compiled, &packet, &near));
}

static void whom_a_rule_is_for(void **state)
{
	struct near_packet packet = to("", 80);
	struct near_rule near;
	struct egret_addr addr;

	(void)state;
	assert_int_equal(addr_parse("169.254.169.254", &addr), 0);
	packet.addr = &addr;
	assert_true(near_by_class(bed.compiled, &packet, &near));
	assert_int_equal(near.rule->line, 8);
	assert_string_equal(near.allows, "for host");
	packet.port = 81;
	assert_false(near_by_class(bed.compiled, &packet, &near));
	assert_false(near_by_port(bed.compiled, &packet, &near));
	assert_true(near_by_port_of_others(bed.compiled, &packet, &near));
	assert_int_equal(near.rule->line, 8);
	assert_string_equal(near.allows, "tcp:80 for host");
}

static void a_rule_that_would_allow_it(void **state)
{
	struct near_packet packet = to("a.cdn.contoso.example", 443);
	struct near_rule near;

	(void)state;
	assert_true(near_by_time(bed.compiled, &packet, &near));
	assert_int_equal(near.rule->line, 4);
	packet.port = 80;
	assert_false(near_by_time(bed.compiled, &packet, &near));
}

static void names_that_are_really_near(void **state)
{
	static const struct {
		const char *name;
		unsigned int line; /* 0 = none */
	} cases[] = {
	    {"cdn.contoso.example", 4}, /* *.x never takes x */
	    {"pya.contoso.example", 2},
	    {"www.pay.contoso.example", 2},
	    {"contoso.example", 2},
	    {"shop.contoso.example", 2}, /* of the same domain */
	    {"a.cdn.contosso.example", 4},
	    {"registyr.example", 5},
	    {"regostry.exampel", 0},
	    {"paste.elsewhere.example", 0},
	    {"example", 0},
	    {"co.uk", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct near_packet packet = to(cases[i].name, 443);
		struct near_rule near = {};
		bool found = near_by_name(bed.compiled, &packet, &near);

		if (found != !!cases[i].line || (found && near.rule->line != cases[i].line))
			fail_msg("%s: line %u", cases[i].name, found ? near.rule->line : 0);
	}
}

static void addresses_beside_it(void **state)
{
	static const struct {
		const char *address;
		unsigned int line;
	} cases[] = {
	    {"40.1.7.200", 6}, {"40.1.8.9", 0}, {"2603:1000::9:9", 7}, {"2603:1000:0:1::1", 0}, {"20.9.0.2", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct near_packet packet = to("", 443);
		struct near_rule near = {};
		struct egret_addr addr;
		bool found;

		assert_int_equal(addr_parse(cases[i].address, &addr), 0);
		packet.addr = &addr;
		found = near_by_address(bed.compiled, &packet, &near);
		if (found != !!cases[i].line || (found && near.rule->line != cases[i].line))
			fail_msg("%s: line %u", cases[i].address, found ? near.rule->line : 0);
	}
}

/* An address without a name may be a name's where a rule with one allows the port; `audit` lines allow nothing. */
static void what_rules_with_names_allow(void **state)
{
	struct near_packet packet = to("", 5432);
	struct near_rule near;

	(void)state;
	assert_true(near_has_name(bed.compiled, "a.cdn.contoso.example"));
	assert_false(near_has_name(bed.compiled, "tried.example"));
	assert_true(near_may_be_named(bed.compiled, &packet));
	packet.port = 6000;
	assert_false(near_may_be_named(bed.compiled, &packet)); /* for host only */
	packet.port = 22;
	assert_false(near_may_be_named(bed.compiled, &packet)); /* of an address only */
	packet = to("tried.example", 9999);
	assert_false(near_may_be_named(bed.compiled, &packet));
	assert_false(near_by_time(bed.compiled, &packet, &near));
	assert_false(near_by_port(bed.compiled, &packet, &near));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(ports_of_all_rules_that_are_for_it, begin, end),
	    cmocka_unit_test_setup_teardown(whom_a_rule_is_for, begin, end),
	    cmocka_unit_test_setup_teardown(a_rule_that_would_allow_it, begin, end),
	    cmocka_unit_test_setup_teardown(names_that_are_really_near, begin, end),
	    cmocka_unit_test_setup_teardown(addresses_beside_it, begin, end),
	    cmocka_unit_test_setup_teardown(what_rules_with_names_allow, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
