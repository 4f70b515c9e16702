// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* serve: what clients may say, the exact text of /metrics in both its forms, and what is left to the process. */
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/answers.h"
#include "serve/confine.h"
#include "serve/metrics.h"
#include "serve/request.h"
#include "serve/workloads.h"
#include "view/json.h"
#include "view/newest.h"
#include "view/rules.h"

/* --- requests --- */

static void requests_are_read_or_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *path;
		bool head, open, foreign;
	} cases[] = {
	    {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 0, "/metrics", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: localhost:9964\r\n\r\n", 0, "/", false, false, false},
	    {"GET / HTTP/1.1\r\nhost:\tLocalHost \r\n\r\n", 0, "/", false, false, false},
	    {"GET / HTTP/1.1\r\nHost: 127.8.0.1:80\r\n\r\n", 0, "/", false, false, false},
	    {"GET / HTTP/1.1\r\nHost: [::1]:9964\r\n\r\n", 0, "/", false, false, false},
	    {"GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]\r\n\r\n", 0, "/", false, false, false},
	    {"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: [::1]evil.example\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: localhost:9964.evil.example\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: [\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, "/", false, false, true},
	    {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 0, "/", false, false, true},
	    {"GET /metrics?a=b HTTP/1.0\r\n\r\n", 0, "/metrics", false, false, false},
	    {"HEAD / HTTP/1.1\r\n\r\n", 0, "/", true, false, false},
	    {"GET / HTTP/1.1\n\n", 0, "/", false, false, false},
	    {"GET /m HTTP/1.1\r\naccept: application/openmetrics-text;version=1.0.0,*/*\r\n\r\n", 0, "/m", false, true,
	     false},
	    {"GET /m HTTP/1.1\r\nAccept: text/plain, Application/OpenMetrics-Text\r\n\r\n", 0, "/m", false, true,
	     false},
	    {"GET /m HTTP/1.1\r\nX-Accept: application/openmetrics-text\r\n\r\n", 0, "/m", false, false, false},
	    {"GET /m HTTP/1.1\r\n\r\nAccept: application/openmetrics-text\r\n\r\n", 0, "/m", false, false, false},
	    {"GET /metrics HTTP/1.1\r\nHost: x\r\n", -EAGAIN, "", false, false, false},
	    {"", -EAGAIN, "", false, false, false},
	    {"\r\n\r\n", 400, "", false, false, false},
	    {"\n\n", 400, "", false, false, false},
	    {"GET\r\n\r\n", 400, "", false, false, false},
	    {"GET  HTTP/1.1\r\n\r\n", 400, "", false, false, false},
	    {"GET /\r\n\r\n", 400, "", false, false, false},
	    {"GET http://x/ HTTP/1.1\r\n\r\n", 400, "", false, false, false},
	    {"GET / SPDY/1.1\r\n\r\n", 400, "", false, false, false},
	    {"POST / HTTP/1.1\r\n\r\n", 405, "", false, false, false},
	    {"get / HTTP/1.1\r\n\r\n", 405, "", false, false, false},
	    {"\x16\x03\x01\x02 /\x01 \xfc\xff\n\n", 400, "", false, false, false},
	};
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *copy = malloc(strlen(cases[i].text) + 1); /* so that the sanitizer sees who reads behind it */
		size_t len = strlen(cases[i].text);

		memcpy(copy, cases[i].text, len);
		copy = realloc(copy, len ? len : 1);
		if (request_parse(copy, len, &request) != cases[i].rc)
			fail_msg("%s", cases[i].text);
		if (!cases[i].rc) {
			assert_string_equal(request.path, cases[i].path);
			assert_int_equal(request.head, cases[i].head);
			assert_int_equal(request.open, cases[i].open);
			if (request.foreign != cases[i].foreign)
				fail_msg("%s", cases[i].text);
		}
		free(copy);
	}
}

static void a_path_is_as_long_as_it_may_be(void **state)
{
	char text[400] = "GET /";
	struct request request;

	(void)state;
	memset(text + 5, 'x', 126);
	strcpy(text + 131, " HTTP/1.1\r\n\r\n");
	assert_int_equal(request_parse(text, strlen(text), &request), 0);
	assert_int_equal(strlen(request.path), 127);
	memset(text + 5, 'x', 127);
	strcpy(text + 132, " HTTP/1.1\r\n\r\n");
	assert_int_equal(request_parse(text, strlen(text), &request), 414);
}

/* --- workloads --- */

static char *text_of_workloads(const struct workloads *workloads)
{
	char *text = NULL;
	size_t len;
	struct series series = {.out = open_memstream(&text, &len)};

	workloads_write(workloads, &series);
	fclose(series.out);
	return text;
}

