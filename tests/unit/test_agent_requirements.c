// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What must answer, tried on this machine's own sockets; and the floor, without which a node's policy is refused. */
#include "said.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "agent/floor.h"
#include "agent/requirements.h"
#include "base/clock.h"

/* --- one policy, and who answers --- */

struct trying {
	struct policy *policy;
	struct compiled *compiled;
	struct diag diag;
};

static void compile(struct trying *trying, const char *text)
{
	struct compile_input input = {.generation = 1};

	*trying = (struct trying){};
	if (policy_load_text("t.rules", text, strlen(text), NULL, &trying->policy, &trying->diag))
		diag_print(&trying->diag, stderr);
	assert_non_null(trying->policy);
	input.policy = trying->policy;
	assert_int_equal(compile_policy(&input, &trying->compiled, &trying->diag), 0);
}

static void clear(struct trying *trying)
{
	compiled_free(trying->compiled);
	policy_free(trying->policy);
	diag_clear(&trying->diag);
}

/* A socket of loopback, bound to a port of its own. */
static int bound(int type, uint16_t *ret_port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&name, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*ret_port = ntohs(name.sin_port);
	return fd;
}

/* The policy's one `require` line, with %u for the port: what is said when it is tried. "": it answered. */
static size_t try(const char *format, uint16_t port, const struct name_addrs *names, char ret[static 512])
{
	struct requirements requirements = {.names = names, .name_count = names ? 1 : 0, .home_fd = -1};
	struct trying trying;
	size_t missing;
	char text[512];

	snprintf(text, sizeof(text), format, port, port, port);
	compile(&trying, text);
	requirements.compiled = trying.compiled;
	missing = requirements_try(&requirements, ret, 512);
	clear(&trying);
	return missing;
}

static void what_listens_answers_and_what_does_not_is_named(void **state)
{
	char said[512], expected[512];
	uint16_t port;
	int fd = bound(SOCK_STREAM, &port);

	(void)state;
	assert_int_equal(try("allow 127.0.0.1 tcp:%u\nrequire 127.0.0.1 tcp:%u\n", port, NULL, said), 1);
	snprintf(expected, sizeof(expected), "127.0.0.1 tcp:%u: Connection refused", port);
	assert_string_equal(said, expected);
	listen(fd, 1);
	assert_int_equal(try("allow 127.0.0.1 tcp:%u\nrequire 127.0.0.1 tcp:%u\n", port, NULL, said), 0);
	assert_string_equal(said, "");
	close(fd);
}

/* Judged before it is dialled: what the policy denies cannot be reached under it, though somebody listens there. A
 * name may not bring in an address of loopback. */
static void what_the_policy_denies_does_not_answer(void **state)
{
	char said[512], expected[512];
	struct egret_addr addr;
	struct name_addrs names = {"api.example", &addr, 1};
	uint16_t port;
	int fd = bound(SOCK_STREAM, &port);

	(void)state;
	listen(fd, 1);
	addr_parse("127.0.0.1", &addr);
	assert_int_equal(try("allow api.example tcp:%u\nrequire api.example tcp:%u\n", port, &names, said), 1);
	snprintf(expected, sizeof(expected), "api.example tcp:%u: the policy denies its addresses", port);
	assert_string_equal(said, expected);
	close(fd);
}

static void a_name_is_dialled_where_it_resolves_to(void **state)
{
	char said[512], expected[512];
	struct egret_addr addrs[2];
	struct name_addrs names = {"api.example", addrs, 2};
	uint16_t port;
	int fd = bound(SOCK_STREAM, &port);
	const char *policy = "resolver 127.0.0.1\nallow 127.0.0.0/8 tcp:%u\nallow api.example tcp:%u\n"
			     "require api.example tcp:%u\n";

	(void)state;
	listen(fd, 1);
	snprintf(expected, sizeof(expected), "api.example tcp:%u: it does not resolve", port);
	assert_int_equal(try(policy, port, NULL, said), 1);
	assert_string_equal(said, expected);
	/* One that answers is enough. */
	addr_parse("127.0.0.9", &addrs[0]);
	addr_parse("127.0.0.1", &addrs[1]);
	assert_int_equal(try(policy, port, &names, said), 0);
	names.count = 1;
	assert_int_equal(try(policy, port, &names, said), 1);
	snprintf(expected, sizeof(expected), "api.example tcp:%u: Connection refused", port);
	assert_string_equal(said, expected);
	close(fd);
}

