// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* drops, rules, learned: each row of JSON, exactly. */
#include "view.h"

#include <netinet/in.h>
#include <string.h>

#include "kernel/name_key.h"
#include "view/denials.h"
#include "view/learned.h"
#include "view/reason.h"
#include "view/rules.h"
#include "view/subject_name.h"

#define RULE_A    EGRET_RULE_FIRST
#define RULE_DENY (EGRET_RULE_FIRST + 1)
#define NAME_KEY  77

static struct egret_drop drop_of(uint64_t packets, int first_sec_ago, int last_sec_ago, uint32_t generation)
{
	uint64_t now = clock_kernel_ns();

	return (struct egret_drop){
	    .packets = packets,
	    .first_ns = now - first_sec_ago * CLOCK_NS_PER_SEC,
	    .last_ns = now - last_sec_ago * CLOCK_NS_PER_SEC,
	    .generation = generation,
	};
}

static void add_drop(struct kernel *kernel, struct egret_drop_key key, struct egret_drop drop)
{
	kernel->drops[kernel->drop_count].key = key;
	kernel->drops[kernel->drop_count++].drop = drop;
}

/* What each row has, and no agent found out: nothing. */
static void take_uncompleted(json_t *row)
{
	static const char *const keys[] = {"policy_name",  "given_to",     "server",
					   "over_seconds", "ttl_seconds",  "nearest_rule",
					   "nearest_file", "nearest_line", "nearest_allows"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_true(json_is_null(json_object_get(row, keys[i])));
		json_object_del(row, keys[i]);
	}
	assert_false(json_flag(row, "completed"));
	assert_string_equal(json_text(row, "kernel_reason"), json_text(row, "reason"));
	assert_in_range(json_number(row, "number"), 1, 9999);
	json_object_del(row, "completed");
	json_object_del(row, "kernel_reason");
	json_object_del(row, "number");
}

static void a_denial_says_who_where_why_and_what_to_write(void **state)
{
	static struct kernel kernel;
	struct egret_drop drop = drop_of(3, 60, 5, 4);
	json_t *rows, *row;

	(void)state;
	kernel = (struct kernel){.meta = {.policy_generation = 4}};
	set_asked(&kernel, NAME_KEY, "www.shop.example");
	set_subject_path(&kernel, CGROUP_NOTED, "/system.slice/app.service");
	drop.pid = 4242;
	memcpy(drop.comm, "curl", sizeof("curl"));
	add_drop(&kernel,
		 (struct egret_drop_key){.cgroup_id = CGROUP_NOTED,
					 .addr = addr("20.1.0.1"),
					 .port = 443,
					 .l4_proto = IPPROTO_TCP,
					 .reason = EGRET_REASON_NO_RULE,
					 .name_key = NAME_KEY},
		 drop);
	assert_int_equal(view_drops(&kernel, &rows), 0);
	row = json_array_get(rows, 0);
	take_time(row, "first_time", 60);
	take_time(row, "last_time", 5);
	take_uncompleted(row);
	assert_view(
	    rows,
	    "[{'packets_total': 3, 'others_total': 0, 'audited': false, 'outdated': false, 'call': null, 'address': "
	    "'20.1.0.1', 'nat64_address': null,"
	    " 'port': 'tcp:443', 'name': 'www.shop.example', 'reason': 'no-rule', 'rule': null,"
	    " 'file': null, 'line': null, 'suggestion': 'allow www.shop.example https:443', 'layer': "
	    "'hook', 'device': null, 'device_subject': null, 'passes_now': false, 'protocol': 'tcp', "
	    "'port_number': 443,"
	    " 'hostnetwork': false, 'namespace': null, 'pod': null, 'pod_uid': null, 'container': null,"
	    " 'container_id': null, 'workload': '/system.slice/app.service', 'gone': true,"
	    " 'subject': '/system.slice/app.service', 'cgroup_id': 9223090561878065153,"
	    " 'process': 'curl', 'pid': 4242}]");
}

