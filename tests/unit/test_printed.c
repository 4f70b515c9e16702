// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* status, rules, drops, learned: what a person reads, of an instance without a kernel; and of one that is not there. */
/* Before cmocka.h, which has a macro of the name fail. */
#include "cli/command.h"
#include "cli/links.h"

#include "view.h"

#include <netinet/in.h>

#include "base/state.h"
#include "cli/normal_form.h"
#include "cli/resolved.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "said.h"

#define RULE_A    EGRET_RULE_FIRST
#define RULE_DENY (EGRET_RULE_FIRST + 1)

/* What `exec` left is tested with `exec`. */
void collect_finished(void)
{
}

static const struct command status = {
    .name = "status",
    .run = command_status,
    .arguments = "",
    .summary = "",
    .help = "",
    .groups = OPTIONS_STATE | OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_STATUS,
};
static const struct command rules = {
    .name = "rules",
    .run = command_rules,
    .arguments = "",
    .summary = "",
    .help = "",
    .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_SINCE | OPTIONS_UNUSED,
};
static const struct command learned = {
    .name = "learned",
    .run = command_learned,
    .arguments = "",
    .summary = "",
    .help = "",
    .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_WHOM,
};
static const struct command drops = {
    .name = "drops",
    .run = command_drops,
    .arguments = "",
    .summary = "",
    .help = "",
    .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_FOLLOW | OPTIONS_SINCE | OPTIONS_WHOM | OPTIONS_ROWS,
};

struct call {
	const struct command *command;
	const char *words[4];
};

static void run(void *context)
{
	const struct call *call = context;
	char *words[6] = {"egret"};
	int count = 1;

	for (size_t i = 0; i < 4 && call->words[i]; i++)
		words[count++] = (char *)call->words[i];
	exit(call->command->run(call->command, count, words));
}

static void print(const struct command *command, const char *word, struct said *ret)
{
	struct call call = {command, {word}};

	said_by(run, &call, ret);
}

/* --- status --- */

static struct kernel kernel;

/* All is well; a test takes something away. */
static int begin(void **state)
{
	struct egret_meta meta = {
	    .attached_ns = AT_NS,
	    .policy_ns = AT_NS,
	    .enforcing = 1,
	    .rules = 3,
	    .warnings = 1,
	};

	(void)state;
	snprintf(meta.version, sizeof(meta.version), "9.9");
	snprintf(meta.policy_path, sizeof(meta.policy_path), "/etc/egret/mine.rules");
	snprintf(meta.cgroup_path, sizeof(meta.cgroup_path), "/a.slice");
	meta.heartbeat_ns = clock_kernel_ns();
	meta.layers[EGRET_LAYER_DEVICE].standing = meta.layers[EGRET_LAYER_UPLINK].standing = EGRET_LAYER_STANDS;
	for (int source = 0; source < EGRET_SOURCE_COUNT; source++)
		meta.sources[source].standing = EGRET_LAYER_STANDS;
	kernel = (struct kernel){
	    .config = {.settings = {{.layers = EGRET_LAYERS_ENFORCE}}},
	    .meta = meta,
	    .held = true,
	    .sources = {{.attached = true}, {.attached = true}, {.attached = true}},
	    .devices = {{2, {.flags = EGRET_DEVICE_UPLINK, .name = "eth0"}, .egress = true}},
	    .device_count = 1,
	};
	fake_instance = &kernel;
	return 0;
}

/* Not those of the machine of the tests. */
void links_list(struct layer_links *ret)
{
	*ret = (struct layer_links){};
}

static void a_good_instance_in_a_few_lines(void **state)
{
	struct said said;

	(void)state;
	print(&status, NULL, &said);
	assert_says(&said, "unjudged packets: 0; not seen on this kernel: SR-IOV (egret(8))\n"
			   "instance   node: enforcing\n"
			   "cgroup     /a.slice (gone)\n"
			   "layer      hook: enforce\n"
			   "layer      source: enforce\n"
			   "layer      device: enforce, no device\n"
			   "layer      uplink: enforce, eth0\n"
			   "policy     /etc/egret/mine.rules, loaded ");
	assert_says(&said, ", 3 rules, 1 warnings\n");
	assert_says(&said, ", by egret 9.9\n");
	assert_says(&said, "packets    0 allowed, 0 denied\n");
	assert_says_not(&said, "PROBLEM");
	assert_says_not(&said, "existing");
	assert_says_not(&said, "FULL");
}