static void assert_has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no %s in %s", line, text);
}

static void look_and_expect(struct workloads *workloads, const struct kernel *kernel, const char *line)
{
	char *text;

	assert_int_equal(workloads_look(workloads, kernel), 0);
	text = text_of_workloads(workloads);
	assert_has(text, line);
	free(text);
}

#define OF_A(reason, packets)                                                                                          \
	"egret_workload_denied_packets_total{namespace=\"\",workload=\"/a.service\",protocol=\"" reason "\"} " packets \
	"\n"

#define POD_PATH "/kubepods.slice/kubepods-pod11111111_2222_3333_4444_555555555555.slice/cri-containerd-abc.scope"

static void set_drop(struct kernel *kernel, size_t i, uint64_t cgroup_id, uint8_t reason, uint64_t packets)
{
	kernel->drops[i].key =
	    (struct egret_drop_key){.cgroup_id = cgroup_id, .l4_proto = IPPROTO_TCP, .reason = reason};
	kernel->drops[i].drop = (struct egret_drop){.packets = packets, .parent_cgroup_id = cgroup_id};
}

/* Rows make room and are cleared; what was told stays told, and is told once. */
static void counters_never_go_back(void **state)
{
	static struct kernel kernel;
	struct workloads *workloads = workloads_new();

	(void)state;
	kernel = (struct kernel){.drop_count = 2};
	set_subject_path(&kernel, CGROUP_NOTED, "/a.service/inner");
	set_drop(&kernel, 0, CGROUP_NOTED, EGRET_REASON_NO_RULE, 10);
	set_drop(&kernel, 1, CGROUP_NOTED, EGRET_REASON_PORT, 5);
	look_and_expect(workloads, &kernel, OF_A("tcp\",reason=\"no-rule", "10"));
	look_and_expect(workloads, &kernel, OF_A("tcp\",reason=\"no-rule", "10"));
	kernel.drops[0].drop.packets = 12;
	look_and_expect(workloads, &kernel, OF_A("tcp\",reason=\"no-rule", "12"));

	/* The first made room: its 12 stand among the others, and nothing is new but one packet of the second. */
	set_drop(&kernel, 0, CGROUP_NOTED, EGRET_REASON_PORT, 6);
	kernel.drop_count = 1;
	kernel.others[0].owner = CGROUP_NOTED;
	kernel.others[0].others = (struct egret_others){.packets = 12, .rows = 1};
	kernel.others_count = 1;
	look_and_expect(workloads, &kernel, OF_A("tcp\",reason=\"no-rule", "12"));
	look_and_expect(workloads, &kernel, OF_A("tcp\",reason=\"port", "6"));

	/* Rows that came and made room between two looks left no reason. */
	kernel.others[0].others.packets = 15;
	look_and_expect(workloads, &kernel, OF_A("other\",reason=\"unknown", "3"));

	/* All was cleared, and begins anew. */
	kernel.others_count = 0;
	set_drop(&kernel, 0, CGROUP_NOTED, EGRET_REASON_PORT, 1);
	look_and_expect(workloads, &kernel, OF_A("tcp\",reason=\"port", "6"));
	kernel.drops[0].drop.packets = 3;
	look_and_expect(workloads, &kernel, OF_A("tcp\",reason=\"port", "8"));
	workloads_free(workloads);
}

static void others_are_summed(void **state)
{
	static struct kernel kernel;
	struct workloads *workloads = workloads_new();
	char path[64], *text;
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < WORKLOADS_MAX + 20; i++) {
		kernel = (struct kernel){.drop_count = 1};
		snprintf(path, sizeof(path), "/s%d.service", i);
		set_subject_path(&kernel, CGROUP_NOTED, path);
		set_drop(&kernel, 0, CGROUP_NOTED, EGRET_REASON_NO_RULE, 1000 + i);
		assert_int_equal(workloads_look(workloads, &kernel), 0);
	}
	text = text_of_workloads(workloads);
	assert_has(text, "workload=\"/s99.service\",protocol=\"tcp\",reason=\"no-rule\"} 1099\n");
	assert_null(strstr(text, "/s100.service"));
	/* Of one look what another one's row is has no meaning: the sum grew by what each was more than the one before.
	 */
	assert_has(text, "{namespace=\"\",workload=\"other\",protocol=\"tcp\",reason=\"no-rule\"} 1119\n");
	for (const char *at = text; (at = strstr(at, "egret_workload_denied_packets_total{")); at++)
		lines++;
	assert_int_equal(lines, WORKLOADS_MAX + 1);
	free(text);
	workloads_free(workloads);
}