static void what_nobody_knows_is_null(void **state)
{
	static struct kernel kernel;
	json_t *rows, *row;

	(void)state;
	kernel = (struct kernel){.config = {.settings = {{.audit = 1}}}, .meta = {.policy_generation = 4}};
	set_rule(&kernel, RULE_DENY, "deny 2001:db8::/32", 9);
	add_drop(&kernel,
		 (struct egret_drop_key){.cgroup_id = CGROUP_GONE,
					 .addr = addr("2001:db8::1"),
					 .l4_proto = IPPROTO_GRE,
					 .reason = EGRET_REASON_DENY_RULE,
					 .rule = RULE_DENY,
					 .audited = 1},
		 drop_of(1, 0, 0, 4));
	assert_int_equal(view_drops(&kernel, &rows), 0);
	row = json_array_get(rows, 0);
	take_time(row, "first_time", 0);
	take_time(row, "last_time", 0);
	take_uncompleted(row);
	assert_view(
	    rows,
	    "[{'packets_total': 1, 'others_total': 0, 'audited': true, 'outdated': false, 'call': null, 'address': "
	    "'2001:db8::1', 'nat64_address': null,"
	    " 'port': 'protocol:47', 'name': null, 'reason': 'deny-rule', 'rule': 'deny 2001:db8::/32',"
	    " 'file': 'policy.rules', 'line': 9, 'suggestion': null, 'layer': 'hook', 'device': null, "
	    "'device_subject': null, 'subject': null, 'passes_now': false, 'protocol': 'protocol:47',"
	    " 'port_number': null, 'hostnetwork': false, 'namespace': null, 'pod': null, 'pod_uid': null,"
	    " 'container': null, 'container_id': null, 'workload': null, 'gone': true,"
	    " 'cgroup_id': 9223090561878065154, 'process': null, 'pid': null}]");
}

/* The device's name stands where a process has its own: it is none. */
static void a_layer_says_by_which_device(void **state)
{
	static struct kernel kernel;
	struct denial denial = {
	    .key = {.addr = addr("20.6.6.6"), .l4_proto = IPPROTO_UDP, .port = 9, .reason = EGRET_REASON_NOT_A_SOCKET},
	    .drop = {.ifindex = 7, .comm = "veth7"}};
	char why[REASON_TEXT_SIZE];
	json_t *row;

	(void)state;
	row = denial_to_json(&kernel, &denial, NULL); /* it is gone */
	assert_string_equal(json_text(row, "layer"), "device");
	assert_string_equal(json_text(row, "device"), "veth7");
	assert_string_equal(json_text(row, "process"), "");
	assert_string_equal(reason_of_row(row, why), "past its socket (AF_PACKET, AF_XDP, TUN, nested), and no rule "
						     "allows it (by device veth7, when nobody knew whose it is)");
	assert_string_equal(json_text(row, "device_subject"), "");
	json_decref(row);

	set_subject_path(&kernel, CGROUP_NOTED, "/system.slice/app.service");
	kernel.device_owner = CGROUP_NOTED;
	denial.key.reason = EGRET_REASON_NOT_IP;
	row = denial_to_json(&kernel, &denial, NULL);
	assert_string_equal(json_text(row, "device_subject"), "/system.slice/app.service");
	assert_true(json_is_null(json_object_get(row, "address")) && json_is_null(json_object_get(row, "port")));
	json_decref(row);

	kernel = (struct kernel){.devices = {{7, {.flags = EGRET_DEVICE_UPLINK, .name = "eth\001"}, .egress = true}},
				 .device_count = 1};
	denial.drop.pid = 42;
	memcpy(denial.drop.comm, "ping", sizeof("ping"));
	row = denial_to_json(&kernel, &denial, NULL);
	assert_string_equal(json_text(row, "layer"), "uplink");
	assert_string_equal(json_text(row, "device"), "eth?");
	assert_string_equal(json_text(row, "process"), "ping");
	json_decref(row);
}

