// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret status: what runs, and what is wrong with it. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/text.h"
#include "../kernel/kernel.h"
#include "../subject/cgroup.h"
#include "../view/health.h"
#include "../view/reason.h"
#include "special.h"
#include "standing.h"
#include "../view/subject_name.h"
#include "table.h"
#include "egret_reasons.h"

#define EXISTING_LINES 20

struct names_tally {
	json_t *failing; /* names that do not resolve now */
	int all, resolved, stale, failed, empty, pending, patterns;
};

static int tally_name(void *context, uint32_t index, const struct egret_name *name)
{
	struct names_tally *tally = context;
	char age[32];

	(void)index;
	tally->all++;
	switch (name->state) {
	case EGRET_NAME_RESOLVED:
		tally->resolved++;
		return 0;
	case EGRET_NAME_PATTERN:
		tally->patterns++;
		return 0;
	case EGRET_NAME_PENDING:
		tally->pending++;
		break;
	case EGRET_NAME_STALE:
		tally->stale++;
		break;
	case EGRET_NAME_DOES_NOT_EXIST:
		tally->empty++;
		break;
	default:
		tally->failed++;
	}
	json_array_append_new(
	    tally->failing, json_pack("{s:s, s:i, s:s, s:i}", "name", name->name, "failures", (int)name->failures,
				      "last_good", age_format(name->answered_ns, clock_realtime_ns(), age, sizeof(age)),
				      "addresses_kept", (int)name->addresses));
	return 0;
}

static json_t *names_to_json(const struct kernel *kernel)
{
	struct names_tally tally = {.failing = json_array()};

	kernel_each_name(kernel, tally_name, &tally);
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "all", tally.all, "resolved", tally.resolved,
			 "stale", tally.stale, "failed", tally.failed, "empty", tally.empty, "pending", tally.pending,
			 "patterns", tally.patterns, "failing", tally.failing);
}

struct allowed {
	const struct kernel *kernel;
	uint64_t *packets;
};

static int add_allowed(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	const struct allowed *allowed = context;
	struct egret_counter counter;

	if (strncmp(text->text, "deny ", strlen("deny ")) != 0 && !kernel_get_counter(allowed->kernel, rule, &counter))
		*allowed->packets += counter.packets;
	return 0;
}

/* Packets by reason, and all of them: of those that were denied, or of those that would be. */
static json_t *reasons_to_json(const struct kernel *kernel, bool audited, uint64_t *ret_packets)
{
	json_t *reasons = json_object();
	struct egret_counter counter;

	*ret_packets = 0;
	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++) {
		if (kernel_get_reason(kernel, reason, audited, &counter))
			continue;
		*ret_packets += counter.packets;
		json_object_set_new(reasons, reason_label(reason), json_integer(counter.packets));
	}
	return reasons;
}

/* Each packet is in one of the three: what only audit lets through is not allowed. */
static json_t *totals_to_json(const struct kernel *kernel)
{
	uint64_t allowed = 0, denied, would_deny;
	struct egret_counter counter;
	json_t *denied_by, *would_deny_by;

	denied_by = reasons_to_json(kernel, false, &denied);
	would_deny_by = reasons_to_json(kernel, true, &would_deny);
	for (uint32_t id = 1; id < EGRET_RULE_BUILTIN_COUNT; id++)
		if (id != EGRET_RULE_AUDITED && !kernel_get_counter(kernel, id, &counter))
			allowed += counter.packets;
	kernel_each_rule(kernel, add_allowed, &(struct allowed){kernel, &allowed});
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "allowed_packets", (json_int_t)allowed, "denied_packets",
			 (json_int_t)denied, "would_deny_packets", (json_int_t)would_deny, "denied", denied_by,
			 "would_deny", would_deny_by);
}

/* What became of DNS answers, by enum egret_lesson_kind. */
static json_t *lessons_to_json(const struct kernel *kernel)
{
	static const char *const labels[] = {
#define LESSON_LABEL(symbol, label, sentence) label,
	    EGRET_LESSONS(LESSON_LABEL)
#undef LESSON_LABEL
	};
	json_t *lessons = json_object();
	struct egret_counter counter;

	for (uint32_t kind = 0; kind < EGRET_LESSON_COUNT; kind++) {
		if (!kernel_get_lesson(kernel, kind, &counter))
			json_object_set_new(lessons, labels[kind], json_integer((json_int_t)counter.packets));
	}
	return lessons;
}

struct existing_list {
	const struct kernel *kernel;
	json_t *rows;
};

