// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* status: what is wrong, how the agent is, and each value of JSON, exactly. */
#include "view.h"

#include <netinet/in.h>
#include <string.h>

#include "view/explain.h"
#include "view/findings.h"
#include "view/health.h"
#include "view/status.h"
#include "view/subjects.h"

static struct egret_meta meta_of_a_good_one(void)
{
	struct egret_meta meta = {.attached_ns = AT_NS, .policy_ns = AT_NS + 60 * CLOCK_NS_PER_SEC, .enforcing = 1};

	snprintf(meta.version, sizeof(meta.version), "9.9");
	return meta;
}

struct life {
	bool held;
	int64_t silent_sec;
	bool live;
	const char *sentence;
};

/* Reads like what `status` and a probe say. */
static void the_agent_is_described(void **state)
{
	static const struct life cases[] = {
	    {true, 3, true, "alive, pid 7, last sign of life 3 s ago"},
	    {true, 29, true, "alive, pid 7, last sign of life 29 s ago"},
	    {true, 30, false, "starts or hangs: no sign of life for 30 s"},
	    {true, -1, false, "starts; no sign of life yet"},
	    {false, -1, false, "not running"},
	    {false, 5, false,
	     "not running (last sign of life 5 s ago): what is attached goes on, names are no longer refreshed"},
	};
	struct egret_meta meta = meta_of_a_good_one();
	char text[AGENT_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct health_facts facts = {.held = cases[i].held,
					     .attached = true,
					     .missing_hook = "",
					     .pid = 7,
					     .silent_sec = cases[i].silent_sec,
					     .meta = &meta};
		struct health health;
		json_t *view;

		health_judge(&facts, &health);
		assert_int_equal(health.live, cases[i].live);
		view = json_pack("{s:b, s:{s:b, s:o, s:o}}", "live", health.live, "agent", "alive", facts.held, "pid",
				 health.live ? json_integer(facts.pid) : json_null(), "heartbeat_age_seconds",
				 facts.silent_sec < 0 ? json_null() : json_integer(facts.silent_sec));
		assert_string_equal(agent_format(view, text), cases[i].sentence);
		json_decref(view);
	}
}

/* What is looked at first wins; each row mends what the one before it was about. */
static void the_first_reason_is_told(void **state)
{
	struct egret_meta meta = {.asked_audit = 0};
	struct health_facts facts = {.missing_hook = "connect4", .silent_sec = -1, .meta = &meta};
	struct health health;

	(void)state;
	health_judge(&facts, &health);
	assert_string_equal(health.problem.kind, "not-attached");
	assert_string_equal(health.problem.text, "nothing is attached yet, so nothing is governed");
	meta.attached_ns = AT_NS;
	health_judge(&facts, &health);
	assert_string_equal(health.problem.text,
			    "hook connect4 is not attached, so the cgroup is not governed; start the agent anew");
	facts.attached = true;
	health_judge(&facts, &health);
	assert_string_equal(health.problem.kind, "not-proven");
	meta.enforcing = 1;
	facts.held = true;
	facts.silent_sec = 50;
	health_judge(&facts, &health);
	assert_string_equal(health.problem.kind, "agent");
	assert_string_equal(health.problem.text, "the agent starts or hangs: no sign of life for 50 s");
	facts.held = false;
	health_judge(&facts, &health);
	assert_null(health.problem.kind);
	assert_string_equal(health.not_ready.text, "no agent runs, so a change of the policy would not be seen");
	facts.held = true;
	facts.silent_sec = 1;
	meta.probation_ends_ns = AT_NS;
	snprintf(meta.problems[EGRET_PROBLEM_REQUIRED], EGRET_PROBLEM_SIZE, "a required one");
	snprintf(meta.problems[EGRET_PROBLEM_FLOOR], EGRET_PROBLEM_SIZE, "no floor"); /* rules all the same */
	snprintf(meta.waiting, sizeof(meta.waiting), "waits");
	health_judge(&facts, &health);
	assert_string_equal(health.not_ready.kind, "required");
	meta.problems[EGRET_PROBLEM_REQUIRED][0] = '\0';
	health_judge(&facts, &health);
	assert_string_equal(health.not_ready.kind, "probation");
	meta.waiting[0] = '\0';
	facts.audits = true;
	health_judge(&facts, &health);
	assert_string_equal(health.not_ready.kind, "audit");
	assert_false(health.ready);
	facts.audits = false;
	health_judge(&facts, &health);
	assert_true(health.ready && health.live);
}