static void layers_tell_what_they_let_pass(void **state)
{
	struct said said;

	(void)state;
	kernel.looks[EGRET_LAYER_UPLINK][EGRET_LOOK_TRANSIT].packets = 4;
	kernel.looks[EGRET_LAYER_UPLINK][EGRET_LOOK_UNLOOKED].packets = 7;
	for (uint32_t i = 0; i < 5; i++)
		kernel.devices[kernel.device_count++].device.flags = EGRET_DEVICE_LEADS_IN;
	kernel.meta.layers[EGRET_LAYER_DEVICE].standing = EGRET_LAYER_FAILED;
	snprintf(kernel.meta.layers[EGRET_LAYER_DEVICE].why, EGRET_PROBLEM_SIZE, "no room");
	kernel.meta.unlayered_ns = AT_NS;
	print(&status, NULL, &said);
	assert_says(&said, "unjudged packets: 7; not seen on this kernel: what comes in by pods' devices (layer device "
			   "does not stand), ");
	assert_says(&said, "\nlayers     only audit, upgraded ");
	assert_says(&said, ": look at `egret drops`, then `set layers = enforce`\n");
	assert_says(&said, "layer      device: enforce, does not stand: no room, 5 devices\n"
			   "layer      uplink: enforce, eth0\n"
			   "           4 transit: came in by an uplink, and leaves by one\n"
			   "           7 unlooked: UNJUDGED: came in by a device that has no look\n");
}

static void the_layer_source_says_what_this_kernel_lacks(void **state)
{
	struct said said;

	(void)state;
	for (int source = 0; source < EGRET_SOURCE_TRACED; source++) {
		kernel.meta.sources[source].standing = EGRET_LAYER_LACKING;
		snprintf(kernel.meta.sources[source].why, EGRET_PROBLEM_SIZE, "no room");
		kernel.sources[source].attached = false;
	}
	print(&status, NULL, &said);
	assert_says(&said, "not seen on this kernel: AF_XDP, QDISC_BYPASS of 32-bit hostNetwork, SR-IOV (egret(8))\n");
	assert_says(&said, "layer      source: enforce\n"
			   "           not on this kernel: families, frames, options of 32-bit programs (no room)\n"
			   "layer      device");

	kernel.meta.sources[EGRET_SOURCE_OPTIONS] = (struct egret_layer_state){EGRET_LAYER_FAILED, 1, "it was taken"};
	kernel.sources[EGRET_SOURCE_FRAMES] = (struct kernel_source){true, 8};
	print(&status, NULL, &said);
	assert_says(&said, "layer      source: enforce, does not stand: it was taken\n"
			   "           not on this kernel: families, frames (no room)\n"
			   "           frames: 8 calls passed it by, made while another process was within it\n");

	kernel.meta.sources[EGRET_SOURCE_OPTIONS] = (struct egret_layer_state){};
	print(&status, NULL, &said);
	assert_says(&said, "layer      source: enforce, not proved\n");
}

static void what_is_wrong_is_a_line_each(void **state)
{
	struct said said;

	(void)state;
	kernel.missing_hook = "connect4";
	snprintf(kernel.meta.problems[EGRET_PROBLEM_POLICY], EGRET_PROBLEM_SIZE, "p.rules:1:2: no such word");
	snprintf(kernel.meta.problems[EGRET_PROBLEM_STATE], EGRET_PROBLEM_SIZE, "the folder is full");
	print(&status, NULL, &said);
	assert_int_equal(said.code, EXIT_NO);
	assert_says(&said, "instance   node: not attached (hook connect4 is missing)\n");
	assert_says(&said, "PROBLEM    hook connect4 is not attached, so the cgroup is not governed; start the agent "
			   "anew\n");
	assert_says(&said, "PROBLEM    p.rules:1:2: no such word\n");
	assert_says(&said, "PROBLEM    the folder is full\n");
	kernel.missing_hook = NULL;
	kernel.meta.enforcing = 0;
	print(&status, NULL, &said);
	assert_says(&said, "instance   node: attached, not proven\n");
}

