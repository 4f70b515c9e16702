// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret status: what runs, and what is wrong with it. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/format.h"
#include "../kernel/read.h"
#include "../view/health.h"
#include "../view/json.h"
#include "../view/standing.h"
#include "../view/status.h"
#include "layers.h"
#include "links.h"
#include "summary.h"
#include "table.h"
#include "egret_reasons.h"

#define EXISTING_LINES 20
#define FAILING_LINES  20

static const char *mode_words(const json_t *status)
{
	static const char *const words[][2] = {
	    {"not-attached", "not attached"},
	    {"not-proven", "attached, not proven"},
	    {"without-pins", "without pins"},
	};
	const char *mode = json_text(status, "mode");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(mode, words[i][0]))
			return words[i][1];
	}
	return mode;
}

/* As on the person's own clock. */
static void print_probation(const json_t *probation)
{
	char until[16];
	struct tm tm;
	time_t ends;

	if (json_time(probation, "ends_time", &ends) && localtime_r(&ends, &tm) &&
	    strftime(until, sizeof(until), "%H:%M:%S", &tm))
		printf(" on probation until %s", until);
}

static void print_mode(const json_t *status)
{
	const char *missing_hook = json_text(status, "missing_hook");

	printf("instance   %s: %s", json_text(status, "instance"), mode_words(status));
	print_probation(json_object_get(status, "probation"));
	if (*missing_hook)
		printf(" (hook %s is missing)", missing_hook);
	putchar('\n');
}

static void print_only_audited(const json_t *audited)
{
	char since[16];
	struct tm tm;
	time_t began;

	if (json_time(audited, "since_time", &began) && localtime_r(&began, &tm) &&
	    strftime(since, sizeof(since), "%Y-%m-%d", &tm))
		printf("audited    only audited: %s, since %s (what is denied to them passes, and is counted)\n",
		       json_text(audited, "subjects_text"), since);
}

static void print_cgroup(const json_t *status)
{
	const char *cgroup = json_text(status, "cgroup");

	printf("cgroup     %s%s\n", *cgroup ? cgroup : "none yet", json_flag(status, "cgroup_gone") ? " (gone)" : "");
}

/* It may be a stopped service: no PROBLEM, whose exit code would stay 1 for as long as it is stopped. */
static void print_absent(const json_t *status)
{
	const json_t *absent = json_object_get(status, "absent_cgroups"), *path;
	long long unlisted = json_number(status, "absent_cgroups_count") - (long long)json_array_size(absent);
	size_t index;

	json_array_foreach (absent, index, path)
		printf("absent     cgroup %s: what names it holds for nobody until it is there\n",
		       json_string_value(path));
	if (unlisted > 0)
		printf("           and %lld more\n", unlisted);
}

/* Where pods were found; a node without any has no such line. */
static void print_subjects(const json_t *subjects)
{
	const json_t *trees = json_object_get(subjects, "kubepods"), *tree;
	long long late = json_number(subjects, "late_total");
	size_t index;

	json_array_foreach (trees, index, tree)
		printf("%s%s\n", index ? "           " : "pods       below ", json_string_value(tree));
	if (late)
		printf(
		    "late       %lld cgroups began of which the kernel could not tell whose they are: until the agent "
		    "looked, denies held for them, and no rule with `for`\n",
		    late);
}

static const char *age_of(const json_t *object, const char *key, char buf[static AGE_TEXT_SIZE])
{
	time_t then;

	return json_time(object, key, &then) ? age_format(then, time(NULL), buf) : "never";
}

static void print_policy(const json_t *status)
{
	const json_t *policy = json_object_get(status, "policy");
	char age[AGE_TEXT_SIZE];

	if (json_is_null(policy)) {
		printf("policy     none is loaded yet\n");
		return;
	}
	printf("policy     %s, loaded %s, %lld rules, %lld warnings\n", json_text(policy, "path"),
	       age_of(policy, "loaded_time", age), json_number(policy, "rules_count"),
	       json_number(policy, "warnings_count"));
	printf("attached   %s, by egret %s\n", age_of(status, "attached_time", age), json_text(status, "version"));
}

