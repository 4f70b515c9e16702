// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metrics.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../view/health.h"
#include "../view/json.h"
#include "../view/names.h"
#include "../view/reason.h"
#include "../view/resolvers.h"
#include "layer_series.h"
#include "rules.h"
#include "series.h"
#include "workloads.h"
#include "egret_reasons.h"

/* What is counted by a walk over maps that may have hundreds of thousands of entries. */
#define COUNT_NS (30 * CLOCK_NS_PER_SEC)

struct metrics {
	bool up;
	uint64_t looked_ns; /* CLOCK_REALTIME */
	struct egret_meta meta;
	json_t *health, *names;
	struct rules rules;
	struct workloads *workloads;
	struct egret_counter reasons[2][EGRET_REASON_COUNT];
	struct egret_counter lessons[EGRET_LESSON_COUNT];
	struct layer_counts layers;
	uint64_t late_subjects;
	struct kernel_map_fill fills[KERNEL_MAP_FILLS];
	size_t fill_count;
	uint64_t counted_ns;
};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	metrics->workloads = workloads_new();
	if (metrics->workloads)
		return metrics;
	free(metrics);
	return NULL;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	json_decref(metrics->health);
	json_decref(metrics->names);
	rules_free(&metrics->rules);
	workloads_free(metrics->workloads);
	free(metrics);
}

/* --- looking --- */

static void look_at_counters(struct metrics *metrics, const struct kernel *kernel)
{
	for (int audited = 0; audited < 2; audited++)
		for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++)
			kernel_get_reason(kernel, reason, audited, &metrics->reasons[audited][reason]);
	for (uint32_t kind = 0; kind < EGRET_LESSON_COUNT; kind++)
		kernel_get_lesson(kernel, kind, &metrics->lessons[kind]);
	metrics->late_subjects = kernel_late_subjects(kernel);
}

static void count_entries(struct metrics *metrics, const struct kernel *kernel)
{
	uint64_t now_ns = clock_now_ns();

	if (metrics->names && now_ns - metrics->counted_ns < COUNT_NS)
		return;
	metrics->counted_ns = now_ns;
	json_decref(metrics->names);
	metrics->names = view_names(kernel);
	metrics->fill_count = kernel_map_fill(kernel, metrics->fills);
}

void metrics_look(struct metrics *metrics, const struct kernel *kernel, const char *instance)
{
	metrics->looked_ns = clock_realtime_ns();
	metrics->up = kernel && !kernel_get_meta(kernel, &metrics->meta);
	if (!metrics->up)
		return;
	json_decref(metrics->health);
	metrics->health = view_health(kernel, instance, &metrics->meta);
	if (rules_look(&metrics->rules, kernel) || workloads_look(metrics->workloads, kernel)) {
		metrics->up = false;
		return;
	}
	look_at_counters(metrics, kernel);
	layer_series_look(kernel, &metrics->layers);
	count_entries(metrics, kernel);
}

static uint64_t sum_of_reasons(const struct metrics *metrics, int audited)
{
	uint64_t packets = 0;

	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++)
		packets += metrics->reasons[audited][reason].packets;
	return packets;
}

void metrics_get_totals(const struct metrics *metrics, struct metrics_totals *ret)
{
	ret->packets = (struct history_totals){
	    .time_ns = metrics->looked_ns,
	    .known = metrics->up,
	    .allowed = metrics->rules.allowed,
	    .denied = sum_of_reasons(metrics, 0),
	    .would_deny = sum_of_reasons(metrics, 1),
	};
	ret->unjudged = layer_series_unjudged(&metrics->layers);
}

json_t *metrics_names(const struct metrics *metrics)
{
	return metrics->names;
}

/* --- writing --- */

static void write_serve(const struct http_counts *counts, struct series *series)
{
	series_begin(series, "egret_build", SERIES_INFO, "The program that serves this.");
	series_add_labelled(series, 1, {"version", EGRET_VERSION});
	series_single(series, "egret_serve_connections", SERIES_GAUGE, counts->open, "Connections that are open.");
	series_single(series, "egret_serve_connections_accepted", SERIES_COUNTER, counts->accepted,
		      "Connections that came.");
	series_begin(series, "egret_serve_connections_dropped", SERIES_COUNTER,
		     "Connections that were ended before their reply was, by why.");
	series_add_labelled(series, counts->pushed_out, {"why", "full"});
	series_add_labelled(series, counts->too_slow, {"why", "slow"});
}