static void add_others_of_pod(struct kernel *kernel)
{
	kernel->others[0].owner = CGROUP_GONE + 1;
	kernel->others[0].denied_cgroup = CGROUP_NOTED;
	kernel->others[0].others = (struct egret_others){.packets = 7, .rows = 6};
	kernel->others_count = 1;
}

static void whom_nobody_knows_is_unknown(void **state)
{
	static struct kernel kernel;
	struct workloads *workloads = workloads_new();

	(void)state;
	kernel = (struct kernel){.drop_count = 1};
	set_drop(&kernel, 0, CGROUP_GONE, EGRET_REASON_NO_RULE, 4);
	look_and_expect(workloads, &kernel,
			"{namespace=\"\",workload=\"unknown\",protocol=\"tcp\",reason=\"no-rule\"} 4\n");
	kernel.drops[0].key.cgroup_id = CGROUP_NOTED;
	kernel.drops[0].key.l4_proto = IPPROTO_ICMPV6;
	set_subject_path(&kernel, CGROUP_NOTED, POD_PATH);
	look_and_expect(workloads, &kernel,
			"{namespace=\"\",workload=\"unknown-pod\",protocol=\"icmp\",reason=\"no-rule\"} 4\n");
	kernel.noted_count = 1;
	kernel.noted[0].id = "11111111-2222-3333-4444-555555555555";
	kernel.noted[0].name = "shop/web-5d4f7c9b8c-x2x7z";
	kernel.drops[0].key.audited = 1;
	look_and_expect(workloads, &kernel,
			"egret_workload_would_deny_packets_total{namespace=\"shop\",workload=\"web\",protocol=\"icmp\","
			"reason=\"no-rule\"} 4\n");
	/* Rows of a pod that made room are the pod's, whose own cgroup nobody noted. */
	add_others_of_pod(&kernel);
	look_and_expect(workloads, &kernel,
			"egret_workload_denied_packets_total{namespace=\"shop\",workload=\"web\",protocol=\"other\","
			"reason=\"unknown\"} 7\n");
	workloads_free(workloads);
}

/* --- all of it --- */

static void fill(struct kernel *kernel)
{
	*kernel = (struct kernel){.view = true, .texts_id = 7};
	kernel->meta = (struct egret_meta){.attached_ns = AT_NS,
					   .policy_ns = AT_NS,
					   .enforcing = 1,
					   .rules = 3,
					   .warnings = 1,
					   .reloads = 5,
					   .policies_refused = 2,
					   .heartbeat_ns = clock_kernel_ns(),
					   .resolver_count = 1};
	snprintf(kernel->meta.version, sizeof(kernel->meta.version), "9.9");
	snprintf(kernel->meta.instance, sizeof(kernel->meta.instance), "node");
	snprintf(kernel->meta.cgroup_path, sizeof(kernel->meta.cgroup_path), "/");
	snprintf(kernel->meta.policy_hash, sizeof(kernel->meta.policy_hash), "abcd");
	snprintf(kernel->meta.problems[EGRET_PROBLEM_POLICY], EGRET_PROBLEM_SIZE, "p.rules:1: no");
	kernel->meta.resolvers[0] = (struct egret_resolver){.addr = addr("20.0.0.53"),
							    .state = EGRET_RESOLVER_SILENT,
							    .queries = 9,
							    .answers = 4,
							    .failures = 2,
							    .timeouts = 3};
	set_rule(kernel, 16, "allow \"a\\b\" tcp:443", 1);
	set_rule(kernel, 17, "deny 51.0.0.0/8", 2);
	set_rule(kernel, 18, "allow \"a\\b\" tcp:443", 1); /* its file is used twice */
	set_rule(kernel, 21, "audit deny 52.0.0.0/8", 5);
	kernel->counters[16] = (struct egret_counter){10, 1000};
	kernel->counters[17] = (struct egret_counter){4, 400};
	kernel->counters[18] = (struct egret_counter){1, 100};
	kernel->counters[EGRET_RULE_KERNEL] = (struct egret_counter){3, 30};
	kernel->counters[EGRET_RULE_AUDITED].packets = 100; /* passed, and not allowed */
	kernel->reasons[0][EGRET_REASON_PORT] = (struct egret_counter){4, 44};
	kernel->reasons[1][EGRET_REASON_PORT] = (struct egret_counter){6, 66};
	kernel->lessons[EGRET_LESSON_ADDRESS].packets = 5;
	kernel->names[1] = (struct egret_name){.name = "a.example", .state = EGRET_NAME_RESOLVED};
	kernel->looks[EGRET_LAYER_UPLINK][EGRET_LOOK_UNLOOKED] = (struct egret_counter){5, 500};
	kernel->meta.layers[EGRET_LAYER_UPLINK].standing = EGRET_LAYER_STANDS;
	kernel->fills[0] = (struct kernel_map_fill){.name = "drops", .entries = 9, .max_entries = 16, .counted = true};
	kernel->fills[1] = (struct kernel_map_fill){.name = "addrs", .max_entries = 4, .sized_to_policy = true};
	kernel->fill_count = 2;
	kernel->late_subjects = 7;
	kernel->drop_count = 1;
	set_subject_path(kernel, CGROUP_NOTED, "/a.service");
	set_drop(kernel, 0, CGROUP_NOTED, EGRET_REASON_PORT, 4);
}