static void what_may_not_begin_is_a_call(void **state)
{
	static struct kernel kernel;
	struct egret_drop drop = drop_of(2, 0, 0, 4);
	json_t *rows, *row;

	(void)state;
	kernel = (struct kernel){
	    .config = {.settings = {{.layers = EGRET_LAYERS_AUDIT, .families = egret_family_bit(EGRET_FAMILY_INET)}}},
	    .meta = {.policy_generation = 4}};
	add_drop(&kernel, (struct egret_drop_key){.port = 40, .reason = EGRET_REASON_FAMILY, .audited = 1}, drop);
	assert_int_equal(view_drops(&kernel, &rows), 0);
	row = json_array_get(rows, 0);
	take_time(row, "first_time", 0);
	take_time(row, "last_time", 0);
	take_uncompleted(row);
	assert_view(
	    rows,
	    "[{'packets_total': 2, 'others_total': 0, 'audited': true, 'outdated': false, 'call': 'socket vsock',"
	    " 'address': null, 'nat64_address': null, 'port': null, 'name': null, 'reason': 'family', 'rule': null,"
	    " 'file': null, 'line': null, 'suggestion': 'set families = inet vsock', 'layer': 'source',"
	    " 'device': null, 'device_subject': null, 'subject': null, 'cgroup_id': 0, 'process': null, 'pid': null,"
	    " 'passes_now': false, 'protocol': null, 'port_number': null, 'hostnetwork': false, 'namespace': null,"
	    " 'pod': null, 'pod_uid': null, 'container': null, 'container_id': null, 'workload': null,"
	    " 'gone': false}]");
}

/* Layers may only audit where the hook denies: their rows are of now all the same. */
static void what_layers_audit_is_of_the_running_policy(void **state)
{
	static struct kernel kernel;
	struct egret_drop drop = drop_of(1, 0, 0, 4);
	json_t *rows, *row;
	size_t i;

	(void)state;
	kernel =
	    (struct kernel){.config = {.settings = {{.layers = EGRET_LAYERS_AUDIT}}}, .meta = {.policy_generation = 4}};
	add_drop(&kernel, (struct egret_drop_key){.reason = EGRET_REASON_NO_RULE, .audited = 1}, drop);
	add_drop(&kernel, (struct egret_drop_key){.reason = EGRET_REASON_NO_RULE}, drop);
	drop.ifindex = 7;
	add_drop(&kernel, (struct egret_drop_key){.reason = EGRET_REASON_TUNNEL, .audited = 1}, drop);
	add_drop(&kernel, (struct egret_drop_key){.reason = EGRET_REASON_TUNNEL}, drop);
	assert_int_equal(view_drops(&kernel, &rows), 0);
	json_array_foreach (rows, i, row)
		assert_int_equal(json_flag(row, "outdated"),
				 json_flag(row, "audited") != !strcmp(json_text(row, "layer"), "device"));
	json_decref(rows);
}

static void ports_are_as_the_language_writes_them(void **state)
{
	static const struct {
		uint8_t l4_proto;
		uint16_t port;
		const char *text;
	} cases[] = {
	    {IPPROTO_TCP, 22, "tcp:22"},    {IPPROTO_UDP, 53, "udp:53"},        {IPPROTO_SCTP, 3868, "sctp:3868"},
	    {IPPROTO_ICMP, 8 << 8, "icmp"}, {IPPROTO_ICMPV6, 128 << 8, "icmp"}, {IPPROTO_ESP, 0, "protocol:50"},
	};
	static struct kernel kernel;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct denial denial = {
		    .key = {.cgroup_id = CGROUP_GONE, .l4_proto = cases[i].l4_proto, .port = cases[i].port}};
		json_t *row = denial_to_json(&kernel, &denial, NULL);

		assert_string_equal(json_text(row, "port"), cases[i].text);
		json_decref(row);
	}
}