#define NO_REASON                                                                                                      \
	"'no-rule': 0, 'class': 0, 'deny-rule': 0, 'malformed': 0, 'fragment': 0, 'extension-header': 0,"              \
	"'source-route': 0, 'no-memory': 0, 'dns-name': 0, 'stale-agent': 0, 'forged': 0, 'foreign-source': 0,"        \
	"'special-address': 0, 'not-a-socket': 0, 'tunnel': 0, 'rewritten': 0, 'not-ip': 0, 'unlooked': 0,"            \
	"'service-outside': 0, 'family': 0, 'option': 0, 'not-server': 0, 'ipsec': 0, 'expired': 0, 'before-attach': " \
	"0,"
#define NONE "{'packets_total': 0, 'bytes_total': 0}"
#define NO_LOOK                                                                                                        \
	"'socket': " NONE ", 'rule': " NONE ", 'link': " NONE ", 'outside': " NONE ", 'looked-at': " NONE              \
	", 'overlay': " NONE ", 'service-unknown': " NONE ", 'no-policy': " NONE
#define STANDS "'standing': 'stands', 'why_text': null, 'attached': true, "
#define NO_LESSON                                                                                                      \
	"'outside': 0, 'unasked': 0, 'mismatch': 0, 'truncated': 0, 'malformed': 0, 'failed': 0, 'rebinding': 0,"      \
	"'stray': 0, 'other_type': 0, 'parameters': 0, 'scopeless': 0, 'full': 0, 'busy': 0, 'crossed': 0, 'early': 0, 'gap': 0, "   \
	"'overlap': 0, 'overflow': 0, 'packed': 0,"                                                                    \
	"'parts': 0, 'astray': 0, 'names': 0, 'unread': 0, 'crowded': 0, 'exact': 0, 'differs': 0, "                   \
	"'asked_anew': 0, 'untold': 0, 'unsought': 0"

static void add_device(struct kernel *kernel, uint32_t ifindex, const char *name, uint32_t flags, bool ingress,
		       bool egress)
{
	size_t i = kernel->device_count++;

	kernel->devices[i].ifindex = ifindex;
	kernel->devices[i].device.flags = flags;
	snprintf(kernel->devices[i].device.name, sizeof(kernel->devices[i].device.name), "%s", name);
	kernel->devices[i].ingress = ingress;
	kernel->devices[i].egress = egress;
}

static void fill_layers(struct kernel *kernel)
{
	kernel->config.settings[0].layers = EGRET_LAYERS_ENFORCE;
	kernel->meta.layers[EGRET_LAYER_DEVICE].standing = EGRET_LAYER_STANDS;
	kernel->meta.layers[EGRET_LAYER_UPLINK].standing = EGRET_LAYER_STANDS;
	for (int source = 0; source < EGRET_SOURCE_COUNT; source++)
		kernel->meta.sources[source].standing = EGRET_LAYER_STANDS;
	for (int source = 0; source < EGRET_SOURCE_TRACED; source++)
		kernel->sources[source].attached = true;
	kernel->sources[EGRET_SOURCE_FRAMES].missed = 6;
	add_device(kernel, 7, "veth0", EGRET_DEVICE_LEADS_IN | EGRET_DEVICE_LOOKED, true, false);
	add_device(kernel, 8, "veth1", EGRET_DEVICE_LEADS_IN, false, false);
	add_device(kernel, 2, "eth0", EGRET_DEVICE_UPLINK, false, true);
	/* What leaves by it is looked at below it. */
	add_device(kernel, 3, "eth0.7", EGRET_DEVICE_UPLINK | EGRET_DEVICE_ABOVE, false, false);
	kernel->looks[EGRET_LAYER_DEVICE][EGRET_LOOK_KERNEL] = (struct egret_counter){3, 90};
	kernel->looks[EGRET_LAYER_UPLINK][EGRET_LOOK_UNLOOKED] = (struct egret_counter){5, 500};
	kernel->looks[EGRET_LAYER_UPLINK][EGRET_LOOK_TRANSIT] = (struct egret_counter){9, 900};
}