static void one_of_a_list_is_enough(void **state)
{
	char said[512];
	uint16_t port;
	int fd = bound(SOCK_STREAM, &port);

	(void)state;
	listen(fd, 1);
	assert_int_equal(
	    try("allow 127.0.0.0/8 tcp:%u\nrequire 127.0.0.7,127.0.0.1,127.0.0.8 tcp:%u\n", port, NULL, said), 0);
	close(fd);
}

/* Of UDP only DNS is spoken; of all else that it could leave is all that can be known. */
static void udp_has_to_leave(void **state)
{
	char said[512];
	uint16_t port;
	int fd = bound(SOCK_DGRAM, &port);

	(void)state;
	assert_int_equal(try("allow 127.0.0.1 udp:%u\nrequire 127.0.0.1 udp:%u\n", port, NULL, said), 0);
	close(fd);
}

/* --- resolvers --- */

/* Answers one query with its own octets, as far as is looked at. */
static void *answer_once(void *context)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	unsigned char query[512];
	ssize_t got = recvfrom(*(int *)context, query, sizeof(query), 0, (struct sockaddr *)&from, &len);

	/* "www.a.example", A: what a server must be able to read. */
	if (got == 12 + 15 + 4 && !memcmp(query + 12, "\3www\1a\7example\0\0\1\0\1", 19))
		sendto(*(int *)context, query, (size_t)got, 0, (struct sockaddr *)&from, len);
	return NULL;
}

/* Port 53 of an address of loopback that nobody has: -1 where it may not be had. */
static int bind_dns(const char *address)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &name.sin_addr);
	if (!bind(fd, (struct sockaddr *)&name, sizeof(name)))
		return fd;
	close(fd);
	return -1;
}

static size_t try_resolvers(const char *const *servers, size_t count, char ret[static 512])
{
	struct zoned_addr addrs[4];
	struct requirements requirements = {.resolvers = addrs, .resolver_count = count, .home_fd = -1};
	struct trying trying;
	size_t missing;

	for (size_t i = 0; i < count; i++)
		zoned_addr_parse(servers[i], &addrs[i]);
	compile(&trying, "resolver 127.0.0.1\nallow *.b.example tcp:1\nallow www.a.example tcp:1\n");
	requirements.compiled = trying.compiled;
	missing = requirements_try(&requirements, ret, 512);
	clear(&trying);
	return missing;
}

static void one_resolver_must_answer(void **state)
{
	const char *const servers[] = {"127.0.37.1", "127.0.37.2"};
	int fd = bind_dns(servers[1]);
	pthread_t server;
	char said[512];

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(try_resolvers(servers, 1, said), 1);
	assert_string_equal(said, "no resolver: Connection refused");
	assert_int_equal(pthread_create(&server, NULL, answer_once, &fd), 0);
	assert_int_equal(try_resolvers(servers, 2, said), 0);
	pthread_join(server, NULL);
	close(fd);
}

/* It has the query, and says nothing: given up after 3 s. */
static void a_silent_resolver_is_given_up(void **state)
{
	const char *const servers[] = {"127.0.37.3"};
	int fd = bind_dns(servers[0]);
	uint64_t begun = clock_now_ns();
	char said[512];

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(try_resolvers(servers, 1, said), 1);
	assert_string_equal(said, "no resolver: no answer");
	assert_in_range(clock_now_ns() - begun, CLOCK_NS_PER_SEC, 60 * CLOCK_NS_PER_SEC);
	close(fd);
}

/* --- the floor --- */