static void a_probation_says_until_when_and_for_what(void **state)
{
	struct said said;

	(void)state;
	kernel.meta.probation_ends_ns = clock_realtime_ns() + 60 * CLOCK_NS_PER_SEC;
	snprintf(kernel.meta.waiting, sizeof(kernel.meta.waiting), "a.example tcp:443: no answer");
	print(&status, NULL, &said);
	assert_says(&said, "instance   node: enforcing on probation until ");
	assert_says(&said, "waiting    not yet: a.example tcp:443: no answer\n");
}

static void set_name(uint32_t index, const char *name, enum egret_name_state state, uint32_t addresses)
{
	snprintf(kernel.names[index].name, sizeof(kernel.names[index].name), "%s", name);
	kernel.names[index].state = state;
	kernel.names[index].addresses = addresses;
	kernel.names[index].failures = 4;
}

static void names_that_fail_are_told(void **state)
{
	struct said said;

	(void)state;
	set_name(1, "a.example", EGRET_NAME_RESOLVED, 2);
	set_name(2, "b.example", EGRET_NAME_STALE, 1);
	set_name(3, "*.c.example", EGRET_NAME_PATTERN, 0);
	print(&status, NULL, &said);
	assert_says(&said,
		    "names      3: 1 resolved, 1 stale, 0 failed, 0 without address, 0 pending, 1 patterns\n"
		    "           b.example does not resolve (4 failures, last good answer never, 1 addresses kept)\n");
	assert_says_not(&said, "disk");
	set_name(4, "d.example", EGRET_NAME_RECALLED, 3);
	print(&status, NULL, &said);
	assert_says(&said, "1 patterns, 1 from disk\n");
	assert_says(&said, "d.example does not resolve (4 failures, last good answer never, 3 addresses from disk)\n");
	set_name(4, "d.example", EGRET_NAME_UNCONFIRMED, 3);
	print(&status, NULL, &said);
	assert_says(&said, "1 patterns, 1 unconfirmed\n");
	assert_says(&said,
		    "d.example was not answered since the start (4 failures, last good answer never, 3 addresses "
		    "kept)\n");
}

static void thousands_of_names_that_fail_are_a_number(void **state)
{
	struct said said;
	char name[32];

	(void)state;
	for (uint32_t i = 1; i <= 23; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		set_name(i, name, EGRET_NAME_FAILED, 0);
	}
	print(&status, NULL, &said);
	assert_says(&said, "           n20.example does not resolve (");
	assert_says_not(&said, "n21.example");
	assert_says(&said, "           and 3 more: egret status --json has them\n");
}

static void counts_say_why(void **state)
{
	struct said said;

	(void)state;
	kernel.counters[EGRET_RULE_INBOUND].packets = 9;
	kernel.reasons[0][EGRET_REASON_NO_RULE].packets = 5;
	kernel.reasons[1][EGRET_REASON_PORT].packets = 2;
	print(&status, NULL, &said);
	assert_says(&said, "packets    9 allowed, 5 denied, 2 would be denied and passed in audit\n"
			   "           5 denied: no-rule\n           2 would be denied: port\n");
}

static void connections_from_before_are_listed_up_to_a_few(void **state)
{
	struct said said;

	(void)state;
	kernel.config.keep_existing = 1;
	kernel.existing_count = 1;
	kernel.existing[0] = (struct egret_existing){.addr = addr("51.0.0.1"), .cgroup_id = CGROUP_GONE, .port = 443};
	print(&status, NULL, &said);
	assert_says(&said, "existing   1 connection from before the attach goes on that no rule allows\n"
			   "           51.0.0.1 tcp:443 by cgroup 9223090561878065154, gone\n");
	kernel.existing[1] = kernel.existing[0];
	kernel.existing_count = 2;
	print(&status, NULL, &said);
	assert_says(&said, "existing   2 connections from before the attach go on that no rule allows\n");
}

static void cgroups_that_are_not_there_are_told(void **state)
{
	struct said said;

	(void)state;
	snprintf(kernel.meta.absent_cgroups, sizeof(kernel.meta.absent_cgroups), "/a.slice\n");
	kernel.meta.absent_cgroup_count = 1;
	print(&status, NULL, &said);
	assert_says(&said, "absent     cgroup /a.slice: what names it holds for nobody until it is there\n");
	assert_says_not(&said, "more");
	assert_says_not(&said, "PROBLEM");
	kernel.meta.absent_cgroup_count = 3;
	print(&status, NULL, &said);
	assert_says(&said, "until it is there\n           and 2 more\n");
}