static void fill(struct kernel *kernel)
{
	*kernel = (struct kernel){.config = {.keep_existing = 1}, .meta = meta_of_a_good_one()};
	snprintf(kernel->meta.policy_path, sizeof(kernel->meta.policy_path), "/etc/p.rules");
	snprintf(kernel->meta.policy_hash, sizeof(kernel->meta.policy_hash), "abcd");
	snprintf(kernel->meta.cgroup_path, sizeof(kernel->meta.cgroup_path), "/was/here");
	snprintf(kernel->meta.problems[EGRET_PROBLEM_FLOOR], EGRET_PROBLEM_SIZE, "no floor");
	snprintf(kernel->meta.absent_cgroups, sizeof(kernel->meta.absent_cgroups), "/a.slice\n/b\001.slice\n");
	kernel->meta.absent_cgroup_count = 3; /* for one there was no room */
	kernel->late_subjects = 7;
	kernel->meta.governed_cgroup = CGROUP_GONE; /* so nobody is below it */
	kernel->meta.rules = 2;
	set_rule(kernel, 16, "allow a.example tcp:443", 1);
	set_rule(kernel, 17, "deny 51.0.0.0/8", 2);
	kernel->counters[16].packets = 10;
	kernel->counters[17].packets = 4; /* taken away, not allowed */
	kernel->counters[EGRET_RULE_KERNEL].packets = 3;
	kernel->counters[EGRET_RULE_AUDITED].packets = 100; /* passed, and not allowed */
	kernel->reasons[0][EGRET_REASON_PORT].packets = 4;
	kernel->reasons[1][EGRET_REASON_PORT].packets = 6;
	kernel->lessons[EGRET_LESSON_ADDRESS].packets = 5;
	kernel->names[1] = (struct egret_name){
	    .name = "a.example", .state = EGRET_NAME_STALE, .failures = 2, .addresses = 1, .answered_ns = AT_NS};
	kernel->names[2] = (struct egret_name){.name = "b.example", .state = EGRET_NAME_RESOLVED};
	kernel->names[3] = (struct egret_name){.name = "*.c.example", .state = EGRET_NAME_PATTERN};
	kernel->existing[0] = (struct egret_existing){.addr = addr("51.0.0.1"), .cgroup_id = CGROUP_GONE, .port = 22};
	kernel->existing[1] = (struct egret_existing){.addr = addr("51.0.0.2"), .allowed = 1};
	kernel->existing_count = 2;
	kernel->special_addr = addr("10.9.0.1");
	kernel->special_rule = 16;
	kernel->meta.resolvers[0] = (struct egret_resolver){.addr = addr("20.0.0.53"),
							    .state = EGRET_RESOLVER_SILENT,
							    .last_answer_ns = AT_NS,
							    .unanswered_since_ns = AT_NS + CLOCK_NS_PER_SEC,
							    .queries = 100,
							    .answers = 80,
							    .failures = 7,
							    .timeouts = 13,
							    .failures_since_answer = 1,
							    .timeouts_since_answer = 4};
	kernel->meta.resolvers[1] = (struct egret_resolver){.addr = addr("fe80::53"), .zone = "eth0", .state = 99};
	kernel->meta.resolvers[2].state = EGRET_RESOLVER_SILENT; /* behind the last one */
	kernel->meta.resolver_count = 2;
	kernel->fills[0] =
	    (struct kernel_map_fill){.name = "drops", .entries = 90, .max_entries = 100, .counted = true};
	kernel->fills[1] = (struct kernel_map_fill){.name = "addrs",
						    .entries = 4,
						    .max_entries = 4,
						    .memory_bytes = 4096,
						    .sized_to_policy = true,
						    .counted = true};
	kernel->fills[2] = (struct kernel_map_fill){.name = "config", .max_entries = 1};
	kernel->fill_count = 3;
	fill_layers(kernel);
	kernel->socket_memory = (struct kernel_socket_memory){.each_bytes = 1216, .shared_bytes = 8192};
}