/* What rows that made room had counted is told as one of their owner. */
static void what_made_room_is_counted_by_owner(void **state)
{
	static struct kernel kernel;
	char why[REASON_TEXT_SIZE];
	json_t *rows, *row;

	(void)state;
	kernel = (struct kernel){.meta = {.policy_generation = 4}, .others_count = 1};
	set_subject_path(&kernel, CGROUP_NOTED, "/system.slice/app.service");
	kernel.others[0].owner = CGROUP_NOTED;
	kernel.others[0].others = (struct egret_others){
	    .packets = 90, .rows = 80, .generation = 4, .last_ns = clock_kernel_ns() - 5 * CLOCK_NS_PER_SEC};
	assert_int_equal(view_drops(&kernel, &rows), 0);
	row = json_array_get(rows, 0);
	assert_string_equal(denial_address(row), "other destinations");
	assert_string_equal(reason_of_row(row, why), "80 rows of this subject made room for newer ones");
	take_time(row, "last_time", 5);
	take_uncompleted(row);
	assert_view(
	    rows,
	    "[{'packets_total': 90, 'others_total': 80, 'audited': false, 'outdated': false,"
	    " 'call': null, 'address': null, 'nat64_address': null, 'port': null, 'name': null, 'reason': null, "
	    "'rule': null,"
	    " 'file': null, 'line': null, 'suggestion': null, 'layer': null, 'device': null, 'device_subject': null,"
	    " 'passes_now': false, 'protocol': null, 'port_number': null, 'hostnetwork': false, 'namespace': null,"
	    " 'pod': null, 'pod_uid': null, 'container': null, 'container_id': null,"
	    " 'workload': '/system.slice/app.service', 'gone': true,"
	    " 'subject': '/system.slice/app.service', 'cgroup_id': 9223090561878065153,"
	    " 'process': null, 'pid': null, 'first_time': null}]");
}

/* The log folder, which tells a pod's name, goes with the pod: what the agent noted stays. */
static void a_pod_that_is_gone_has_the_name_that_was_noted(void **state)
{
	static struct kernel kernel;
	json_t *row = json_object();

	(void)state;
	kernel = (struct kernel){
	    .noted = {{"0a1b2c3d-0000-4000-8000-000000000001", "shop/web-6d5f9c4b7-x2k9p"}, {"0123456789ab", "app"}},
	    .noted_count = 2};
	set_subject_path(&kernel, CGROUP_NOTED,
			 "/kubepods/burstable/pod0a1b2c3d-0000-4000-8000-000000000001/0123456789abcdef");
	json_set_subject(row, &kernel, CGROUP_NOTED, 0, NULL);
	assert_view(row, "{'subject': 'pod shop/web-6d5f9c4b7-x2k9p container 0123456789ab', 'namespace': 'shop',"
			 " 'pod': 'web-6d5f9c4b7-x2k9p', 'pod_uid': '0a1b2c3d-0000-4000-8000-000000000001',"
			 " 'container': 'app', 'container_id': '0123456789ab', 'workload': 'shop/web', 'gone': true,"
			 " 'cgroup_id': 9223090561878065153}");
}

/* What rules now before the rest, of each the worst first, of equals the last one first. */
static void the_worst_stands_first(void **state)
{
	static const char *const order[] = {"20.0.0.3", "20.0.0.5", "20.0.0.2", "20.0.0.1", "20.0.0.4"};
	static struct kernel kernel;
	struct egret_drop_key key = {.l4_proto = IPPROTO_TCP, .cgroup_id = CGROUP_GONE};
	json_t *rows;

	(void)state;
	kernel = (struct kernel){.meta = {.policy_generation = 8}};
	key.addr = addr("20.0.0.1"), add_drop(&kernel, key, drop_of(900, 9, 9, 7));
	key.addr = addr("20.0.0.2"), add_drop(&kernel, key, drop_of(5, 9, 9, 8));
	key.addr = addr("20.0.0.3"), add_drop(&kernel, key, drop_of(70, 9, 9, 9));
	key.addr = addr("20.0.0.5"), add_drop(&kernel, key, drop_of(5, 9, 2, 8));
	key.audited = 1;
	key.addr = addr("20.0.0.4"), add_drop(&kernel, key, drop_of(800, 9, 9, 8));
	assert_int_equal(view_drops(&kernel, &rows), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(json_text(json_array_get(rows, i), "address"), order[i]);
		assert_int_equal(json_flag(json_array_get(rows, i), "outdated"), i >= 3);
	}
	json_decref(rows);
}