/* Whole lines of it that no other test has, in their order, by the name they begin with. */
static char *only(char *text, const char *beginning)
{
	char *out = calloc(1, strlen(text) + 1);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *name = line;

		if (!strncmp(line, "# HELP ", 7) || !strncmp(line, "# TYPE ", 7))
			name += 7;
		if (!strncmp(name, beginning, strlen(beginning)))
			strcat(strcat(out, line), "\n");
	}
	free(text);
	return out;
}

static char *text_of(const struct metrics *metrics, bool open, bool named)
{
	struct http_counts counts = {.accepted = 8, .pushed_out = 2, .too_slow = 1, .open = 3};
	struct metrics_form form = {open, named};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	metrics_write(metrics, &counts, &form, out);
	fclose(out);
	return text;
}

static void assert_only(char *text, const char *beginning, const char *expected)
{
	char *got = only(text, beginning);

	assert_string_equal(got, expected);
	free(got);
}

static struct metrics *metrics_of(const struct kernel *kernel)
{
	struct metrics *metrics = metrics_new();

	fake_instance = kernel;
	metrics_look(metrics, kernel, "node");
	return metrics;
}

static void metrics_are_exact(void **state)
{
	static struct kernel kernel;
	struct metrics *metrics;

	(void)state;
	fill(&kernel);
	metrics = metrics_of(&kernel);
	assert_only(text_of(metrics, false, true), "egret_rule",
		    "# HELP egret_rule_packets_total Packets that a rule let through, or took away.\n"
		    "# TYPE egret_rule_packets_total counter\n"
		    "egret_rule_packets_total{rule=\"(loopback)\",action=\"allow\"} 0\n"
		    "egret_rule_packets_total{rule=\"(inbound)\",action=\"allow\"} 0\n"
		    "egret_rule_packets_total{rule=\"(existing)\",action=\"allow\"} 0\n"
		    "egret_rule_packets_total{rule=\"(kernel)\",action=\"allow\"} 3\n"
		    "egret_rule_packets_total{rule=\"policy.rules:1\",action=\"allow\"} 11\n"
		    "egret_rule_packets_total{rule=\"policy.rules:2\",action=\"deny\"} 4\n"
		    "# HELP egret_rule_bytes_total Octets of the packets of egret_rule_packets.\n"
		    "# TYPE egret_rule_bytes_total counter\n"
		    "egret_rule_bytes_total{rule=\"(loopback)\",action=\"allow\"} 0\n"
		    "egret_rule_bytes_total{rule=\"(inbound)\",action=\"allow\"} 0\n"
		    "egret_rule_bytes_total{rule=\"(existing)\",action=\"allow\"} 0\n"
		    "egret_rule_bytes_total{rule=\"(kernel)\",action=\"allow\"} 30\n"
		    "egret_rule_bytes_total{rule=\"policy.rules:1\",action=\"allow\"} 1100\n"
		    "egret_rule_bytes_total{rule=\"policy.rules:2\",action=\"deny\"} 400\n"
		    "# HELP egret_rule_info What stands in the line of a rule.\n"
		    "# TYPE egret_rule_info gauge\n"
		    "egret_rule_info{rule=\"policy.rules:1\",text=\"allow \\\"a\\\\b\\\" tcp:443\"} 1\n"
		    "egret_rule_info{rule=\"policy.rules:2\",text=\"deny 51.0.0.0/8\"} 1\n"
		    "egret_rule_info{rule=\"policy.rules:5\",text=\"audit deny 52.0.0.0/8\"} 1\n");
	assert_only(text_of(metrics, false, false), "egret_rule_info", "");
	assert_only(text_of(metrics, false, false), "egret_allowed",
		    "# HELP egret_allowed_packets_total Packets that a rule allowed, built-in ones included.\n"
		    "# TYPE egret_allowed_packets_total counter\n"
		    "egret_allowed_packets_total 14\n");
	assert_only(
	    text_of(metrics, false, false), "egret_policy",
	    "# HELP egret_policy_info The policy that rules.\n# TYPE egret_policy_info gauge\n"
	    "egret_policy_info{hash=\"abcd\"} 1\n"
	    "# HELP egret_policy_in_force 0 if the files on disk have a policy that does not rule.\n"
	    "# TYPE egret_policy_in_force gauge\negret_policy_in_force 0\n"
	    "# HELP egret_policy_loaded_timestamp_seconds When the policy began to rule.\n"
	    "# TYPE egret_policy_loaded_timestamp_seconds gauge\n"
	    "egret_policy_loaded_timestamp_seconds 1795802400\n"
	    "# HELP egret_policy_rules Rules of the policy.\n# TYPE egret_policy_rules gauge\n"
	    "egret_policy_rules 3\n"
	    "# HELP egret_policy_warnings Warnings about the policy.\n# TYPE egret_policy_warnings gauge\n"
	    "egret_policy_warnings 1\n"
	    "# HELP egret_policy_reloads_total Policies that took the place of one that ruled.\n"
	    "# TYPE egret_policy_reloads_total counter\negret_policy_reloads_total 5\n"
	    "# HELP egret_policy_refused_total Policies that did not, each for another reason than the one before.\n"
	    "# TYPE egret_policy_refused_total counter\negret_policy_refused_total 2\n");
	assert_only(text_of(metrics, false, false), "egret_resolver",
		    "# HELP egret_resolver_state 1 for how a resolver answers the agent.\n"
		    "# TYPE egret_resolver_state gauge\n"
		    "egret_resolver_state{resolver=\"20.0.0.53\",state=\"answers\"} 0\n"
		    "egret_resolver_state{resolver=\"20.0.0.53\",state=\"errors\"} 0\n"
		    "egret_resolver_state{resolver=\"20.0.0.53\",state=\"silent\"} 1\n"
		    "egret_resolver_state{resolver=\"20.0.0.53\",state=\"unknown\"} 0\n"
		    "# HELP egret_resolver_queries_total What the agent asked a resolver.\n"
		    "# TYPE egret_resolver_queries_total counter\n"
		    "egret_resolver_queries_total{resolver=\"20.0.0.53\"} 9\n"
		    "# HELP egret_resolver_answers_total Answers to it.\n# TYPE egret_resolver_answers_total counter\n"
		    "egret_resolver_answers_total{resolver=\"20.0.0.53\"} 4\n"
		    "# HELP egret_resolver_failures_total Answers that say the resolver failed.\n"
		    "# TYPE egret_resolver_failures_total counter\n"
		    "egret_resolver_failures_total{resolver=\"20.0.0.53\"} 2\n"
		    "# HELP egret_resolver_timeouts_total What it did not answer.\n"
		    "# TYPE egret_resolver_timeouts_total counter\n"
		    "egret_resolver_timeouts_total{resolver=\"20.0.0.53\"} 3\n");
	assert_only(text_of(metrics, false, false), "egret_map",
		    "# HELP egret_map_entries Entries of a map; counted every 30 s.\n# TYPE egret_map_entries gauge\n"
		    "egret_map_entries{map=\"drops\"} 9\n"
		    "# HELP egret_map_max_entries Entries that a map has room for.\n"
		    "# TYPE egret_map_max_entries gauge\negret_map_max_entries{map=\"drops\"} 16\n");
	assert_only(text_of(metrics, false, false), "egret_workload",
		    "# HELP egret_workload_denied_packets_total Packets that were denied, by whose they were.\n"
		    "# TYPE egret_workload_denied_packets_total counter\n"
		    "egret_workload_denied_packets_total{namespace=\"\",workload=\"/a.service\",protocol=\"tcp\","
		    "reason=\"port\"} 4\n"
		    "# HELP egret_workload_would_deny_packets_total Packets that only audit let through, by whose they "
		    "were.\n# TYPE egret_workload_would_deny_packets_total counter\n");
	assert_only(
	    text_of(metrics, false, false), "egret_serve",
	    "# HELP egret_serve_connections Connections that are open.\n# TYPE egret_serve_connections gauge\n"
	    "egret_serve_connections 3\n"
	    "# HELP egret_serve_connections_accepted_total Connections that came.\n"
	    "# TYPE egret_serve_connections_accepted_total counter\negret_serve_connections_accepted_total 8\n"
	    "# HELP egret_serve_connections_dropped_total Connections that were ended before their reply was, by "
	    "why.\n# TYPE egret_serve_connections_dropped_total counter\n"
	    "egret_serve_connections_dropped_total{why=\"full\"} 2\n"
	    "egret_serve_connections_dropped_total{why=\"slow\"} 1\n");
	metrics_free(metrics);
}