static void status_has_each_value(void **state)
{
	static struct kernel kernel;

	(void)state;
	fill(&kernel);
	fake_instance = &kernel;
	assert_view(
	    view_status(&kernel, "node", &kernel.meta, NULL),
	    "{'instance': 'node', 'mode': 'enforcing', 'attached': true, 'missing_hook': null,"
	    "'agent': {'alive': false, 'pid': null, 'heartbeat_age_seconds': null}, 'live': false, 'ready': false,"
	    "'not_ready': {'kind': 'agent', 'text': 'no agent runs, so a change of the policy would not be seen'},"
	    "'problems': [{'kind': 'floor', 'text': 'no floor'}], 'version': '9.9',"
	    "'attached_time': '2026-11-27T18:00:00Z', 'cgroup': '/was/here', 'cgroup_gone': true,"
	    "'subjects': {'kubepods': [], 'kubelets': [], 'late_total': 7},"
	    "'absent_cgroups': ['/a.slice', '/b?.slice'], 'absent_cgroups_count': 3,"
	    "'only_audited': null, 'policy': {'path': '/etc/p.rules', 'hash': 'abcd', 'loaded_time': "
	    "'2026-11-27T18:01:00Z',"
	    " 'rules_count': 2, 'warnings_count': 0}, 'probation': null,"
	    "'names': {'state_count': {'pending': 0, 'resolved': 1, 'stale': 1, 'failed': 0, 'pattern': 1,"
	    " 'no-address': 0, 'from-disk': 0, 'unconfirmed': 0}, 'failing': [{'name': 'a.example', 'state': 'stale', "
	    "'failures_count': "
	    "2,"
	    " 'answered_time': '2026-11-27T18:00:00Z', 'addresses_count': 1}]},"
	    "'resolvers': [{'address': '20.0.0.53', 'state': 'silent', 'answered_time': '2026-11-27T18:00:00Z',"
	    " 'unanswered_since_time': '2026-11-27T18:00:01Z', 'queries_total': 100, 'answers_total': 80,"
	    " 'failures_total': 7, 'timeouts_total': 13, 'failures_since_answer_count': 1,"
	    " 'timeouts_since_answer_count': 4}, {'address': 'fe80::53%eth0', 'state': 'unknown',"
	    " 'answered_time': null, 'unanswered_since_time': null, 'queries_total': 0, 'answers_total': 0,"
	    " 'failures_total': 0, 'timeouts_total': 0, 'failures_since_answer_count': 0,"
	    " 'timeouts_since_answer_count': 0}],"
	    "'packets': {'allowed_total': 13, 'denied_total': 4, 'would_deny_total': 6,"
	    " 'denied_by_reason_total': {" NO_REASON "'port': 4},"
	    " 'would_deny_by_reason_total': {" NO_REASON "'port': 6}},"
	    "'dns_total': {'addresses': 5, " NO_LESSON "},"
	    "'existing': [{'address': '51.0.0.1', 'port': 'tcp:22', 'subject': null, 'namespace': null, 'pod': null,"
	    " 'pod_uid': null, 'container': null, 'container_id': null, 'workload': null, 'gone': true,"
	    " 'cgroup_id': 9223090561878065154}],"
	    "'unserved': [], 'special_addresses': [{'name': 'a.example', 'address': '10.9.0.1', 'nat64_address': null, "
	    "'reason': "
	    "'special-address',"
	    " 'rule': 'allow a.example tcp:443', 'file': 'policy.rules', 'line': 1}],"
	    "'maps': [{'map': 'drops', 'entries_count': 90, 'max_entries_count': 100, 'memory_bytes': 0,"
	    " 'sized_to_policy': false, 'full': true}, {'map': 'addrs', 'entries_count': 4, 'max_entries_count': 4,"
	    " 'memory_bytes': 4096, 'sized_to_policy': true, 'full': false}, {'map': 'config', 'entries_count': null,"
	    " 'max_entries_count': 1, 'memory_bytes': 0, 'sized_to_policy': false, 'full': false}],"
	    "'maps_memory_bytes': 4096, 'sockets': {'each_max_bytes': 1216, 'shared_memory_bytes': 8192}, 'unjudged': "
	    "5,"
	    "'blind': [{'kind': 'device', 'text': 'what comes in by pods\\u0027 devices (no program at veth1)'}, "
	    "{'kind': "
	    "'cards',"
	    " 'text': 'network cards (SR-IOV) that were moved into pods'}], 'layers_only_audit': "
	    "null, 'unnamed_overlays': [],"
	    "'layers': [{'layer': 'hook', 'mode': 'enforce', 'standing': 'stands', 'why_text': null, 'devices': [],"
	    " 'looks': {}, 'programs': []}, {'layer': 'source', 'mode': 'enforce', 'standing': 'stands', 'why_text': "
	    "null,"
	    " 'devices': [], 'looks': {}, 'programs': ["
	    "{'program': 'families', 'place': 'fmod_ret/security_socket_create', " STANDS "'missed_total': 0}, "
	    "{'program': 'frames', 'place': 'fmod_ret/security_socket_sendmsg', " STANDS "'missed_total': 6}, "
	    "{'program': 'options', 'place': 'fmod_ret/security_socket_setsockopt', " STANDS "'missed_total': 0}, "
	    "{'program': 'hook-options', 'place': 'cgroup/setsockopt', " STANDS "'missed_total': 0}, "
	    "{'program': 'hook-protocols', 'place': 'cgroup/sock_create', " STANDS "'missed_total': 0}]}, "
	    "{'layer': 'device', 'mode': 'enforce', 'standing': 'stands', 'why_text': null, 'devices':"
	    " [{'name': 'veth0', 'ifindex': 7, 'attached_as': 'ingress'}, {'name': 'veth1', 'ifindex': 8,"
	    " 'attached_as': null}], 'looks': {'kernel': {'packets_total': 3, 'bytes_total': 90}, 'unlooked': " NONE
	    ", 'transit': " NONE ", " NO_LOOK
	    "}, 'programs': []}, {'layer': 'uplink', 'mode': 'enforce', 'standing': 'stands',"
	    " 'why_text': null, 'devices': [{'name': 'eth0', 'ifindex': 2, 'attached_as': 'egress'}], 'looks':"
	    " {'kernel': " NONE ", 'unlooked': {'packets_total': 5, 'bytes_total': 500}, 'transit':"
	    " {'packets_total': 9, 'bytes_total': 900}, " NO_LOOK "}, 'programs': []}]}");
}

