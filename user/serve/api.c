// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "api.h"

#include "../base/clock.h"
#include "../view/health.h"
#include "../view/json.h"
#include "../view/learned.h"
#include "../view/newest.h"
#include "../view/resolvers.h"
#include "../view/rules.h"
#include "../view/status.h"

static json_t *policy_to_json(const struct egret_meta *meta)
{
	json_t *policy = json_object();

	json_set_text(policy, "hash", meta->policy_hash);
	json_set_time(policy, "loaded_time", meta->policy_ns);
	json_set_number(policy, "rules_count", meta->rules);
	json_set_number(policy, "warnings_count", meta->warnings);
	return policy;
}

/* view_packets sums over all rules, one by one. */
static json_t *packets_to_json(const struct metrics_totals *totals)
{
	json_t *packets = json_object();

	json_set_number(packets, "allowed_total", totals->packets.allowed);
	json_set_number(packets, "denied_total", totals->packets.denied);
	json_set_number(packets, "would_deny_total", totals->packets.would_deny);
	json_set_number(packets, "unjudged_total", totals->unjudged);
	return packets;
}

static json_t *make_status(const struct api_sources *sources)
{
	char agent[AGENT_TEXT_SIZE];
	struct metrics_totals totals;
	struct egret_meta meta;
	json_t *view, *health;

	if (kernel_get_meta(sources->kernel, &meta))
		return NULL;
	metrics_get_totals(sources->metrics, &totals);
	health = view_health(sources->kernel, sources->instance, &meta);
	view = json_object();
	json_set_text(view, "version", EGRET_VERSION);
	json_set_time(view, "now_time", clock_realtime_ns());
	json_set_text(view, "agent_text", agent_format(health, agent));
	json_object_set_new(view, "health", health);
	json_object_set_new(view, "policy", policy_to_json(&meta));
	json_object_set_new(view, "only_audited", view_only_audited(&meta));
	json_object_set_new(view, "packets", packets_to_json(&totals));
	json_object_set(view, "names", metrics_names(sources->metrics));
	json_object_set_new(view, "resolvers", view_resolvers(&meta));
	return view;
}

static json_t *make_drops(const struct api_sources *sources)
{
	size_t left_out;
	json_t *rows, *view;

	if (view_newest_drops(sources->kernel, API_DROPS_MAX, &rows, &left_out))
		return NULL;
	view = json_object();
	json_object_set_new(view, "rows", rows);
	json_set_number(view, "left_out_count", left_out);
	return view;
}

static json_t *make_rates(const struct api_sources *sources)
{
	struct metrics_totals totals;

	metrics_get_totals(sources->metrics, &totals);
	return history_to_json(sources->history, &totals.packets);
}

static json_t *make_rules(const struct api_sources *sources)
{
	struct rules_counts counts;
	json_t *rows, *view;

	if (view_rules_some(sources->kernel, sources->instance, API_RULES_MAX, &rows, &counts))
		return NULL;
	view = json_object();
	json_object_set_new(view, "rows", rows);
	json_set_number(view, "rules_count", counts.all);
	json_set_number(view, "unused_count", counts.unused);
	return view;
}

static json_t *make_learned(const struct api_sources *sources)
{
	json_t *rows, *view;
	bool more;

	if (view_learned_some(sources->kernel, API_LEARNED_MAX, &rows, &more))
		return NULL;
	view = json_object();
	json_object_set_new(view, "rows", rows);
	json_set_flag(view, "more", more);
	return view;
}

const struct api_path api_paths[API_PATHS] = {
    {"/api/status", make_status}, {"/api/drops", make_drops},     {"/api/rates", make_rates},
    {"/api/rules", make_rules},   {"/api/learned", make_learned},
};