static void single_values_are_there(void **state)
{
	static const char *const lines[] = {
	    "egret_build_info{version=\"" EGRET_VERSION "\"} 1\n",
	    "\negret_up 1\n",
	    "\negret_agent_info{version=\"9.9\",name=\"node\",cgroup=\"/\"} 1\n",
	    "\negret_agent_live 1\n", /* of a process that cannot be seen from here, but heard */
	    "\negret_ready 0\n",
	    "\negret_mode{mode=\"enforcing\"} 1\n",
	    "\negret_mode{mode=\"auditing\"} 0\n",
	    "\negret_problem{kind=\"policy\"} 1\n",
	    "\negret_problem{kind=\"layers\"} 0\n",
	    "\negret_denied_packets_total{reason=\"port\"} 4\n",
	    "\negret_denied_bytes_total{reason=\"port\"} 44\n",
	    "\negret_would_deny_packets_total{reason=\"port\"} 6\n",
	    "\negret_would_deny_bytes_total{reason=\"port\"} 66\n",
	    "\negret_dns_lessons_total{kind=\"addresses\"} 5\n",
	    "\negret_names{state=\"resolved\"} 1\n",
	    "\negret_layer_stands{layer=\"uplink\"} 1\n",
	    "\negret_layer_stands{layer=\"device\"} 0\n",
	    "\negret_layer_packets_total{layer=\"uplink\",look=\"unlooked\"} 5\n",
	    "\negret_unjudged_packets_total 5\n",
	    "\negret_late_subjects_total 7\n",
	};
	static struct kernel kernel;
	struct metrics *metrics;
	char *text;

	(void)state;
	fill(&kernel);
	metrics = metrics_of(&kernel);
	text = text_of(metrics, false, false);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_has(text, lines[i]);
	assert_null(strstr(text, "# EOF"));
	free(text);
	metrics_free(metrics);
}

