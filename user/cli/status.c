// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret status: what runs, and what is wrong with it. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/text.h"
#include "../kernel/kernel.h"
#include "../subject/cgroup.h"
#include "reason.h"
#include "table.h"

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

static int add_existing(void *context, const struct egret_existing *value)
{
	char address[ADDR_TEXT_SIZE];

	return json_array_append_new(
	    context, json_pack("{s:s, s:i}", "address", addr_format(&value->addr, address), "port", (int)value->port));
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

static json_t *problems_to_json(const struct egret_meta *meta)
{
	static const char *const labels[] = {
#define PROBLEM_LABEL(symbol, label) label,
	    EGRET_PROBLEMS(PROBLEM_LABEL)
#undef PROBLEM_LABEL
	};
	json_t *problems = json_array();

	for (size_t kind = 0; kind < EGRET_PROBLEM_COUNT; kind++)
		if (meta->problems[kind][0])
			json_array_append_new(
			    problems, json_pack("{s:s, s:s}", "kind", labels[kind], "text", meta->problems[kind]));
	return problems;
}

static const char *mode_of(const struct kernel *kernel, const struct egret_meta *meta, bool attached)
{
	if (!attached)
		return "not attached";
	if (kernel_config(kernel)->audit)
		return "auditing";
	return meta->enforcing ? "enforcing" : "attached, not proven";
}

static json_t *status_to_json(const struct kernel *kernel, const char *instance, const struct egret_meta *meta)
{
	const char *missing = "";
	bool attached = kernel_is_attached(kernel, &missing);
	uint64_t now = clock_kernel_ns();
	json_t *existing = json_array();
	char policy_age[32], attach_age[32], path[CGROUP_PATH_SIZE];

	if (cgroup_path_of_id(meta->governed_cgroup, path, sizeof(path)))
		snprintf(path, sizeof(path), "%s (gone)", meta->cgroup_path);
	text_make_printable(path, sizeof(path));
	kernel_each_existing(kernel, add_existing, existing);
	return json_pack(
	    "{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:I, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:s, "
	    "s:o}",
	    "instance", meta->instance, "version", meta->version, "mode", mode_of(kernel, meta, attached), "attached",
	    attached, "missing_hook", attached ? "" : missing, "cgroup", path, "policy", meta->policy_path,
	    "policy_hash", meta->policy_hash, "policy_age",
	    age_format(meta->policy_ns, clock_realtime_ns(), policy_age, sizeof(policy_age)), "attached_since",
	    age_format(meta->attached_ns, clock_realtime_ns(), attach_age, sizeof(attach_age)), "agent_alive",
	    kernel_is_held(instance), "agent_pid", (int)meta->agent_pid, "heartbeat_sec_ago",
	    clock_seconds_between(meta->heartbeat_ns, now), "rules", (int)meta->rules, "warnings", (int)meta->warnings,
	    "names", names_to_json(kernel), "totals", totals_to_json(kernel), "existing", existing, "dns",
	    lessons_to_json(kernel), "maps", maps_to_json(kernel), "uplink_check", "off", "problems",
	    problems_to_json(meta));
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

static void print_status(json_t *status)
{
	printf("instance   %s: %s", string(status, "instance"), string(status, "mode"));
	if (!json_is_true(json_object_get(status, "attached")))
		printf(" (hook %s is missing)", string(status, "missing_hook"));
	printf("\ncgroup     %s\npolicy     %s, loaded %s, %lld rules, %lld warnings\n", string(status, "cgroup"),
	       string(status, "policy"), string(status, "policy_age"), number(status, "rules"),
	       number(status, "warnings"));
	printf("attached   %s, by egret %s\n", string(status, "attached_since"), string(status, "version"));
	if (json_is_true(json_object_get(status, "agent_alive")))
		printf("agent      alive, pid %lld, last sign of life %lld s ago\n", number(status, "agent_pid"),
		       number(status, "heartbeat_sec_ago"));
	else
		printf("agent      not running (last sign of life %lld s ago): what is attached goes on, names are no "
		       "longer "
		       "refreshed\n",
		       number(status, "heartbeat_sec_ago"));
	print_problems(json_object_get(status, "problems"));
	print_names(json_object_get(status, "names"));
	print_totals(json_object_get(status, "totals"), !strcmp(string(status, "mode"), "auditing"));
	print_lessons(json_object_get(status, "dns"));
	if (json_array_size(json_object_get(status, "existing")))
		printf("existing   %zu connections from before the attach go on that no rule allows\n",
		       json_array_size(json_object_get(status, "existing")));
	print_maps(json_object_get(status, "maps"));
	printf(
	    "uplink     no second check: AF_PACKET, AF_XDP, forwarded packets and the outer packets of tunnels are not "
	    "seen\n");
}

int command_status(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct egret_meta meta;
	struct kernel *kernel;
	struct error error;
	json_t *status;
	int rc;

	options_parse(command, argc, argv, &options);
	collect_finished();
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail(rc, &error);
	rc = kernel_get_meta(kernel, &meta);
	if (rc) {
		kernel_free(kernel);
		error_set(&error, rc, "cannot read instance %s: %s", options.instance, strerror(-rc));
		return fail(rc, &error);
	}
	status = status_to_json(kernel, options.instance, &meta);
	kernel_free(kernel);
	if (options.json) {
		json_print(status);
		return EXIT_YES;
	}
	print_status(status);
	json_decref(status);
	return EXIT_YES;
}