static int add_existing(void *context, uint64_t cookie, const struct egret_existing *value)
{
	const struct existing_list *list = context;
	char address[ADDR_TEXT_SIZE], owner[512];

	(void)cookie;
	if (value->allowed)
		return 0;
	subject_name(list->kernel, value->cgroup_id, 0, owner, sizeof(owner));
	return json_array_append_new(list->rows,
				     json_pack("{s:s, s:i, s:s}", "address", addr_format(&value->addr, address), "port",
					       (int)value->port, "subject", owner));
}

static json_t *maps_to_json(const struct kernel *kernel)
{
	struct kernel_map_fill fills[KERNEL_MAP_FILLS];
	size_t count = kernel_map_fill(kernel, fills);
	json_t *maps = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(maps, json_pack("{s:s, s:i, s:i, s:I, s:b}", "map", fills[i].name, "entries",
						      (int)fills[i].entries, "max_entries", (int)fills[i].max_entries,
						      "memory_bytes", (json_int_t)fills[i].memory_bytes,
						      "sized_to_policy", fills[i].sized_to_policy));
	return maps;
}

static json_t *problems_to_json(const struct egret_meta *meta, const struct health *health)
{
	static const char *const labels[] = {
#define PROBLEM_LABEL(symbol, label) label,
	    EGRET_PROBLEMS(PROBLEM_LABEL)
#undef PROBLEM_LABEL
	};
	json_t *problems = json_array();

	if (health->problem[0])
		json_array_append_new(problems, json_pack("{s:s, s:s}", "kind", "agent", "text", health->problem));
	for (size_t kind = 0; kind < EGRET_PROBLEM_COUNT; kind++)
		if (meta->problems[kind][0])
			json_array_append_new(
			    problems, json_pack("{s:s, s:s}", "kind", labels[kind], "text", meta->problems[kind]));
	return problems;
}

static const char *mode_of(const struct health_facts *facts)
{
	if (!facts->attached)
		return "not attached";
	if (facts->audits)
		return "auditing";
	return facts->meta->enforcing ? "enforcing" : "attached, not proven";
}

static void look(const struct kernel *kernel, const char *instance, const struct egret_meta *meta,
		 struct health_facts *ret)
{
	*ret = (struct health_facts){
	    .held = kernel_is_held(instance),
	    .audits = kernel_config(kernel)->audit,
	    .missing_hook = "",
	    .process =
		process_look(&(struct process_id){meta->agent_pid, meta->agent_start_ticks, meta->agent_pid_namespace}),
	    .silent_sec = meta->heartbeat_ns ? clock_seconds_between(meta->heartbeat_ns, clock_kernel_ns()) : -1,
	    .meta = meta,
	};
	ret->attached = kernel_is_attached(kernel, &ret->missing_hook);
}

/* Without an agent nothing ends it, and nothing comes of it. */
static json_t *probation_to_json(const struct egret_meta *meta)
{
	time_t sec = (time_t)(meta->probation_ends_ns / CLOCK_NS_PER_SEC);
	char until[16];
	struct tm tm;

	if (meta->probation_ends_ns < clock_realtime_ns() || !localtime_r(&sec, &tm) ||
	    !strftime(until, sizeof(until), "%H:%M:%S", &tm))
		return json_null();
	return json_pack("{s:s, s:I, s:s}", "until", until, "until_sec", (json_int_t)sec, "waiting_for", meta->waiting);
}

static json_t *existing_to_json(const struct kernel *kernel)
{
	struct existing_list list = {kernel, json_array()};

	/* With `existing = cut` they do not go on once the policy enforces. */
	if (kernel_config(kernel)->keep_existing || kernel_config(kernel)->audit)
		kernel_each_existing(kernel, add_existing, &list);
	return list.rows;
}

/* Values that no agent has left yet are null, never a number that looks like one. */
static json_t *agent_to_json(const struct health_facts *facts, const struct health *health)
{
	return json_pack(
	    "{s:b, s:s, s:o, s:o, s:b, s:b, s:s}", "agent_alive", facts->held, "agent", health->agent, "agent_pid",
	    health->live && facts->process == PROCESS_ALIVE ? json_integer(facts->meta->agent_pid) : json_null(),
	    "heartbeat_sec_ago", facts->silent_sec < 0 ? json_null() : json_integer(facts->silent_sec), "live",
	    health->live, "ready", health->ready, "why_not_ready", health->why_not);
}