static void print_agent(const json_t *status)
{
	char agent[AGENT_TEXT_SIZE];

	printf("agent      %s\n", agent_format(status, agent));
}

static void print_waiting(const json_t *probation)
{
	const char *waiting = json_text(probation, "waiting_text");

	if (*waiting)
		printf("waiting    not yet: %s\n", waiting);
}

static void print_problems(const json_t *problems)
{
	const json_t *problem;
	size_t index;

	json_array_foreach (problems, index, problem)
		printf("PROBLEM    %s\n", json_text(problem, "text"));
}

static long long all_of(json_t *counts)
{
	const char *key;
	long long all = 0;
	json_t *count;

	json_object_foreach (counts, key, count)
		all += json_integer_value(count);
	return all;
}

static bool is_state(const json_t *name, const char *state)
{
	return !strcmp(json_text(name, "state"), state);
}

/* Where no resolver answers, all names fail: thousands of lines would push away what is wrong. */
static void print_failing(const json_t *failing)
{
	char age[AGE_TEXT_SIZE];
	const json_t *name;
	size_t index;

	json_array_foreach (failing, index, name) {
		if (index == FAILING_LINES) {
			printf("           and %zu more: egret status --json has them\n",
			       json_array_size(failing) - index);
			return;
		}
		printf("           %s %s (%lld failures, last good answer %s, %lld addresses %s)\n",
		       json_text(name, "name"),
		       is_state(name, "unconfirmed") ? "was not answered since the start" : "does not resolve",
		       json_number(name, "failures_count"), age_of(name, "answered_time", age),
		       json_number(name, "addresses_count"), is_state(name, "from-disk") ? "from disk" : "kept");
	}
}

static void print_names(const json_t *names)
{
	json_t *states = json_object_get(names, "state_count");
	char from_disk[32] = "", unconfirmed[32] = "";

	if (json_number(states, "unconfirmed"))
		snprintf(unconfirmed, sizeof(unconfirmed), ", %lld unconfirmed", json_number(states, "unconfirmed"));
	if (json_number(states, "from-disk"))
		snprintf(from_disk, sizeof(from_disk), ", %lld from disk", json_number(states, "from-disk"));
	printf("names      %lld: %lld resolved, %lld stale, %lld failed, %lld without address, %lld pending, "
	       "%lld patterns%s%s\n",
	       all_of(states), json_number(states, "resolved"), json_number(states, "stale"),
	       json_number(states, "failed"), json_number(states, "no-address"), json_number(states, "pending"),
	       json_number(states, "pattern"), from_disk, unconfirmed);
	print_failing(json_object_get(names, "failing"));
}

/* "in a row" is said where it is more than a slip. */
static void print_resolver(const json_t *resolver)
{
	long long failures = json_number(resolver, "failures_since_answer_count");
	long long silences = json_number(resolver, "timeouts_since_answer_count");
	char since[AGE_TEXT_SIZE], answered[AGE_TEXT_SIZE], bad[2 * AGE_TEXT_SIZE + 64] = "";

	if (failures + silences)
		snprintf(bad, sizeof(bad), " (since %s %lld errors, %lld time-outs)",
			 age_of(resolver, "unanswered_since_time", since), failures, silences);
	printf("%s: %s%s, last answer %s; in all %lld queries, %lld answers, %lld errors, %lld time-outs\n",
	       json_text(resolver, "address"), json_text(resolver, "state"), bad,
	       age_of(resolver, "answered_time", answered), json_number(resolver, "queries_total"),
	       json_number(resolver, "answers_total"), json_number(resolver, "failures_total"),
	       json_number(resolver, "timeouts_total"));
}