static void a_map_that_is_full_is_told(void **state)
{
	struct said said;

	(void)state;
	kernel.fill_count = 2;
	kernel.fills[0] = (struct kernel_map_fill){
	    .name = "learned", .entries = 90, .max_entries = 100, .counted = true, .memory_bytes = 3 << 20};
	kernel.fills[1] = (struct kernel_map_fill){
	    .name = "drops", .entries = 89, .max_entries = 100, .counted = true, .memory_bytes = 1 << 20};
	print(&status, NULL, &said);
	assert_says(&said, "FULL       map learned holds 90 of 100 entries\nmaps       4.0 MiB of kernel memory\n");
	assert_says_not(&said, "map drops");
}

static void what_sockets_hold_is_told(void **state)
{
	struct said said;

	(void)state;
	kernel.socket_memory = (struct kernel_socket_memory){.each_bytes = 1216, .shared_bytes = 3 << 20};
	print(&status, NULL, &said);
	assert_says(&said, "sockets    each carries 1.2 KiB at most; of the maps, 3.0 MiB are what all share\n");
}

/* One line, that the kubelet shows; and a code. */
static void a_probe_gets_one_line(void **state)
{
	struct said said;

	(void)state;
	print(&status, "--ready", &said);
	assert_int_equal(said.code, EXIT_YES);
	assert_says(&said, "ready: instance node is enforcing; the agent: alive, last sign of life ");
	kernel.config.settings[0].audit = 1;
	print(&status, "--ready", &said);
	assert_int_equal(said.code, EXIT_NO);
	assert_says_all(&said, "not ready: instance node: the policy says enforce, and is only audited\n");
	print(&status, "--live", &said);
	assert_int_equal(said.code, EXIT_YES);
	assert_says(&said, "live: instance node is auditing; the agent: alive");
	kernel.held = false;
	kernel.meta.heartbeat_ns = 0;
	print(&status, "--live", &said);
	assert_int_equal(said.code, EXIT_NO);
	assert_says_all(&said, "not live: the agent of instance node: not running\n");
}

/* --- nothing is there --- */

static void an_instance_that_is_not_there_is_explained(void **state)
{
	struct said said;

	(void)state;
	fake_instance = NULL;
	print(&status, "--state=/nowhere", &said);
	assert_int_equal(said.code, EXIT_NOT_RUNNING);
	/* The kubelet knows 0 and not 0; who stops it from restarting the pod reads 1. */
	struct call call = {&status, {"--state=/nowhere", "--live"}};

	said_by(run, &call, &said);
	assert_int_equal(said.code, EXIT_NO);
	print(&rules, NULL, &said);
	assert_int_equal(said.code, EXIT_NOT_RUNNING);
	assert_says(&said,
		    "\negret: whether a person opened it, or the policy says off: egret status --instance node\n");
	print(&drops, NULL, &said);
	assert_int_equal(said.code, EXIT_NOT_RUNNING);
	print(&learned, NULL, &said);
	assert_int_equal(said.code, EXIT_NOT_RUNNING);
}