static void write_mode(const struct metrics *metrics, struct series *series)
{
	static const char *const modes[] = {"enforcing", "auditing", "not-attached", "not-proven"};
	const char *mode = json_text(metrics->health, "mode");

	series_begin(series, "egret_mode", SERIES_GAUGE, "1 for the mode that it is in.");
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		series_add_labelled(series, !strcmp(mode, modes[i]), {"mode", modes[i]});
}

/* What no agent can tell comes from health.c, beside what it told. */
static void write_problems(const struct metrics *metrics, struct series *series)
{
	static const char *const kinds[] = {
#define PROBLEM_LABEL(symbol, label) label,
	    EGRET_PROBLEMS(PROBLEM_LABEL)
#undef PROBLEM_LABEL
		"not-attached",
	    "not-proven",
	    "agent",
	};
	const json_t *problems = json_object_get(metrics->health, "problems"), *problem;
	size_t at;

	series_begin(series, "egret_problem", SERIES_GAUGE, "1 for what is a PROBLEM of egret status, by its kind.");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		bool is_there = false;

		json_array_foreach (problems, at, problem)
			is_there |= !strcmp(json_text(problem, "kind"), kinds[i]);
		series_add_labelled(series, is_there, {"kind", kinds[i]});
	}
}

static void write_agent(const struct metrics *metrics, struct series *series)
{
	const json_t *age = json_object_get(json_object_get(metrics->health, "agent"), "heartbeat_age_seconds");

	series_begin(series, "egret_agent", SERIES_INFO, "The agent that loaded the policy, and what it governs.");
	series_add_labelled(series, 1, {"version", metrics->meta.version}, {"name", metrics->meta.instance},
			    {"cgroup", metrics->meta.cgroup_path});
	series_single(series, "egret_agent_live", SERIES_GAUGE, json_flag(metrics->health, "live"),
		      "1 if an agent gave a sign of life in the last 30 s.");
	series_single(series, "egret_ready", SERIES_GAUGE, json_flag(metrics->health, "ready"),
		      "1 if what the policy says is in force and proved.");
	if (json_is_integer(age))
		series_single(series, "egret_agent_heartbeat_age_seconds", SERIES_GAUGE,
			      (uint64_t)json_integer_value(age), "How long ago the agent gave a sign of life.");
}

static void write_policy(const struct metrics *metrics, struct series *series)
{
	const struct egret_meta *meta = &metrics->meta;

	series_begin(series, "egret_policy", SERIES_INFO, "The policy that rules.");
	series_add_labelled(series, 1, {"hash", meta->policy_hash});
	series_single(series, "egret_policy_in_force", SERIES_GAUGE, !meta->problems[EGRET_PROBLEM_POLICY][0],
		      "0 if the files on disk have a policy that does not rule.");
	series_single(series, "egret_policy_loaded_timestamp_seconds", SERIES_GAUGE, meta->policy_ns / CLOCK_NS_PER_SEC,
		      "When the policy began to rule.");
	series_single(series, "egret_policy_rules", SERIES_GAUGE, meta->rules, "Rules of the policy.");
	series_single(series, "egret_policy_warnings", SERIES_GAUGE, meta->warnings, "Warnings about the policy.");
	series_single(series, "egret_policy_reloads", SERIES_COUNTER, meta->reloads,
		      "Policies that took the place of one that ruled.");
	series_single(series, "egret_policy_refused", SERIES_COUNTER, meta->policies_refused,
		      "Policies that did not, each for another reason than the one before.");
}

static void write_by_reason(const struct metrics *metrics, struct series *series, int audited, bool bytes)
{
	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++) {
		const struct egret_counter *counter = &metrics->reasons[audited][reason];

		series_add_labelled(series, bytes ? counter->bytes : counter->packets,
				    {"reason", reason_label(reason)});
	}
}

static void write_reasons(const struct metrics *metrics, struct series *series)
{
	series_begin(series, "egret_denied_packets", SERIES_COUNTER, "Packets that were denied.");
	write_by_reason(metrics, series, 0, false);
	series_begin(series, "egret_denied_bytes", SERIES_COUNTER, "Octets of packets that were denied.");
	write_by_reason(metrics, series, 0, true);
	series_begin(series, "egret_would_deny_packets", SERIES_COUNTER, "Packets that only audit let through.");
	write_by_reason(metrics, series, 1, false);
	series_begin(series, "egret_would_deny_bytes", SERIES_COUNTER,
		     "Octets of packets that only audit let through.");
	write_by_reason(metrics, series, 1, true);
}