static const char *blind_at(const json_t *view, size_t index)
{
	return json_text(json_array_get(json_object_get(view, "blind"), index), "text");
}

/* What a layer does not see is told for as long as it is so. */
static void what_no_layer_sees_is_told(void **state)
{
	static struct kernel kernel;
	json_t *view;

	(void)state;
	fill(&kernel);
	fake_instance = &kernel;
	snprintf(kernel.meta.layers[EGRET_LAYER_DEVICE].why, EGRET_PROBLEM_SIZE, "no memory");
	kernel.meta.layers[EGRET_LAYER_DEVICE].standing = EGRET_LAYER_FAILED;
	kernel.meta.layers[EGRET_LAYER_UPLINK].standing = EGRET_LAYER_ABSENT;
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_string_equal(blind_at(view, 0), "what comes in by pods' devices (layer device does not stand)");
	assert_string_equal(blind_at(view, 1), "what leaves by uplinks (layer uplink is not proved yet)");
	assert_int_equal(json_array_size(json_object_get(view, "blind")), 3);
	json_decref(view);

	kernel.config.settings[0].layers = EGRET_LAYERS_OFF;
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_string_equal(blind_at(view, 0), "what comes in by pods' devices (`set layers = off`)");
	assert_string_equal(blind_at(view, 1), "what leaves by uplinks (`set layers = off`)");
	assert_string_equal(blind_at(view, 2), "AF_XDP and PACKET_QDISC_BYPASS of pods on the node's network");
	assert_true(json_is_null(json_object_get(view, "unjudged"))); /* nobody counts */
	json_decref(view);

	kernel.config.settings[0].layers = EGRET_LAYERS_AUDIT;
	kernel.meta.layers[EGRET_LAYER_DEVICE].standing = EGRET_LAYER_ABSENT;
	kernel.device_count = 0;
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_string_equal(blind_at(view, 0), "what leaves by uplinks (none was found)");
	assert_int_equal(json_array_size(json_object_get(view, "blind")), 2);
	json_decref(view);

	kernel.sources[EGRET_SOURCE_OPTIONS].attached = false;
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_string_equal(blind_at(view, 1),
			    "AF_XDP and PACKET_QDISC_BYPASS of pods on the node's network, by 32-bit calls");
	json_decref(view);

	kernel.of_exec = true;
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_string_equal(blind_at(view, 0), "what no socket of the command sends (`exec` has no layers)");
	assert_int_equal(json_array_size(json_object_get(view, "layers")), 1);
	json_decref(view);

	kernel.missing_hook = "egress";
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_string_equal(blind_at(view, 0), "everything (hook egress is not attached)");
	json_decref(view);

	/* The agent loads: of settings that are not there nothing is said. */
	kernel.of_exec = false;
	kernel.meta.version[0] = '\0';
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_string_equal(blind_at(view, 0), "everything (nothing is attached yet)");
	assert_int_equal(json_array_size(json_object_get(view, "blind")), 1);
	assert_string_equal(json_text(json_array_get(json_object_get(view, "layers"), 1), "mode"), "unknown");
	json_decref(view);
}