/* In audit, what began before and could not begin again is a row without a packet. */
static void what_existed_before_an_audit_is_a_row(void **state)
{
	static struct kernel kernel;
	json_t *rows;

	(void)state;
	kernel = (struct kernel){.config = {.settings = {{.audit = 1}}}, .existing_count = 2};
	kernel.existing[0] = (struct egret_existing){
	    .addr = addr("51.0.0.1"), .cgroup_id = CGROUP_GONE, .seen_ns = clock_kernel_ns(), .port = 443};
	kernel.existing[1] = kernel.existing[0];
	kernel.existing[1].addr = addr("51.0.0.2");
	kernel.existing[1].allowed = 1;
	assert_int_equal(view_drops(&kernel, &rows), 0);
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(json_number(json_array_get(rows, 0), "packets_total"), 0);
	assert_true(json_flag(json_array_get(rows, 0), "audited"));
	json_decref(rows);
	kernel.config.settings[0].audit = 0;
	assert_int_equal(view_drops(&kernel, &rows), 0);
	assert_view(rows, "[]");
}

static void a_special_address_says_what_to_add(void **state)
{
	json_t *row = json_object();
	char text[REASON_TEXT_SIZE];

	(void)state;
	json_set_text(row, "reason", "special-address");
	json_set_text(row, "name", "api.example");
	json_set_text(row, "address", "10.9.0.1");
	assert_string_equal(reason_of_row(row, text), "a rule has the name, but this is an address that a name may not "
						      "bring in; allow the address itself");
	json_set_text(row, "rule", "allow api.example tcp:443");
	json_set_text(row, "file", "p.rules");
	json_set_number(row, "line", 3);
	assert_string_equal(reason_of_row(row, text),
			    "p.rules:3 names api.example, but 10.9.0.1 is a private address, which a name may not "
			    "bring in: add `allow 10.9.0.1 tcp:443`, or `private` behind the rule's ports");
	json_set_text(row, "reason", "port");
	assert_string_equal(reason_of_row(row, text), "rules name this destination, but not this port and protocol");
	json_decref(row);
}

/* Asked once a view, and none mixed up with another one of the same slot. */
static void each_row_has_its_own_subject(void **state)
{
	static const uint64_t ids[] = {CGROUP_NOTED, CGROUP_NOTED, CGROUP_NOTED + SUBJECT_CACHE_SLOTS, CGROUP_NOTED};
	static const char *const names[] = {"/one", "/one", "/two", "/one"};
	struct subject_cache cache = {};
	static struct kernel kernel;

	(void)state;
	kernel = (struct kernel){};
	set_subject_path(&kernel, ids[0], "/one");
	set_subject_path(&kernel, ids[2], "/two");
	for (size_t i = 0; i < 4; i++) {
		json_t *row = json_object();

		json_set_subject(row, &kernel, ids[i], 0, &cache);
		assert_string_equal(json_text(row, "subject"), names[i]);
		assert_true(json_integer_value(json_object_get(row, "cgroup_id")) == (json_int_t)ids[i]);
		json_decref(row);
		if (i == 0) /* what is kept is not asked for again */
			snprintf(kernel.subjects[0].subject.path, sizeof(kernel.subjects[0].subject.path), "/moved");
		if (i == 1)
			snprintf(kernel.subjects[0].subject.path, sizeof(kernel.subjects[0].subject.path), "/one");
	}
	subject_cache_clear(&cache);
}