static void write_lessons(const struct metrics *metrics, struct series *series)
{
	static const char *const labels[] = {
#define LESSON_LABEL(symbol, label, sentence) label,
	    EGRET_LESSONS(LESSON_LABEL)
#undef LESSON_LABEL
	};

	series_begin(series, "egret_dns_lessons", SERIES_COUNTER, "What became of DNS answers, as in egret status.");
	for (uint32_t kind = 0; kind < EGRET_LESSON_COUNT; kind++)
		series_add_labelled(series, metrics->lessons[kind].packets, {"kind", labels[kind]});
}

static void write_names(const struct metrics *metrics, struct series *series)
{
	const char *state;
	json_t *count;

	series_begin(series, "egret_names", SERIES_GAUGE, "Names of the policy, by how they resolve.");
	json_object_foreach (json_object_get(metrics->names, "state_count"), state, count)
		series_add_labelled(series, (uint64_t)json_integer_value(count), {"state", state});
}

static void write_resolver_states(const json_t *resolvers, struct series *series)
{
	static const char *const states[] = {"answers", "errors", "silent", "unknown"};
	const json_t *resolver;
	size_t i;

	series_begin(series, "egret_resolver_state", SERIES_GAUGE, "1 for how a resolver answers the agent.");
	json_array_foreach (resolvers, i, resolver)
		for (size_t s = 0; s < sizeof(states) / sizeof(*states); s++)
			series_add_labelled(series, !strcmp(json_text(resolver, "state"), states[s]),
					    {"resolver", json_text(resolver, "address")}, {"state", states[s]});
}

static void write_resolver_counts(const json_t *resolvers, struct series *series, const char *name, const char *key,
				  const char *help)
{
	const json_t *resolver;
	size_t i;

	series_begin(series, name, SERIES_COUNTER, help);
	json_array_foreach (resolvers, i, resolver)
		series_add_labelled(series, (uint64_t)json_number(resolver, key),
				    {"resolver", json_text(resolver, "address")});
}

static void write_resolvers(const struct metrics *metrics, struct series *series)
{
	json_t *resolvers = view_resolvers(&metrics->meta);

	write_resolver_states(resolvers, series);
	write_resolver_counts(resolvers, series, "egret_resolver_queries", "queries_total",
			      "What the agent asked a resolver.");
	write_resolver_counts(resolvers, series, "egret_resolver_answers", "answers_total", "Answers to it.");
	write_resolver_counts(resolvers, series, "egret_resolver_failures", "failures_total",
			      "Answers that say the resolver failed.");
	write_resolver_counts(resolvers, series, "egret_resolver_timeouts", "timeouts_total",
			      "What it did not answer.");
	json_decref(resolvers);
}

/* Tables of the policy are as large as they need to be, and a view cannot count them. */
static bool has_room(const struct kernel_map_fill *fill)
{
	return fill->counted && !fill->sized_to_policy && fill->max_entries > 1;
}

static void write_fill(const struct metrics *metrics, struct series *series)
{
	series_begin(series, "egret_map_entries", SERIES_GAUGE, "Entries of a map; counted every 30 s.");
	for (size_t i = 0; i < metrics->fill_count; i++)
		if (has_room(&metrics->fills[i]))
			series_add_labelled(series, metrics->fills[i].entries, {"map", metrics->fills[i].name});
	series_begin(series, "egret_map_max_entries", SERIES_GAUGE, "Entries that a map has room for.");
	for (size_t i = 0; i < metrics->fill_count; i++)
		if (has_room(&metrics->fills[i]))
			series_add_labelled(series, metrics->fills[i].max_entries, {"map", metrics->fills[i].name});
}

static void write_instance(const struct metrics *metrics, struct series *series, bool named)
{
	write_agent(metrics, series);
	write_mode(metrics, series);
	write_problems(metrics, series);
	write_policy(metrics, series);
	write_reasons(metrics, series);
	workloads_write(metrics->workloads, series);
	rules_write(&metrics->rules, series, named);
	layer_series_write(&metrics->meta, &metrics->layers, series);
	write_lessons(metrics, series);
	write_names(metrics, series);
	write_resolvers(metrics, series);
	write_fill(metrics, series);
	series_single(series, "egret_late_subjects", SERIES_COUNTER, metrics->late_subjects,
		      "Cgroups that began and that programs could make no subject of.");
}

void metrics_write(const struct metrics *metrics, const struct http_counts *counts, const struct metrics_form *form,
		   FILE *out)
{
	struct series series = {.out = out, .open = form->open};

	write_serve(counts, &series);
	series_single(&series, "egret_up", SERIES_GAUGE, metrics->up, "1 if the instance can be read.");
	if (metrics->up)
		write_instance(metrics, &series, form->named);
	series_end(&series);
}