static void print_resolvers(const json_t *resolvers)
{
	const json_t *resolver;
	size_t index;

	json_array_foreach (resolvers, index, resolver) {
		printf(index ? "           " : "resolver   ");
		print_resolver(resolver);
	}
}

/* A node's own cache is meant to; whoever else does teaches what is not so. */
static void print_unserved(const json_t *unserved)
{
	const json_t *row;
	size_t index;

	json_array_foreach (unserved, index, row) {
		const char *suggestion = json_text(row, "suggestion");

		printf("unserved   %lld packets left in the name of resolver %s, which the policy does not say who "
		       "serves%s%s\n",
		       json_number(row, "packets_total"), json_text(row, "address"), *suggestion ? "; write: " : "",
		       suggestion);
	}
}

static void print_reasons(json_t *reasons, const char *verdict)
{
	const char *reason;
	json_t *count;

	json_object_foreach (reasons, reason, count)
		if (json_integer_value(count))
			printf("           %lld %s: %s\n", (long long)json_integer_value(count), verdict, reason);
}

static void print_packets(const json_t *packets, bool audit)
{
	long long would_deny = json_number(packets, "would_deny_total");

	printf("packets    %lld allowed, %lld denied", json_number(packets, "allowed_total"),
	       json_number(packets, "denied_total"));
	if (audit || would_deny)
		printf(", %lld would be denied and passed in audit", would_deny);
	putchar('\n');
	print_reasons(json_object_get(packets, "denied_by_reason_total"), "denied");
	print_reasons(json_object_get(packets, "would_deny_by_reason_total"), "would be denied");
}

static void print_lessons(const json_t *lessons)
{
	static const struct {
		const char *label, *sentence;
	} kinds[] = {
#define LESSON(symbol, label, sentence) {label, sentence},
	    EGRET_LESSONS(LESSON)
#undef LESSON
	};
	const char *heading = "dns        ";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		long long count = json_number(lessons, kinds[i].label);

		if (!count)
			continue;
		printf("%s%lld %s\n", heading, count, kinds[i].sentence);
		heading = "           ";
	}
}

static void print_existing(const json_t *existing)
{
	size_t index, count = json_array_size(existing);
	char subject[CELL_SIZE];
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
		cell_subject(row, subject);
		printf("           %s %s by %s\n", json_text(row, "address"), json_text(row, "port"), subject);
	}
}

static void print_maps(const json_t *status)
{
	const json_t *maps = json_object_get(status, "maps");
	char text[BYTES_TEXT_SIZE];
	const json_t *map;
	size_t index;

	json_array_foreach (maps, index, map)
		if (json_flag(map, "full"))
			printf("FULL       map %s holds %lld of %lld entries\n", json_text(map, "map"),
			       json_number(map, "entries_count"), json_number(map, "max_entries_count"));
	printf("maps       %s of kernel memory\n",
	       bytes_format((unsigned long long)json_number(status, "maps_memory_bytes"), text));
}

/* What each carries is in no map; what they share is in the sum of the maps. */
static void print_sockets(const json_t *sockets)
{
	char each[BYTES_TEXT_SIZE], shared[BYTES_TEXT_SIZE];

	bytes_format((unsigned long long)json_number(sockets, "each_max_bytes"), each);
	bytes_format((unsigned long long)json_number(sockets, "shared_memory_bytes"), shared);
	printf("sockets    each carries %s at most; of the maps, %s are what all share\n", each, shared);
}