static json_t *status_to_json(const struct kernel *kernel, const char *instance, const struct health_facts *facts,
			      const struct health *health)
{
	const struct egret_meta *meta = facts->meta;
	char policy_age[32], attach_age[32], path[CGROUP_PATH_SIZE];
	json_t *status;

	if (!meta->governed_cgroup || cgroup_path_of_id(meta->governed_cgroup, path, sizeof(path)))
		snprintf(path, sizeof(path), meta->cgroup_path[0] ? "%s (gone)" : "none yet%s", meta->cgroup_path);
	text_make_printable(path, sizeof(path));
	status = json_pack(
	    "{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:s, s:o}",
	    "instance", meta->instance[0] ? meta->instance : instance, "version", meta->version, "mode", mode_of(facts),
	    "attached", facts->attached, "missing_hook", facts->missing_hook, "cgroup", path, "policy",
	    meta->policy_path, "policy_hash", meta->policy_hash, "policy_age",
	    age_format(meta->policy_ns, clock_realtime_ns(), policy_age, sizeof(policy_age)), "attached_since",
	    age_format(meta->attached_ns, clock_realtime_ns(), attach_age, sizeof(attach_age)), "rules",
	    (int)meta->rules, "warnings", (int)meta->warnings, "names", names_to_json(kernel), "totals",
	    totals_to_json(kernel), "existing", existing_to_json(kernel), "dns", lessons_to_json(kernel), "maps",
	    maps_to_json(kernel), "uplink_check", "off", "problems", problems_to_json(meta, health));
	json_object_set_new(status, "special_addresses", specials_to_json(kernel));
	json_object_update_new(status, agent_to_json(facts, health));
	json_object_set_new(status, "probation", probation_to_json(meta));
	return status;
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void print_names(const json_t *names)
{
	const json_t *failing = json_object_get(names, "failing"), *name;
	size_t index;

	printf("names      %lld: %lld resolved, %lld stale, %lld failed, %lld without address, %lld pending, "
	       "%lld patterns\n",
	       number(names, "all"), number(names, "resolved"), number(names, "stale"), number(names, "failed"),
	       number(names, "empty"), number(names, "pending"), number(names, "patterns"));
	json_array_foreach (failing, index, name)
		printf("           %s does not resolve (%lld failures, last good answer %s, %lld addresses kept)\n",
		       string(name, "name"), number(name, "failures"), string(name, "last_good"),
		       number(name, "addresses_kept"));
}

static void print_reasons(json_t *reasons, const char *verdict)
{
	const char *reason;
	json_t *count;

	json_object_foreach (reasons, reason, count)
		if (json_integer_value(count))
			printf("           %lld %s: %s\n", (long long)json_integer_value(count), verdict, reason);
}

static void print_totals(json_t *totals, bool audit)
{
	long long would_deny = number(totals, "would_deny_packets");

	printf("packets    %lld allowed, %lld denied", number(totals, "allowed_packets"),
	       number(totals, "denied_packets"));
	if (audit || would_deny)
		printf(", %lld would be denied and passed in audit", would_deny);
	putchar('\n');
	print_reasons(json_object_get(totals, "denied"), "denied");
	print_reasons(json_object_get(totals, "would_deny"), "would be denied");
}

static void print_lessons(json_t *lessons)
{
	static const char *const sentences[] = {
#define LESSON_SENTENCE(symbol, label, sentence) sentence,
	    EGRET_LESSONS(LESSON_SENTENCE)
#undef LESSON_SENTENCE
	};
	const char *label;
	json_t *count;
	size_t kind = 0;
	bool first = true;

	json_object_foreach (lessons, label, count) {
		const char *sentence = sentences[kind++];

		if (!json_integer_value(count))
			continue;
		printf("%s%lld %s\n", first ? "dns        " : "           ", (long long)json_integer_value(count),
		       sentence);
		first = false;
	}
}

static void print_maps(const json_t *maps)
{
	unsigned long long memory = 0;
	const json_t *map;
	char text[32];
	size_t index;

	json_array_foreach (maps, index, map) {
		memory += number(map, "memory_bytes");
		if (json_is_true(json_object_get(map, "sized_to_policy")))
			continue;
		if (number(map, "entries") * 10 >= number(map, "max_entries") * 9 && number(map, "entries") > 1)
			printf("FULL       map %s holds %lld of %lld entries\n", string(map, "map"),
			       number(map, "entries"), number(map, "max_entries"));
	}
	printf("maps       %s of kernel memory\n", bytes_format(memory, text, sizeof(text)));
}

static void print_problems(const json_t *problems)
{
	const json_t *problem;
	size_t index;

	json_array_foreach (problems, index, problem)
		printf("PROBLEM    %s\n", string(problem, "text"));
}

static void print_policy(const json_t *status)
{
	if (!string(status, "version")[0]) {
		printf("policy     none is loaded yet\n");
		return;
	}
	printf("policy     %s, loaded %s, %lld rules, %lld warnings\nattached   %s, by egret %s\n",
	       string(status, "policy"), string(status, "policy_age"), number(status, "rules"),
	       number(status, "warnings"), string(status, "attached_since"), string(status, "version"));
}

static void print_existing(const json_t *existing)
{
	size_t index, count = json_array_size(existing);
	const json_t *row;

	if (!count)
		return;
	printf("existing   %zu connection%s from before the attach go%s on that no rule allows\n", count,
	       count == 1 ? "" : "s", count == 1 ? "es" : "");
	json_array_foreach (existing, index, row) {
		if (index == EXISTING_LINES) {
			printf("           and %zu more: egret status --json has them\n", count - index);
			return;
		}
		printf("           %s tcp:%lld by %s\n", string(row, "address"), number(row, "port"),
		       string(row, "subject"));
	}
}

static void print_waiting(const json_t *probation)
{
	const char *waiting = string(probation, "waiting_for");

	if (waiting && *waiting)
		printf("waiting    not yet: %s\n", waiting);
}

static void print_status(json_t *status)
{
	const json_t *probation = json_object_get(status, "probation");

	printf("instance   %s: %s", string(status, "instance"), string(status, "mode"));
	if (json_is_object(probation))
		printf(" on probation until %s", string(probation, "until"));
	if (!json_is_true(json_object_get(status, "attached")))
		printf(" (hook %s is missing)", string(status, "missing_hook"));
	printf("\ncgroup     %s\n", string(status, "cgroup"));
	print_policy(status);
	printf("agent      %s\n", string(status, "agent"));
	print_waiting(probation);
	print_problems(json_object_get(status, "problems"));
	print_names(json_object_get(status, "names"));
	specials_print(stdout, "special    ", json_incref(json_object_get(status, "special_addresses")));
	print_totals(json_object_get(status, "totals"), !strcmp(string(status, "mode"), "auditing"));
	print_lessons(json_object_get(status, "dns"));
	print_existing(json_object_get(status, "existing"));
	print_maps(json_object_get(status, "maps"));
	printf(
	    "uplink     no second check: AF_PACKET, AF_XDP, forwarded packets and the outer packets of tunnels are not "
	    "seen\n");
}

/* One line for a probe: the kubelet shows it in the pod's events. */
static int answer_probe(const struct options *options, const struct health *health)
{
	if (options->live && !health->live) {
		printf("not live: the agent of instance %s: %s\n", options->instance, health->agent);
		return EXIT_NO;
	}
	if (options->ready && !health->ready) {
		printf("not ready: instance %s: %s\n", options->instance, health->why_not);
		return EXIT_NO;
	}
	printf("%s: instance %s: the agent: %s\n", options->ready ? "ready" : "live", options->instance, health->agent);
	return EXIT_YES;
}

static bool is_well(const struct health_facts *facts, const json_t *status)
{
	return facts->held && !json_array_size(json_object_get(status, "problems"));
}

static int show(const struct options *options, const struct kernel *kernel, const struct egret_meta *meta)
{
	struct health_facts facts;
	struct health health;
	json_t *status;
	int code;

	look(kernel, options->instance, meta, &facts);
	health_judge(&facts, &health);
	if ((options->live || options->ready) && !options->json)
		return answer_probe(options, &health);
	status = status_to_json(kernel, options->instance, &facts, &health);
	if (options->live || options->ready)
		code = (health.live || !options->live) && (health.ready || !options->ready) ? EXIT_YES : EXIT_NO;
	else
		code = is_well(&facts, status) ? EXIT_YES : EXIT_NO;
	if (options->json) {
		json_print(status);
		return code;
	}
	print_status(status);
	json_decref(status);
	return code;
}

int command_status(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct egret_meta meta;
	struct kernel *kernel;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	collect_finished();
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc == -ENOENT && standing_show(&options, &rc))
		return rc;
	if (rc) {
		rc = fail(rc, &error);
		return rc == EXIT_NOT_RUNNING && (options.live || options.ready) ? EXIT_NO : rc;
	}
	rc = kernel_get_meta(kernel, &meta);
	if (rc) {
		error_set(&error, rc, "cannot read instance %s: %s", options.instance, strerror(-rc));
		rc = fail(rc, &error);
	} else {
		rc = show(&options, kernel, &meta);
	}
	kernel_free(kernel);
	return rc;
}