/* They came while no agent lived. Of another namespace's devices nothing is said. */
static void devices_that_no_agent_knows_are_told(void **state)
{
	struct layer_link all[] = {
	    {.ifindex = 7, .name = "veth0", .ingress = true},
	    {.ifindex = 20, .name = "veth\001", .ingress = true},
	    {.ifindex = 21, .name = "flannel.1", .overlays = {{.l4_proto = 17, .port = 8472}}, .overlay_count = 1},
	};
	struct layer_links links = {all, 3};
	static struct kernel kernel;
	json_t *view;

	(void)state;
	fill(&kernel);
	fake_instance = &kernel;
	view = view_status(&kernel, "node", &kernel.meta, &links);
	assert_string_equal(blind_at(view, 0), "what comes in by pods' devices (no program at veth1, veth?)");
	assert_string_equal(json_string_value(json_array_get(json_object_get(view, "unnamed_overlays"), 0)),
			    "flannel.1");
	json_decref(view);

	kernel.overlay = all[2].overlays[0];
	view = view_status(&kernel, "node", &kernel.meta, &links);
	assert_int_equal(json_array_size(json_object_get(view, "unnamed_overlays")), 0);
	json_decref(view);

	all[0].ifindex = 6;
	view = view_status(&kernel, "node", &kernel.meta, &links);
	assert_string_equal(blind_at(view, 0), "what comes in by pods' devices (no program at veth1)");
	json_decref(view);
}

/* It came from a release without layers: until its policy says what they do. */
static void layers_that_only_audit_are_told(void **state)
{
	static struct kernel kernel;
	const json_t *only_audit, *layers;
	json_t *view;

	(void)state;
	fill(&kernel);
	fake_instance = &kernel;
	kernel.config.settings[0].layers = EGRET_LAYERS_AUDIT;
	kernel.meta.unlayered_ns = AT_NS;
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	only_audit = json_object_get(view, "layers_only_audit");
	assert_string_equal(json_text(only_audit, "since_time"), "2026-11-27T18:00:00Z");
	assert_non_null(strstr(json_text(only_audit, "text"), "write `set layers = enforce` in /etc/p.rules when "));
	layers = json_object_get(view, "layers");
	assert_string_equal(json_text(json_array_get(layers, 0), "mode"), "enforce");
	assert_string_equal(json_text(json_array_get(layers, 1), "mode"), "audit");
	json_decref(view);
}

static void before_a_policy_there_is_none(void **state)
{
	static struct kernel kernel;
	json_t *view;

	(void)state;
	kernel = (struct kernel){.missing_hook = "egress"};
	fake_instance = &kernel;
	view = view_status(&kernel, "node", &kernel.meta, NULL);
	assert_true(json_is_null(json_object_get(view, "policy")));
	assert_true(json_is_null(json_object_get(view, "cgroup")));
	assert_true(json_is_null(json_object_get(view, "attached_time")));
	assert_false(json_flag(view, "cgroup_gone"));
	assert_string_equal(json_text(view, "mode"), "not-attached");
	assert_string_equal(json_text(view, "missing_hook"), "egress");
	json_decref(view);
}

/* Its pods would be the host. */
static void a_kubelet_without_kubepods_is_a_problem(void **state)
{
	char text[EGRET_PROBLEM_SIZE];
	json_t *subjects = json_pack("{s:[], s:[ss]}", "kubepods", "kubelets", "/a/kubelet.service", "/b");

	(void)state;
	assert_non_null(strstr(view_subjects_problem(subjects, text, sizeof(text)), "runs (/a/kubelet.service), and "));
	json_array_append_new(json_object_get(subjects, "kubepods"), json_string("/kubepods.slice"));
	assert_null(view_subjects_problem(subjects, text, sizeof(text)));
	json_array_clear(json_object_get(subjects, "kubepods"));
	json_array_clear(json_object_get(subjects, "kubelets"));
	assert_null(view_subjects_problem(subjects, text, sizeof(text)));
	json_decref(subjects);
}