static void print_status(const json_t *status)
{
	layers_print_first(status);
	print_mode(status);
	print_only_audited(json_object_get(status, "only_audited"));
	print_cgroup(status);
	layers_print(status);
	print_subjects(json_object_get(status, "subjects"));
	print_policy(status);
	print_absent(status);
	print_agent(status);
	print_waiting(json_object_get(status, "probation"));
	print_problems(json_object_get(status, "problems"));
	print_names(json_object_get(status, "names"));
	print_resolvers(json_object_get(status, "resolvers"));
	print_unserved(json_object_get(status, "unserved"));
	summary_specials(stdout, "special    ", json_object_get(status, "special_addresses"));
	print_packets(json_object_get(status, "packets"), !strcmp(json_text(status, "mode"), "auditing"));
	print_lessons(json_object_get(status, "dns_total"));
	print_existing(json_object_get(status, "existing"));
	print_maps(status);
	print_sockets(json_object_get(status, "sockets"));
}

/* Nothing of it is seen in the kernel. */
static void print_standing(const json_t *standing)
{
	layers_print_first(standing);
	print_mode(standing);
	print_agent(standing);
	if (!strcmp(json_text(standing, "mode"), "off"))
		printf("policy     says `set mode = off`: nothing is governed\n");
	print_problems(json_object_get(standing, "problems"));
}

static bool is_probe(const struct options *options)
{
	return options->live || options->ready;
}

static int exit_code(const struct options *options, const json_t *status)
{
	bool live = json_flag(status, "live"), ready = json_flag(status, "ready");

	if (is_probe(options))
		return (live || !options->live) && (ready || !options->ready) ? EXIT_YES : EXIT_NO;
	return json_flag(json_object_get(status, "agent"), "alive") &&
		       !json_array_size(json_object_get(status, "problems"))
		   ? EXIT_YES
		   : EXIT_NO;
}

/* One line for a probe: the kubelet shows it in the pod's events. */
static void answer_probe(const struct options *options, const json_t *status)
{
	char agent[AGENT_TEXT_SIZE];

	agent_format(status, agent);
	if (options->live && !json_flag(status, "live"))
		printf("not live: the agent of instance %s: %s\n", options->instance, agent);
	else if (options->ready && !json_flag(status, "ready"))
		printf("not ready: instance %s: %s\n", options->instance,
		       json_text(json_object_get(status, "not_ready"), "text"));
	else
		printf("%s: instance %s is %s; the agent: %s\n", options->ready ? "ready" : "live", options->instance,
		       mode_words(status), agent);
}

/* Takes @status over. */
static int show(const struct options *options, json_t *status, void (*print)(const json_t *status))
{
	int code = exit_code(options, status);

	if (options->json) {
		json_print(status, options->json_lines);
		return code;
	}
	if (is_probe(options))
		answer_probe(options, status);
	else
		print(status);
	json_decref(status);
	return code;
}

static int show_running(const struct options *options, const struct kernel *kernel)
{
	struct layer_links links;
	struct egret_meta meta;
	struct error error;
	json_t *status;
	int rc = kernel_get_meta(kernel, &meta);

	if (rc) {
		error_set(&error, rc, "cannot read instance %s: %s", options->instance, strerror(-rc));
		return fail(rc, &error);
	}
	/* A probe comes every few seconds: it is not asked to count what maps hold. */
	if (is_probe(options) && !options->json)
		return show(options, view_health(kernel, options->instance, &meta), print_status);
	links_list(&links);
	status = view_status(kernel, options->instance, &meta, &links);
	free(links.all);
	return show(options, status, print_status);
}

int command_status(const struct command *command, int argc, char **argv)
{
	struct options options;
	const struct kernel *kernel;
	struct error error;
	json_t *standing;
	int rc;

	options_parse(command, argc, argv, &options);
	collect_finished();
	rc = kernel_open(options.instance, &kernel, &error);
	standing = rc == -ENOENT ? view_standing(options.state, options.instance) : NULL;
	if (standing)
		return show(&options, standing, print_standing);
	if (rc) {
		rc = fail(rc, &error);
		return rc == EXIT_NOT_RUNNING && is_probe(&options) ? EXIT_NO : rc;
	}
	rc = show_running(&options, kernel);
	kernel_close(kernel);
	return rc;
}