static void rules_say_what_they_let_through(void **state)
{
	static struct kernel kernel;
	json_t *rows;

	(void)state;
	kernel = (struct kernel){};
	fake_instance = &kernel;
	set_rule(&kernel, RULE_A, "allow a.example tcp:443", 2);
	set_rule(&kernel, RULE_DENY, "deny 51.0.0.0/8", 3);
	snprintf(kernel.texts[RULE_A].purpose, sizeof(kernel.texts[RULE_A].purpose), "the shop");
	kernel.counters[RULE_A] = (struct egret_counter){12, 800};
	kernel.hits[RULE_A] = (struct egret_hit){12, AT_NS, AT_NS - 86400 * CLOCK_NS_PER_SEC};
	kernel.hits[RULE_DENY] = (struct egret_hit){0, 0, AT_NS};
	kernel.counters[EGRET_RULE_INBOUND] = (struct egret_counter){7, 70};
	add_drop(&kernel, (struct egret_drop_key){.reason = EGRET_REASON_DENY_RULE, .rule = RULE_DENY, .audited = 1},
		 drop_of(5, 9, 9, 1));
	add_drop(&kernel, (struct egret_drop_key){.reason = EGRET_REASON_DENY_RULE, .rule = RULE_DENY, .audited = 0},
		 drop_of(900, 9, 9, 1));
	assert_int_equal(view_rules(&kernel, "x", &rows), 0);
	assert_true(json_is_string(json_object_get(json_array_get(rows, 1), "would_deny_last_time")));
	json_object_del(json_array_get(rows, 1), "would_deny_last_time");
	assert_view(
	    rows,
	    "[{'rule_id': 16, 'rule': 'allow a.example tcp:443', 'file': 'policy.rules', 'line': 2,"
	    "  'purpose': 'the shop', 'packets_total': 12, 'bytes_total': 800,"
	    "  'last_time': '2026-11-27T18:00:00Z', 'last_hit_time': '2026-11-27T18:00:00Z',"
	    "  'recorded_since_time': '2026-11-26T18:00:00Z', 'unused_since_time': '2026-11-27T18:00:00Z',"
	    "  'untimed_packets_count': 0, 'audit': false,"
	    "  'would_deny_packets_count': 0, 'would_deny_last_time': null},"
	    " {'rule_id': 17, 'rule': 'deny 51.0.0.0/8', 'file': 'policy.rules', 'line': 3,"
	    "  'purpose': null, 'packets_total': 0, 'bytes_total': 0, 'last_time': null, 'last_hit_time': null,"
	    "  'recorded_since_time': '2026-11-27T18:00:00Z', 'unused_since_time': '2026-11-27T18:00:00Z',"
	    "  'untimed_packets_count': 0, 'audit': false, 'would_deny_packets_count': 5},"
	    " {'rule_id': 2, 'rule': '(inbound)', 'file': null, 'line': null, 'purpose': null,"
	    "  'packets_total': 7, 'bytes_total': 70, 'last_time': null, 'last_hit_time': null,"
	    "  'recorded_since_time': null, 'unused_since_time': null, 'untimed_packets_count': 7, 'audit': false,"
	    "  'would_deny_packets_count': 0, 'would_deny_last_time': null}]");
}