static void an_instance_that_a_person_opened_says_who(void **state)
{
	char folder[64] = "/tmp/egret-printed-XXXXXX", path[96], words[128], command[128];
	struct state_mark mark = {.user = "alice", .at_ns = AT_NS};
	struct error error;
	struct said said;
	int fd;

	(void)state;
	if (geteuid())
		skip();
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state", folder);
	fd = state_open(path, true, &error);
	assert_true(fd >= 0);
	assert_int_equal(state_write_mark(fd, "node", &mark), 0);
	close(fd);
	fake_instance = NULL;
	snprintf(words, sizeof(words), "--state=%s", path);
	print(&status, words, &said);
	assert_int_equal(said.code, EXIT_NO);
	assert_says(&said, "instance   node: open\n");
	assert_says(&said, "PROBLEM    opened by alice at ");
	assert_says(&said, " with `egret detach`: nothing is governed; `egret attach` ends that\n");
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

/* --- rules --- */

static void set_rules(void)
{
	set_rule(&kernel, RULE_A, "allow a.example tcp:443", 2);
	snprintf(kernel.texts[RULE_A].purpose, sizeof(kernel.texts[RULE_A].purpose), "the shop");
	kernel.counters[RULE_A] = (struct egret_counter){1234567, 800};
}

static void rules_are_a_table(void **state)
{
	struct said said;

	(void)state;
	set_rules();
	kernel.hits[RULE_A] =
	    (struct egret_hit){1234567, clock_realtime_ns() - 330 * CLOCK_NS_PER_SEC, 86400 * CLOCK_NS_PER_SEC};
	print(&rules, NULL, &said);
	assert_int_equal(said.code, EXIT_YES);
	assert_says_all(&said, "LAST  COUNT  RULE                     WHERE\n"
			       "5m     1.2M  allow a.example tcp:443  policy.rules:2\n");
	print(&rules, "-owide", &said);
	assert_says(&said, "  PACKETS  BYTES  LAST HIT   RULE ");
	assert_says(&said, "1 234 567    800  5 min ago  ");
	assert_says(&said, "  the shop  policy.rules:2\n");
	assert_says_not(&said, "WOULD DENY");
	assert_says_not(&said, "since the agent ended");
	print(&rules, "--since=5m", &said);
	assert_says_all(&said, "no rule was hit since then\n");
	print(&rules, "--since=6m", &said);
	assert_says(&said, "policy.rules:2");
	print(&rules, "--unused=6m", &said);
	assert_says(&said, "no rule is known to be without a hit since 20");
	print(&rules, "--unused=5m", &said);
	assert_says(&said, "NO HIT SINCE  RULE                     WHERE\n");
	assert_says(&said,
		    "  allow a.example tcp:443  policy.rules:2\nhits are recorded since 1970-01-02T00:00:00Z; policy");
	/* Nobody was there to see when: it may be of then. */
	kernel.held = false;
	kernel.counters[RULE_A].packets++;
	print(&rules, "--since=5m", &said);
	assert_says(&said, "?      1.2M  allow a.example");
	print(&rules, "-owide", &said);
	assert_says(&said, "since the agent ended");
}

static void a_column_for_who_audits(void **state)
{
	struct egret_drop drop = {.packets = 5};
	struct said said;

	(void)state;
	set_rule(&kernel, RULE_DENY, "deny 51.0.0.0/8", 3);
	kernel.drops[0].key =
	    (struct egret_drop_key){.reason = EGRET_REASON_DENY_RULE, .rule = RULE_DENY, .audited = 1};
	kernel.drops[0].drop = drop;
	kernel.drop_count = 1;
	print(&rules, "--output=wide", &said);
	assert_says(&said, "WOULD DENY");
}

static void rules_tell_of_names_from_disk(void **state)
{
	struct said said;

	(void)state;
	set_rules();
	set_name(1, "a.example", EGRET_NAME_RECALLED, 1);
	print(&rules, NULL, &said);
	assert_says(&said,
		    "1 name above was not answered since the start: the addresses are from disk (egret status)\n");
	set_name(2, "b.example", EGRET_NAME_RECALLED, 1);
	print(&rules, NULL, &said);
	assert_says(&said, "2 names above were not answered since the start");
	set_name(2, "b.example", EGRET_NAME_UNCONFIRMED, 1);
	print(&rules, NULL, &said);
	assert_says(&said, "1 name above was not answered since the start: the addresses are those of before");
}

/* --- the end of exec --- */

static void add_denial(const char *address, uint64_t packets, bool audited)
{
	uint64_t now = clock_kernel_ns();

	kernel.drops[kernel.drop_count].key = (struct egret_drop_key){.addr = addr(address),
								      .cgroup_id = CGROUP_GONE,
								      .port = 443,
								      .l4_proto = IPPROTO_TCP,
								      .reason = EGRET_REASON_NO_RULE,
								      .audited = audited};
	kernel.drops[kernel.drop_count++].drop =
	    (struct egret_drop){.packets = packets, .first_ns = now, .last_ns = now, .pid = 4242, .comm = "curl"};
}

static void sum_up(void *context)
{
	(void)context;
	summary_print(&kernel);
}

/* The end of `exec`. */
static void a_command_is_told_what_to_write(void **state)
{
	struct said said;

	(void)state;
	said_by(sum_up, NULL, &said);
	assert_says_all(&said, "");
	add_denial("51.0.0.1", 1, false);
	add_denial("51.0.0.2", 4, true);
	said_by(sum_up, NULL, &said);
	assert_says_all(&said, "egret: denied:\n  51.0.0.1 tcp:443, 1 packet: no rule allows this destination\n"
			       "    add: allow 51.0.0.1 tcp:443\n"
			       "egret: would have been denied:\n"
			       "  51.0.0.2 tcp:443, 4 packets: no rule allows this destination\n"
			       "    add: allow 51.0.0.2 tcp:443\n");
}

static void many_special_addresses_are_counted(void **state)
{
	json_t *rows = json_array();
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	for (int i = 0; i < 12; i++)
		json_array_append_new(rows, json_pack("{s:s}", "reason", "port"));
	summary_specials(file, "special    ", rows);
	fclose(file);
	assert_non_null(strstr(text, "\nspecial    and 2 more like these\n"));
	json_decref(rows);
	free(text);
}

/* --- learned --- */

static void what_was_learned_is_a_table(void **state)
{
	struct said said;

	(void)state;
	print(&learned, NULL, &said);
	assert_says_all(&said, "nothing was learned yet\n");
	set_name(1, "a.example", EGRET_NAME_RESOLVED, 1);
	set_asked(&kernel, 77, "a.example");
	kernel.lesson_count = 1;
	kernel.lessons_of[0] = (struct kernel_lesson){.addr = addr("20.1.0.7"),
						      .owner = CGROUP_GONE,
						      .name = 77,
						      .policy_name = 1,
						      .brings_in = true,
						      .left_sec = -5};
	print(&learned, NULL, &said);
	assert_says_all(&said, "nothing that was learned is still good; 1 that ended give way when there is need\n");
}

/* --- the table itself --- */

static void print_table(void *context)
{
	static const struct column columns[] = {
	    {"N", .key = "n", .right = true}, {"TEXT", .key = "text"}, {"LAST", .key = "last"}};
	json_t *rows = context;

	table_print(rows, columns, 3, &(struct screen){});
}

static void columns_are_as_wide_as_their_widest(void **state)
{
	json_t *rows = json_pack("[{s:I, s:s, s:n}, {s:I, s:s, s:s}, {s:I}]", "n", (json_int_t)-123, "text", "", "last",
				 "n", (json_int_t)999, "text", "longer than", "last", "x", "n", (json_int_t)0);
	struct said said;

	(void)state;
	said_by(print_table, rows, &said);
	assert_says_all(&said, "   N  TEXT         LAST\n"
			       "-123  -            -\n"
			       " 999  longer than  x\n"
			       "   0  -            -\n");
	json_decref(rows);
}

static void print_narrow(void *context)
{
	static const struct column columns[] = {{"KEPT", .key = "kept"}, {"GIVES", .key = "gives", .gives = 1}};

	table_print(context, columns, 2, &(struct screen){.width = 26});
}

/* Out of the middle of the longest word, and between characters; of many words the last ones. */
static void what_is_too_wide_is_cut(void **state)
{
	json_t *rows = json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "kept", "0123456789", "gives",
				 "a-name-that-is-long.example tcp:443", "kept", "x", "gives",
				 "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4", "kept", "x", "gives",
				 "one two three four five", "kept", "x", "gives", "one two three f (now)");
	struct said said;

	(void)state;
	said_by(print_narrow, rows, &said);
	assert_says_all(&said, "KEPT        GIVES\n"
			       "0123456789  a-*ple tcp:443\n"
			       "x           \u00e4\u00e4\u00e4*\u00e4\u00e4\u00e4\n"
			       "x           one two three*\n"
			       "x           one two* (now)\n");
	json_decref(rows);
}

