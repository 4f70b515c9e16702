// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent's names and their addresses, and what it tells of those that have none. */
#include "said.h"

#include "agent/addresses.h"
#include "agent/progress.h"
#include "agent/unresolved.h"
#include "base/clock.h"

static struct egret_addr addr(const char *text)
{
	struct egret_addr ret;

	assert_int_equal(addr_parse(text, &ret), 0);
	return ret;
}

/* --- which names have an address --- */

/* "20.0.0.1: a b; 20.0.0.2:; " in the order of the calls. */
static int note_change(void *context, const struct egret_addr *changed, const char *const *names, size_t count)
{
	char address[ADDR_TEXT_SIZE], *text = context;

	strcat(strcat(text, addr_format(changed, address)), ":");
	for (size_t i = 0; i < count; i++)
		strcat(strcat(text, " "), names[i]);
	strcat(text, "; ");
	return 0;
}

static void assert_changes(struct addresses *addresses, const char *name, const struct egret_addr *addrs, size_t count,
			   const char *changes)
{
	char text[512] = "";

	assert_int_equal(addresses_set(addresses, name, addrs, count, note_change, text), 0);
	assert_string_equal(text, changes);
}

/* A CDN has one address for many names. */
static void an_address_is_gone_when_its_last_name_lets_it_go(void **state)
{
	struct addresses *addresses = addresses_new();
	const struct egret_addr both[] = {addr("20.0.0.1"), addr("20.0.0.2")};

	(void)state;
	assert_changes(addresses, "b.example", both, 2, "20.0.0.1: b.example; 20.0.0.2: b.example; ");
	assert_changes(addresses, "a.example", both, 1, "20.0.0.1: a.example b.example; ");
	assert_changes(addresses, "a.example", both, 1, ""); /* nothing changed, so nothing is written */
	assert_int_equal(addresses_count(addresses), 2);
	assert_changes(addresses, "b.example", NULL, 0, "20.0.0.1: a.example; 20.0.0.2:; ");
	assert_int_equal(addresses_count(addresses), 1);
	assert_changes(addresses, "a.example", NULL, 0, "20.0.0.1:; ");
	assert_int_equal(addresses_count(addresses), 0);
	addresses_free(addresses);
}

/* Else a connection that is made just then is denied. */
static void new_addresses_come_before_old_ones_go(void **state)
{
	struct addresses *addresses = addresses_new();
	const struct egret_addr old[] = {addr("20.0.0.1"), addr("20.0.0.5")},
				new[] = {addr("20.0.0.5"), addr("20.0.0.9")};

	(void)state;
	assert_changes(addresses, "a.example", old, 2, "20.0.0.1: a.example; 20.0.0.5: a.example; ");
	assert_changes(addresses, "a.example", new, 2, "20.0.0.9: a.example; 20.0.0.1:; ");
	addresses_free(addresses);
}

static int refuse(void *context, const struct egret_addr *changed, const char *const *names, size_t count)
{
	(void)context;
	(void)changed;
	(void)names;
	(void)count;
	return -E2BIG;
}

