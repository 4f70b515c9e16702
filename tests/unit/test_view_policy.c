// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* check --json: a policy, exactly. */
#include "view.h"

#include "view/policy.h"

static json_t *view_of(const char *text)
{
	struct compile_input input = {.generation = 1};
	struct compiled *compiled = NULL;
	struct policy *policy = NULL;
	struct diag diag = {};
	json_t *view;

	if (policy_load_text("t.rules", text, strlen(text), NULL, &policy, &diag))
		diag_print(&diag, stderr);
	assert_non_null(policy);
	input.policy = policy;
	if (!policy->settings.off)
		assert_int_equal(compile_policy(&input, &compiled, &diag), 0);
	view = view_policy(policy, compiled);
	compiled_free(compiled);
	policy_free(policy);
	diag_clear(&diag);
	return view;
}

static void each_part_of_a_policy_is_there(void **state)
{
	json_t *view = view_of("resolver 10.0.0.10 served by pods\n"
			       "allow a.example,20.0.0.0/8 tcp:443 udp:1-9 for host # the shop\n"
			       "deny *.bad.example for cgroup /a.slice\n"
			       "require a.example tcp:443\n");

	(void)state;
	assert_view(
	    json_deep_copy(json_object_get(view, "rules")),
	    "[{'action': 'allow', 'destinations': ['a.example', '20.0.0.0/8'], 'ports': ['tcp:443', 'udp:1-9'],"
	    "  'private': false, 'audit': false, 'for': 'host', 'floor': false, 'purpose': 'the shop', 'file': "
	    "'t.rules',"
	    "  'line': 2},"
	    " {'action': 'deny', 'destinations': ['*.bad.example'], 'ports': ['any'], 'private': false, 'audit': false,"
	    "  'for': 'cgroup /a.slice', 'floor': false, 'purpose': null, 'file': 't.rules', 'line': 3}]");
	assert_view(json_deep_copy(json_object_get(view, "requires")),
		    "[{'destinations': ['a.example'], 'port': 'tcp:443', 'file': 't.rules', 'line': 4}]");
	assert_view(json_deep_copy(json_object_get(view, "resolvers")), "['10.0.0.10']");
	assert_view(json_deep_copy(json_object_get(view, "resolver_lines")),
		    "[{'resolver': '10.0.0.10', 'served_by': 'pods', 'file': 't.rules', 'line': 1}]");
	assert_string_equal(json_text(json_object_get(view, "settings"), "existing"), "keep");
	assert_string_equal(json_text(view, "mode"), "enforce");
	json_decref(view);
}

static void the_mode_is_what_the_policy_says(void **state)
{
	json_t *view = view_of("set mode = audit\nallow 20.0.0.1 tcp:1\n");

	(void)state;
	assert_string_equal(json_text(view, "mode"), "audit");
	json_decref(view);
	/* It is not compiled. */
	view = view_of("set mode = off\n");
	assert_string_equal(json_text(view, "mode"), "off");
	assert_int_equal(json_array_size(json_object_get(view, "resolvers")), 0);
	json_decref(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_part_of_a_policy_is_there),
	    cmocka_unit_test(the_mode_is_what_the_policy_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