/* OpenMetrics names families without _total and _info, has a type for the last, and an end. */
static void the_other_form_says_the_same(void **state)
{
	static struct kernel kernel;
	struct metrics *metrics;
	char *text;

	(void)state;
	fill(&kernel);
	metrics = metrics_of(&kernel);
	assert_only(text_of(metrics, true, false), "egret_policy_reloads",
		    "# HELP egret_policy_reloads Policies that took the place of one that ruled.\n"
		    "# TYPE egret_policy_reloads counter\negret_policy_reloads_total 5\n");
	assert_only(text_of(metrics, true, false), "egret_build",
		    "# HELP egret_build The program that serves this.\n# TYPE egret_build info\n"
		    "egret_build_info{version=\"" EGRET_VERSION "\"} 1\n");
	text = text_of(metrics, true, false);
	assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
	free(text);
	metrics_free(metrics);
}

static void what_cannot_be_read_is_down(void **state)
{
	struct metrics *metrics = metrics_of(NULL);
	char *text = text_of(metrics, false, true);

	(void)state;
	assert_has(text, "\negret_up 0\n");
	assert_has(text, "egret_build_info");
	assert_null(strstr(text, "egret_ready"));
	free(text);
	metrics_free(metrics);
}

/* --- paths --- */

static void paths_have_their_answers(void **state)
{
	static const struct {
		const char *path;
		int status, without; /* an instance */
		const char *text;
		bool away, foreign; /* not by the loopback; by another name than localhost */
	} cases[] = {
	    {"/healthz", 200, 200, "ok\n", true, true},
	    {"/readyz", 503, 503, NULL, true, true},
	    {"/livez", 200, 503, NULL, false, true},
	    {"/metrics", 200, 200, NULL, true, true},
	    {"/metrics", 403, 403, NULL, false, true},
	    {"/metrics", 200, 200, NULL, false, false},
	    {"/metrics/", 404, 404, NULL, false, false},
	    {"/", 200, 200, NULL, false, false},
	    {"/", 403, 403, NULL, true, false},
	    {"/", 403, 403, NULL, false, true},
	    {"/api/drops", 200, 503, NULL, false, false},
	    {"/api/drops", 403, 403, NULL, true, false},
	    {"/api/drops", 403, 403, NULL, false, true},
	    {"/api/status", 200, 503, NULL, false, false},
	    {"/api/rates", 200, 503, NULL, false, false},
	    {"/api/rules", 200, 503, NULL, false, false},
	    {"/api/learned", 200, 503, NULL, false, false},
	    {"/api/", 404, 404, NULL, false, false},
	};
	static struct kernel kernel;

	(void)state;
	fill(&kernel);
	for (int there = 0; there < 2; there++) {
		struct answers *answers = answers_new("node");

		fake_instance = there ? &kernel : NULL;
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			struct http_reply reply = {.status = 503};
			struct request request = {.local = !cases[i].away, .foreign = cases[i].foreign};

			snprintf(request.path, sizeof(request.path), "%s", cases[i].path);
			answers_give(answers, &request, &reply);
			if (reply.status != (there ? cases[i].status : cases[i].without))
				fail_msg("case %zu, %s: %d", i, cases[i].path, reply.status);
			if (cases[i].text)
				assert_memory_equal(reply.body->bytes, cases[i].text, reply.body->len);
			http_text_put(reply.body);
		}
		answers_free(answers);
	}
}

