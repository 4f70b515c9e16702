/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the page asks for: views as `--json` gives them, of each so much and no more. */
#ifndef EGRET_SERVE_API_H
#define EGRET_SERVE_API_H

#include <jansson.h>

#include "history.h"
#include "metrics.h"

/* Rows of one reply. */
#define API_DROPS_MAX   500
#define API_RULES_MAX   500 /* that were hit, and as many that were not */
#define API_LEARNED_MAX 500

struct api_sources {
	const struct kernel *kernel;
	const char *instance;
	const struct metrics *metrics; /* of now */
	const struct history *history;
};

struct api_path {
	const char *path;
	/* NULL: it cannot be read. */
	json_t *(*make)(const struct api_sources *sources);
};
/*
 * /api/status   {version, now_time, health, agent_text, policy: {hash, loaded_time, rules_count, warnings_count},
 *               only_audited, packets: {allowed_total, denied_total, would_deny_total, unjudged_total}, names,
 *               resolvers}: health, only_audited, names and resolvers are the views of these names
 * /api/drops    {rows: view_newest_drops, left_out_count}
 * /api/rates    history_to_json
 * /api/rules    {rows: view_rules_some, rules_count, unused_count}
 * /api/learned  {rows: view_learned_some, more}
 */
#define API_PATHS 5
extern const struct api_path api_paths[API_PATHS];

#endif