/* The kernel's tables are full: the agent must know, and build them anew. */
static void a_change_that_cannot_be_written_is_told(void **state)
{
	struct addresses *addresses = addresses_new();
	const struct egret_addr one = addr("20.0.0.1");
	struct name_addrs *list;
	size_t count;

	(void)state;
	assert_int_equal(addresses_set(addresses, "a.example", &one, 1, refuse, NULL), -E2BIG);
	/* What is built anew has it. */
	assert_int_equal(addresses_list(addresses, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "a.example");
	assert_int_equal(list[0].count, 1);
	free(list);
	addresses_free(addresses);
}

/* --- those without an address --- */

struct start {
	const char *server;
	unsigned int names;
	bool process, recall, remember, deny;
};

static void ignore(void *context, const struct resolver_name *name, bool changed)
{
	(void)context;
	(void)name;
	(void)changed;
}

static void ask_until_answered(struct resolver *resolver)
{
	uint64_t deadline = clock_now_ns() + 20 * CLOCK_NS_PER_SEC;

	while (resolver_pending(resolver) && clock_now_ns() < deadline) {
		struct pollfd fds[64];
		int timeout;
		size_t count = resolver_poll(resolver, fds, 64, &timeout);

		poll(fds, count, timeout >= 0 && timeout < 100 ? timeout : 100);
		resolver_process(resolver, fds, count);
	}
}

/* @server: nobody listens there, so the kernel says at once that it is refused. */
static void report_unresolved(void *context)
{
	const struct start *start = context;
	const struct zoned_addr server = {.addr = addr(start->server)};
	const struct egret_addr from_disk = addr("20.0.0.1");
	struct resolver_options options = {
	    .servers = &server, .server_count = 1, .port = 9, .tries = 1, .timeout_ms = 500};
	struct policy_dest dest = {.kind = POLICY_DEST_NAME, .name = "a.example"};
	struct policy_rule rule = {.action = start->deny ? EGRET_DENY : EGRET_ALLOW, .dests = &dest, .dest_count = 1};
	const struct policy policy = {.rules = &rule, .rule_count = 1};
	struct progress progress;
	struct resolver *resolver;
	char name[32];

	assert_int_equal(resolver_new(&options, ignore, NULL, &resolver), 0);
	for (unsigned int i = 0; i < start->names; i++) {
		snprintf(name, sizeof(name), "%c.example", 'a' + (int)i);
		resolver_add(resolver, name);
	}
	if (start->process)
		ask_until_answered(resolver);
	if (start->recall)
		resolver_recall(resolver, "a.example", &from_disk, 1, 1);
	if (start->remember)
		resolver_remember(resolver, "a.example", &from_disk, 0, 1);
	progress_start(&progress, false);
	unresolved_report(resolver, &policy, 1, &progress);
	resolver_free(resolver);
}

static void each_reason_is_told_once(void **state)
{
	struct said said;

	(void)state;
	said_by(report_unresolved, &(struct start){.server = "127.0.0.1", .names = 1}, &said);
	assert_says_all(&said, "egret: resolved 0 of 1 names to 1 addresses\n"
			       "egret: a.example: not resolved yet; until it is resolved, its rules allow only what "
			       "DNS answers bring in\n");
	said_by(report_unresolved, &(struct start){.server = "127.0.0.1", .names = 3}, &said);
	assert_says(&said, "\negret: 3 names: not resolved yet; until it is resolved, its rules allow only what DNS "
			   "answers bring in (");
	assert_says_not(&said, "more");
	said_by(report_unresolved, &(struct start){.server = "127.0.0.1", .names = 14}, &said);
	assert_says(&said, "egret: resolved 0 of 14 names to 1 addresses\negret: 14 names: not resolved yet; until "
			   "it is resolved, its rules allow only what DNS answers bring in (");
	assert_says(&said, " and 11 more)\n");
}

static void the_resolvers_own_words_are_told(void **state)
{
	struct said said;

	(void)state;
	said_by(report_unresolved, &(struct start){.server = "127.0.0.1", .names = 2, .process = true}, &said);
	assert_says(&said, "egret: 2 names: ");
	assert_says(&said, "; until it is resolved, its rules allow only what DNS answers bring in (");
}

static void names_from_disk_are_told_apart(void **state)
{
	struct said said;

	(void)state;
	said_by(report_unresolved, &(struct start){.server = "127.0.0.1", .names = 2, .recall = true}, &said);
	assert_says(&said, "egret: a.example: not resolved yet; it has the addresses from disk until it is resolved\n");
	assert_says(&said, "egret: b.example: not resolved yet; until it is resolved, its rules allow only what DNS "
			   "answers bring in\n");
}

static void names_that_the_agent_before_left_are_told_apart(void **state)
{
	struct said said;

	(void)state;
	said_by(report_unresolved, &(struct start){.server = "127.0.0.1", .names = 2, .remember = true}, &said);
	assert_says(&said, "egret: resolved 0 of 2 names to 1 addresses (1 have what was known before)\n");
	assert_says(&said,
		    "egret: a.example: not resolved yet; it keeps the addresses that it had until an answer says "
		    "otherwise\n");
}

static void a_deny_that_is_not_resolved_is_said_to_be_open(void **state)
{
	struct said said;

	(void)state;
	said_by(report_unresolved, &(struct start){.server = "127.0.0.1", .names = 2, .deny = true}, &said);
	assert_says(&said,
		    "egret: a.example: not resolved yet; until it is resolved, its `deny` takes away only what DNS "
		    "answers bring in\n");
	assert_says(&said, "egret: b.example: not resolved yet; until it is resolved, its rules allow only what DNS "
			   "answers bring in\n");
}

/* --- progress --- */

static void make_progress(void *context)
{
	struct progress progress;

	progress_start(&progress, context);
	progress_stage(&progress, "policy");
	progress_stage(&progress, "names");
	progress_say_stages(&progress);
	progress_step(&progress, "resolving", 1, 9); /* too soon after the start to be worth a line */
	progress.last_ns = 0;
	progress_step(&progress, "resolving", 2, 9);
	progress_step(&progress, "resolving", 3, 9);
	progress.last_ns = 0;
	progress_step(&progress, "resolving", 2, 9); /* said already */
	progress_warn(&progress, "%s is wrong", "this");
}

static void quiet_leaves_what_is_wrong(void **state)
{
	struct said said;

	(void)state;
	said_by(make_progress, NULL, &said);
	assert_says(&said, "egret: started in 0.");
	assert_says(&said, " s: policy 0.");
	assert_says(&said, ", names 0.");
	assert_says(&said, "\negret: resolving: 2 of 9\negret: this is wrong\n");
	said_by(make_progress, "quiet", &said);
	assert_says_all(&said, "egret: this is wrong\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_is_gone_when_its_last_name_lets_it_go),
	    cmocka_unit_test(new_addresses_come_before_old_ones_go),
	    cmocka_unit_test(a_change_that_cannot_be_written_is_told),
	    cmocka_unit_test(each_reason_is_told_once),
	    cmocka_unit_test(the_resolvers_own_words_are_told),
	    cmocka_unit_test(names_from_disk_are_told_apart),
	    cmocka_unit_test(names_that_the_agent_before_left_are_told_apart),
	    cmocka_unit_test(a_deny_that_is_not_resolved_is_said_to_be_open),
	    cmocka_unit_test(quiet_leaves_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