/* An agent looks every 10 s: what moved since moved now. Without one, nobody can tell when. */
static void a_hit_is_timed_by_the_agent(void **state)
{
	static struct kernel kernel;
	json_t *rows, *row;

	(void)state;
	kernel = (struct kernel){};
	fake_instance = &kernel;
	set_rule(&kernel, RULE_A, "allow a.example tcp:443", 2);
	kernel.counters[RULE_A] = (struct egret_counter){15, 800};
	kernel.hits[RULE_A] = (struct egret_hit){12, AT_NS, AT_NS};
	assert_int_equal(view_rules(&kernel, "x", &rows), 0);
	row = json_array_get(rows, 0);
	assert_string_equal(json_text(row, "last_time"), "2026-11-27T18:00:00Z");
	assert_int_equal(json_number(row, "untimed_packets_count"), 3);
	assert_true(json_is_null(json_object_get(row, "unused_since_time")));
	json_decref(rows);
	kernel.held = true;
	assert_int_equal(view_rules(&kernel, "x", &rows), 0);
	row = json_array_get(rows, 0);
	assert_int_equal(json_number(row, "untimed_packets_count"), 0);
	take_time(row, "last_time", 0);
	take_time(row, "unused_since_time", 0);
	json_decref(rows);
}

static void set_name(struct kernel *kernel, uint32_t index, const char *name, enum egret_name_state state)
{
	snprintf(kernel->names[index].name, sizeof(kernel->names[index].name), "%s", name);
	kernel->names[index].state = state;
}

static void learned_addresses_say_for_whom_and_how_long(void **state)
{
	static struct kernel kernel;
	struct kernel_lesson *lessons = kernel.lessons_of;
	size_t ended;
	json_t *rows;

	(void)state;
	kernel = (struct kernel){.config = {.generation = 3}, .lesson_count = 3};
	set_name(&kernel, 1, "a.example", EGRET_NAME_RESOLVED);
	set_name(&kernel, 2, "*.wild.example", EGRET_NAME_PATTERN);
	set_subject_path(&kernel, CGROUP_NOTED, "/a.slice");
	set_asked(&kernel, NAME_KEY, "x.wild.example");
	/* One that holds; one that may not bring in its address; one that ended. */
	lessons[0] = (struct kernel_lesson){.addr = addr("20.1.0.7"),
					    .scope = 12,
					    .owner = CGROUP_NOTED,
					    .name = NAME_KEY,
					    .policy_name = 2,
					    .brings_in = true,
					    .left_sec = 30};
	lessons[1] = lessons[0];
	lessons[1].brings_in = false;
	lessons[2] = lessons[0];
	lessons[2].left_sec = -5;
	assert_int_equal(view_learned(&kernel, &rows, &ended), 0);
	assert_int_equal(ended, 1);
	assert_int_equal(json_array_size(rows), 1);
	take_time(json_array_get(rows, 0), "expires_time", -30);
	assert_view(rows, "[{'address': '20.1.0.7', 'name': 'x.wild.example', 'policy_name': '*.wild.example',"
			  " 'left_seconds': 30, 'subject': '/a.slice', 'cgroup_id': 9223090561878065153,"
			  " 'namespace': null, 'pod': null, 'pod_uid': null, 'container': null, 'container_id': null,"
			  " 'workload': '/a.slice', 'gone': true,"
			  " 'scope': 12}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_denial_says_who_where_why_and_what_to_write),
	    cmocka_unit_test(what_nobody_knows_is_null),
	    cmocka_unit_test(a_layer_says_by_which_device),
	    cmocka_unit_test(what_may_not_begin_is_a_call),
	    cmocka_unit_test(what_layers_audit_is_of_the_running_policy),
	    cmocka_unit_test(ports_are_as_the_language_writes_them),
	    cmocka_unit_test(what_made_room_is_counted_by_owner),
	    cmocka_unit_test(a_pod_that_is_gone_has_the_name_that_was_noted),
	    cmocka_unit_test(the_worst_stands_first),
	    cmocka_unit_test(what_existed_before_an_audit_is_a_row),
	    cmocka_unit_test(a_special_address_says_what_to_add),
	    cmocka_unit_test(each_row_has_its_own_subject),
	    cmocka_unit_test(rules_say_what_they_let_through),
	    cmocka_unit_test(a_hit_is_timed_by_the_agent),
	    cmocka_unit_test(learned_addresses_say_for_whom_and_how_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