/* --- check --- */

static void print_normal_form(void *context)
{
	struct compile_input input = {.generation = 1};
	const char *text = context;
	struct policy *policy = NULL;
	struct compiled *compiled = NULL;
	struct egret_addr system = addr("10.0.0.10");
	struct diag diag = {};

	policy_load_text("t.rules", text, strlen(text), NULL, &policy, &diag);
	input.policy = policy;
	input.system_resolvers = &system;
	input.system_resolver_count = 1;
	compile_policy(&input, &compiled, &diag);
	normal_form_print_settings(policy);
	normal_form_print_resolvers(policy, compiled);
	normal_form_print_requires(policy);
	compiled_free(compiled);
	policy_free(policy);
	diag_clear(&diag);
}

static void normal_form_of(const char *text, struct said *ret)
{
	said_by(print_normal_form, (void *)text, ret);
}

/* Read again it is the same policy. */
static void the_normal_form_has_what_is_not_usual(void **state)
{
	struct said said;

	(void)state;
	normal_form_of("set min_ttl = 1h\nset existing = keep\nresolver 10.0.0.7\nresolver 10.0.0.7\nallow a.example "
		       "tcp:443\nrequire a.example tcp:443\n",
		       &said);
	assert_says_all(&said, "set min_ttl = 3600\nresolver  10.0.0.7\nrequire  a.example  tcp:443\n");
	normal_form_of("resolver system\nresolver 10.0.0.7\nallow a.example tcp:443\n", &said);
	assert_says_all(&said, "resolver  system   # here: 10.0.0.10\nresolver  10.0.0.7\n");
}