/* --- the last hour --- */

static void assert_count(const json_t *view, size_t interval, const char *key, long long expected)
{
	json_t *one = json_array_get(json_object_get(view, "intervals"), interval);

	assert_int_equal(json_number(one, key), expected);
}

static void an_hour_is_kept(void **state)
{
	struct history_totals totals = {.known = true}, now = {.time_ns = AT_NS, .known = true, .denied = 100000};
	struct history history = {};
	json_t *view = history_to_json(&history, &now);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(view, "intervals")), 0);
	json_decref(view);
	/* In minute i it is i packets that are denied. */
	for (unsigned int i = 0; i < 200; i++) {
		totals.time_ns = AT_NS + i * HISTORY_INTERVAL_SEC * CLOCK_NS_PER_SEC;
		totals.denied += i;
		totals.allowed = 7 * i;
		history_note(&history, &totals);
	}
	now.denied = totals.denied + 5;
	now.allowed = 3; /* another instance */
	view = history_to_json(&history, &now);
	assert_int_equal(json_array_size(json_object_get(view, "intervals")), HISTORY_INTERVALS + 1);
	assert_count(view, 0, "denied_packets_count", 140);
	assert_count(view, 0, "allowed_packets_count", 7);
	assert_count(view, HISTORY_INTERVALS - 1, "denied_packets_count", 199);
	assert_count(view, HISTORY_INTERVALS, "denied_packets_count", 5);
	assert_count(view, HISTORY_INTERVALS, "allowed_packets_count", 3);
	json_decref(view);
	totals.known = false;
	history_note(&history, &totals);
	now.allowed = now.denied = 0;
	history_mend(&history, &now);
	now.denied = 6;
	view = history_to_json(&history, &now);
	assert_count(view, HISTORY_INTERVALS, "denied_packets_count", 6);
	json_decref(view);
	now.known = false;
	view = history_to_json(&history, &now);
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(view, "intervals"), HISTORY_INTERVALS),
						 "denied_packets_count")));
	json_decref(view);
}

/* --- of long views the beginning --- */

static void the_newest_rows_have_words(void **state)
{
	static struct kernel kernel;
	json_t *rows, *row;
	size_t left_out;

	(void)state;
	fill(&kernel);
	kernel.drop_count = 3;
	set_drop(&kernel, 1, CGROUP_NOTED, EGRET_REASON_NO_RULE, 2);
	set_drop(&kernel, 2, CGROUP_NOTED, EGRET_REASON_FRAGMENT, 2);
	kernel.drops[0].drop.last_ns = 5 * CLOCK_NS_PER_SEC;
	kernel.drops[1].drop.last_ns = 9 * CLOCK_NS_PER_SEC;
	kernel.drops[2].drop.last_ns = 1 * CLOCK_NS_PER_SEC;
	kernel.drops[1].key.addr = addr("51.0.0.1");
	kernel.drops[1].key.port = 443;
	assert_int_equal(view_newest_drops(&kernel, 2, &rows, &left_out), 0);
	assert_int_equal(left_out, 1);
	assert_int_equal(json_array_size(rows), 2);
	row = json_array_get(rows, 0);
	assert_string_equal(json_text(row, "who_text"), "a.service");
	assert_string_equal(json_text(row, "destination_text"), "51.0.0.1 tcp:443");
	assert_string_equal(json_text(row, "reason_text"), "no rule allows this destination");
	assert_string_equal(json_text(row, "suggestion"), "allow 51.0.0.1 tcp:443");
	assert_true(json_is_null(json_object_get(row, "gone"))); /* a view sees no cgroup */
	assert_string_equal(json_text(json_array_get(rows, 1), "reason"), "port");
	json_decref(rows);

	kernel.subject_count = 0;
	set_subject_path(&kernel, CGROUP_NOTED, POD_PATH);
	kernel.drop_count = 0;
	kernel.noted_count = 1;
	kernel.noted[0].id = "11111111-2222-3333-4444-555555555555";
	kernel.noted[0].name = "shop/web-5d4f7c9b8c-x2x7z";
	add_others_of_pod(&kernel);
	assert_int_equal(view_newest_drops(&kernel, 2, &rows, &left_out), 0);
	row = json_array_get(rows, 0);
	assert_string_equal(json_text(row, "who_text"), "shop/web-5d4f7c9b8c-x2x7z");
	assert_string_equal(json_text(row, "subject"), "pod shop/web-5d4f7c9b8c-x2x7z");
	assert_string_equal(json_text(row, "destination_text"), "other destinations");
	json_decref(rows);
}