static int check_floor(const char *text, struct agent_options options, struct diag *diag, uint64_t *ret_rules)
{
	const char *const paths[] = {"node.d/mine.rules"};
	struct policy *policy = NULL;
	struct diag ignored = {};
	int rc;

	options.policy.paths = paths;
	options.policy.path_count = 1;
	options.instance = "egret-unit-floor";
	assert_int_equal(policy_load_text("t.rules", text, strlen(text), NULL, &policy, &ignored), 0);
	rc = floor_check(&options, policy, diag, ret_rules);
	policy_free(policy);
	diag_clear(&ignored);
	return rc;
}

struct floor_case {
	const char *policy;
	struct agent_options options;
	int rc;
	const char *said; /* NULL = nothing */
};

static void a_node_without_a_floor_is_refused(void **state)
{
	const struct floor_case cases[] = {
	    {"allow 20.0.0.1 tcp:1\n",
	     {.node = true},
	     -EINVAL,
	     "the policy has no floor, the rules of a node.rules without which a node locks itself out; write `use "
	     "linux/node`, on AKS `use aks/node`, or `set floor = off` if this is meant"},
	    {"resolver 10.0.0.1\n",
	     {.node = true},
	     -EINVAL,
	     "the policy has no rule, so the node would reach nothing; write `use linux/node`, on AKS `use aks/node`, "
	     "and what else it needs, or `set floor = off` if this is meant"},
	    {"set floor = off\nallow 20.0.0.1 tcp:1\n", {.node = true}, 0, NULL},
	    {"set mode = off\n", {.node = true}, 0, NULL},
	    /* A command, or a pod: what it cannot do without is its own business. */
	    {"allow 20.0.0.1 tcp:1\n", {.node = false}, 0, NULL},
	    /* It ruled here before floors were asked for: a node that is upgraded does not open. */
	    {"allow 20.0.0.1 tcp:1\n",
	     {.node = true, .has_ruled = true},
	     0,
	     "the policy has no floor, and goes on because it ruled already; write `use linux/node`, on AKS `use "
	     "aks/node`, or `set floor = off` if a node without one is meant"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diag diag = {};
		uint64_t rules;

		assert_int_equal(check_floor(cases[i].policy, cases[i].options, &diag, &rules), cases[i].rc);
		assert_int_equal(diag.count, cases[i].said != NULL);
		if (cases[i].said) {
			assert_string_equal(diag.entries[0].text, cases[i].said);
			assert_string_equal(diag.entries[0].file, "node.d/mine.rules");
		}
		assert_int_equal(rules != 0, cases[i].options.has_ruled);
		diag_clear(&diag);
	}
}

/* What goes on without a floor is known by its rules, not by its comments or its settings. */
static void rules_without_a_floor_are_known_again(void **state)
{
	const struct agent_options options = {.node = true, .has_ruled = true};
	struct diag diag = {};
	uint64_t first, same, other;

	(void)state;
	check_floor("allow 20.0.0.1 tcp:1\n", options, &diag, &first);
	check_floor("set min_ttl = 60\n\nallow   20.0.0.1 tcp:1 # a comment\n", options, &diag, &same);
	check_floor("allow 20.0.0.1 tcp:2\n", options, &diag, &other);
	assert_true(first == same);
	assert_true(first != other);
	check_floor("set x = 20.0.0.1\nallow ${x} tcp:1\n", options, &diag, &first);
	check_floor("set x = 20.0.0.2\nallow ${x} tcp:1\n", options, &diag, &other);
	assert_true(first != other);
	diag_clear(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_listens_answers_and_what_does_not_is_named),
	    cmocka_unit_test(what_the_policy_denies_does_not_answer),
	    cmocka_unit_test(a_name_is_dialled_where_it_resolves_to),
	    cmocka_unit_test(one_of_a_list_is_enough),
	    cmocka_unit_test(udp_has_to_leave),
	    cmocka_unit_test(one_resolver_must_answer),
	    cmocka_unit_test(a_silent_resolver_is_given_up),
	    cmocka_unit_test(a_node_without_a_floor_is_refused),
	    cmocka_unit_test(rules_without_a_floor_are_known_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