static void print_resolved(void *context)
{
	resolved_print(context);
	exit(resolved_is_wrong(context));
}

/* check --resolve: comments, so that what is printed is rules still. */
static void names_that_do_not_resolve_are_told_as_comments(void **state)
{
	json_t *good = json_pack("[{s:s, s:[s,s], s:n, s:[]}]", "name", "a.example", "addresses", "20.0.0.1",
				 "2001:db8::1", "problem_text", "special_addresses");
	json_t *silent = json_pack("[{s:s, s:[], s:s, s:[]}]", "name", "b.example", "addresses", "problem_text",
				   "no resolver answered", "special_addresses");
	json_t *private = json_pack("[{s:s, s:[s], s:n, s:[{s:s, s:s, s:s}]}]", "name", "c.example", "addresses",
				    "10.0.0.1", "problem_text", "special_addresses", "reason", "special-address",
				    "name", "c.example", "address", "10.0.0.1");
	struct said said;

	(void)state;
	said_by(print_resolved, good, &said);
	assert_says_all(&said, "# a.example: 20.0.0.1 2001:db8::1\n");
	assert_int_equal(said.code, 0);
	said_by(print_resolved, silent, &said);
	assert_says_all(&said, "# b.example: PROBLEM no resolver answered\n");
	assert_int_equal(said.code, 1);
	said_by(print_resolved, private, &said);
	assert_says(&said, "# c.example: 10.0.0.1\n#   PROBLEM a rule has the name, but this is an address that a name "
			   "may not bring in");
	assert_int_equal(said.code, 1);
	json_decref(good);
	json_decref(silent);
	json_decref(private);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_good_instance_in_a_few_lines, begin),
	    cmocka_unit_test_setup(layers_tell_what_they_let_pass, begin),
	    cmocka_unit_test_setup(the_layer_source_says_what_this_kernel_lacks, begin),
	    cmocka_unit_test_setup(what_is_wrong_is_a_line_each, begin),
	    cmocka_unit_test_setup(a_probation_says_until_when_and_for_what, begin),
	    cmocka_unit_test_setup(names_that_fail_are_told, begin),
	    cmocka_unit_test_setup(thousands_of_names_that_fail_are_a_number, begin),
	    cmocka_unit_test_setup(counts_say_why, begin),
	    cmocka_unit_test_setup(connections_from_before_are_listed_up_to_a_few, begin),
	    cmocka_unit_test_setup(cgroups_that_are_not_there_are_told, begin),
	    cmocka_unit_test_setup(a_map_that_is_full_is_told, begin),
	    cmocka_unit_test_setup(what_sockets_hold_is_told, begin),
	    cmocka_unit_test_setup(a_probe_gets_one_line, begin),
	    cmocka_unit_test_setup(an_instance_that_is_not_there_is_explained, begin),
	    cmocka_unit_test_setup(an_instance_that_a_person_opened_says_who, begin),
	    cmocka_unit_test_setup(rules_are_a_table, begin),
	    cmocka_unit_test_setup(a_column_for_who_audits, begin),
	    cmocka_unit_test_setup(rules_tell_of_names_from_disk, begin),
	    cmocka_unit_test_setup(a_command_is_told_what_to_write, begin),
	    cmocka_unit_test_setup(many_special_addresses_are_counted, begin),
	    cmocka_unit_test_setup(what_was_learned_is_a_table, begin),
	    cmocka_unit_test(columns_are_as_wide_as_their_widest),
	    cmocka_unit_test(what_is_too_wide_is_cut),
	    cmocka_unit_test(names_that_do_not_resolve_are_told_as_comments),
	    cmocka_unit_test(the_normal_form_has_what_is_not_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