static void of_many_rules_some_are_shown(void **state)
{
	static struct kernel kernel;
	struct rules_counts counts;
	json_t *rows;

	(void)state;
	fill(&kernel);
	set_rule(&kernel, 19, "allow 1.1.1.1", 3);
	set_rule(&kernel, 20, "allow 1.1.1.2", 4);
	/* The audit line has met a packet. */
	kernel.drop_count = 2;
	set_drop(&kernel, 1, CGROUP_NOTED, EGRET_REASON_DENY_RULE, 1);
	kernel.drops[1].key.rule = 21;
	kernel.drops[1].key.audited = true;
	fake_instance = &kernel;
	assert_int_equal(view_rules_some(&kernel, "node", 1, &rows, &counts), 0);
	assert_int_equal(json_array_size(rows), 4); /* two of them are no lines */
	assert_int_equal(counts.all, 6);
	assert_int_equal(counts.unused, 2);
	assert_int_equal(json_number(json_array_get(rows, 0), "rule_id"), 16);
	assert_int_equal(json_number(json_array_get(rows, 1), "rule_id"), 19);
	json_decref(rows);
}

/* --- what is left --- */

/* Not by _exit, before which the sanitizer makes calls of its own. */
static void end(int code)
{
	syscall(SYS_exit_group, code);
}

static int try_in_child(int (*attempt)(void))
{
	struct error error;
	pid_t child = fork();
	int status;

	if (!child) {
		if (confine_calls(&error)) {
			fprintf(stderr, "%s\n", error.text);
			end(100);
		}
		end(attempt() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int bpf_command(int command)
{
	char attr[128] = {};

	return (int)syscall(SYS_bpf, command, attr, sizeof(attr));
}

static int make_map(void)
{
	return bpf_command(0);
}

static int look_up(void)
{
	return bpf_command(1);
}

static int update(void)
{
	return bpf_command(2);
}

static int load(void)
{
	return bpf_command(5);
}

static int read_file(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int write_file(void)
{
	return open("/dev/null", O_WRONLY);
}

static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int lock(void)
{
	return flock(0, LOCK_SH | LOCK_NB);
}

static int start_program(void)
{
	return execl("/bin/true", "true", NULL);
}

static int look_at_another(void)
{
	return kill(getppid(), 0);
}

static void nothing_is_left_that_writes(void **state)
{
	int rc = try_in_child(read_file);

	(void)state;
	if (rc == 100)
		skip(); /* no seccomp here */
	assert_int_equal(rc, 0);
	assert_int_equal(try_in_child(make_map), EPERM);
	assert_int_equal(try_in_child(update), EPERM);
	assert_int_equal(try_in_child(load), EPERM);
	assert_int_not_equal(try_in_child(look_up), EPERM); /* of no map: EBADF */
	assert_int_equal(try_in_child(write_file), EPERM);
	assert_int_equal(try_in_child(make_socket), EPERM);
	assert_int_equal(try_in_child(lock), EPERM);
	assert_int_equal(try_in_child(start_program), EPERM);
	assert_int_equal(try_in_child(look_at_another), EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_are_read_or_refused),
	    cmocka_unit_test(a_path_is_as_long_as_it_may_be),
	    cmocka_unit_test(counters_never_go_back),
	    cmocka_unit_test(others_are_summed),
	    cmocka_unit_test(whom_nobody_knows_is_unknown),
	    cmocka_unit_test(metrics_are_exact),
	    cmocka_unit_test(single_values_are_there),
	    cmocka_unit_test(the_other_form_says_the_same),
	    cmocka_unit_test(what_cannot_be_read_is_down),
	    cmocka_unit_test(paths_have_their_answers),
	    cmocka_unit_test(an_hour_is_kept),
	    cmocka_unit_test(the_newest_rows_have_words),
	    cmocka_unit_test(of_many_rules_some_are_shown),
	    cmocka_unit_test(nothing_is_left_that_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