static void an_address_is_explained(void **state)
{
	static struct kernel kernel;
	struct egret_addr to = addr("51.1.1.1");
	struct explain_question question = {.destination = "51.1.1.1",
					    .port = {.l4_proto = IPPROTO_TCP, .lo = 443, .hi = 443},
					    .addrs = &to,
					    .addr_count = 1};
	json_t *view;

	(void)state;
	fill(&kernel);
	kernel.judgement = (struct judgement){.reason = EGRET_REASON_DENY_RULE, .rule = 17};
	assert_int_equal(view_explain_kernel(&kernel, &question, &view), 0);
	assert_view(view,
		    "{'destination': '51.1.1.1', 'port': 'tcp:443', 'subject': 'host', 'who': 'host', 'governed': true,"
		    "'must_ask': false, 'audited_subject': false, 'audited': false, 'allowed': false, 'answers': "
		    "[{'address': '51.1.1.1', 'nat64_address': "
		    "null, 'allowed': false,"
		    "'reason': 'deny-rule', 'rule': 'deny 51.0.0.0/8', 'file': 'policy.rules', 'line': 2,"
		    "'purpose': null, 'name': null, 'audit_line': false, 'must_ask': false, 'suggestion': null,"
		    "'steps': [{'step': 'address', 'text': '51.1.1.1', 'source': 'none'},"
		    "{'step': 'rule', 'text': 'policy.rules:2 decides: deny 51.0.0.0/8', 'rule': 'deny 51.0.0.0/8',"
		    "'file': 'policy.rules', 'line': 2},"
		    "{'step': 'verdict', 'text': 'deny-rule', 'reason': 'deny-rule', 'allowed': false}]}],"
		    "'addresses_from': null, 'learned': [], 'names_without_rule': []}");
	assert_view(
	    view_explain_off(&question),
	    "{'destination': '51.1.1.1', 'port': 'tcp:443', 'subject': 'host', 'who': 'host', 'governed': false,"
	    "'audited': false, 'audited_subject': false, 'must_ask': false, 'allowed': true, 'answers': [{'address': "
	    "'51.1.1.1', 'nat64_address': null, "
	    "'allowed': true,"
	    "'reason': null, 'rule': null, 'file': null, 'line': null, 'purpose': null, 'name': null,"
	    "'audit_line': false, 'must_ask': false, 'steps': [], 'suggestion': null}]}");
}

static void findings_stand_in_the_order_of_the_file(void **state)
{
	struct error error = {"no such thing"};
	struct diag diag = {};

	(void)state;
	diag_add(&diag, DIAG_WARNING, (struct diag_place){"a.rules", 7, 3}, "second");
	diag_add(&diag, DIAG_ERROR, (struct diag_place){"a.rules", 2, 9}, "first");
	diag_add(&diag, DIAG_ERROR, (struct diag_place){"a.rules", 8, 0}, "a line");
	diag_add(&diag, DIAG_ERROR, (struct diag_place){"b.rules", 0, 0}, "of all of it, \xff");
	assert_view(view_findings(&diag),
		    "{'findings': ["
		    "{'file': 'a.rules', 'line': 2, 'column': 9, 'severity': 'error', 'text': 'first'},"
		    "{'file': 'a.rules', 'line': 7, 'column': 3, 'severity': 'warning', 'text': 'second'},"
		    "{'file': 'a.rules', 'line': 8, 'column': null, 'severity': 'error', 'text': 'a line'},"
		    "{'file': 'b.rules', 'line': null, 'column': null, 'severity': 'error',"
		    " 'text': 'of all of it, ?'}]}");
	diag_clear(&diag);
	assert_view(view_error(&error), "{'findings': [{'file': null, 'line': null, 'column': null,"
					"'severity': 'error', 'text': 'no such thing'}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_agent_is_described),
	    cmocka_unit_test(the_first_reason_is_told),
	    cmocka_unit_test(a_kubelet_without_kubepods_is_a_problem),
	    cmocka_unit_test(status_has_each_value),
	    cmocka_unit_test(what_no_layer_sees_is_told),
	    cmocka_unit_test(devices_that_no_agent_knows_are_told),
	    cmocka_unit_test(layers_that_only_audit_are_told),
	    cmocka_unit_test(before_a_policy_there_is_none),
	    cmocka_unit_test(an_address_is_explained),
	    cmocka_unit_test(findings_stand_in_the_order_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
