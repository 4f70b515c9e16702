// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "standing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/state.h"
#include "health.h"
#include "json.h"
#include "layers.h"

struct standing {
	const char *mode;
	bool marked, live, unpinned;
	struct state_mark mark;
	struct state_life life;
	struct finding problem;
};

static bool read_state(const char *state_path, const char *instance, struct standing *ret)
{
	struct error ignored;
	int state = state_open(state_path, false, &ignored);

	if (state < 0)
		return false;
	ret->marked = !state_read_mark(state, instance, &ret->mark);
	if (state_read_life(state, instance, &ret->life))
		ret->life = (struct state_life){};
	close(state);
	return ret->marked || ret->life.alive;
}

static const char *mode_of(const struct standing *standing)
{
	if (!strcmp(standing->life.standing, "off"))
		return "off";
	if (standing->marked)
		return "open";
	if (standing->unpinned)
		return "without-pins";
	return standing->life.standing[0] ? "open" : "starting";
}

/* Why nothing is governed, though the policy does not say so; or that it is, and cannot be seen. */
static void find_problem(struct standing *standing)
{
	char *text = standing->problem.text, mark[STATE_MARK_TEXT_SIZE];
	size_t size = sizeof(standing->problem.text);

	standing->problem.kind = "standing";
	if (standing->marked)
		snprintf(text, size, "opened by %s with `egret detach`: nothing is governed; `egret attach` ends that",
			 state_mark_format(&standing->mark, mark));
	else if (standing->unpinned)
		snprintf(text, size,
			 "its pins are gone from /sys/fs/bpf, and what the agent attached rules on: `egret detach` "
			 "opens; an agent that is started anew pins again");
	else if (standing->life.standing[0])
		snprintf(text, size, "nothing is governed; the agent's log says why it stands by");
	else
		snprintf(text, size, "nothing is attached yet, so nothing is governed");
}

/* The policy says that nothing is governed: all that can be wrong then is that no agent lives. */
static void find_problem_of_off(struct standing *standing)
{
	if (standing->live)
		return;
	standing->problem.kind = "agent";
	if (standing->life.alive)
		snprintf(standing->problem.text, sizeof(standing->problem.text),
			 "the agent hangs: no sign of life for %lld s", (long long)standing->life.beat_sec_ago);
	else
		snprintf(standing->problem.text, sizeof(standing->problem.text), "no agent runs");
}

static void judge(struct standing *standing)
{
	standing->live = standing->life.alive && standing->life.beat_sec_ago < HEALTH_LIVE_SEC;
	standing->unpinned = !standing->marked && !strcmp(standing->life.standing, "unpinned");
	standing->mode = mode_of(standing);
	if (strcmp(standing->mode, "off") != 0)
		find_problem(standing);
	else
		find_problem_of_off(standing);
}

static json_t *agent_to_json(const struct standing *standing)
{
	const struct state_life *life = &standing->life;
	json_t *agent = json_object();

	json_set_flag(agent, "alive", life->alive);
	json_object_set_new(agent, "pid", life->pid ? json_integer(life->pid) : json_null());
	json_object_set_new(agent, "heartbeat_age_seconds",
			    life->alive ? json_integer(life->beat_sec_ago) : json_null());
	return agent;
}

static json_t *mark_to_json(const struct standing *standing)
{
	json_t *mark;

	if (!standing->marked)
		return json_null();
	mark = json_object();
	json_set_text(mark, "user", standing->mark.user);
	json_set_number(mark, "uid", standing->mark.uid);
	json_set_time(mark, "marked_time", standing->mark.at_ns);
	json_set_text(mark, "policy_hash", standing->mark.policies[0]);
	return mark;
}

json_t *view_standing(const char *state_path, const char *instance)
{
	struct standing standing = {};
	json_t *view, *problem;

	if (!read_state(state_path, instance, &standing))
		return NULL;
	judge(&standing);
	view = json_object();
	problem = finding_to_json(&standing.problem);
	json_set_text(view, "instance", instance);
	json_set_text(view, "mode", standing.mode);
	json_set_flag(view, "attached", standing.unpinned);
	json_object_set_new(view, "missing_hook", json_null());
	json_object_set_new(view, "agent", agent_to_json(&standing));
	json_set_flag(view, "live", standing.live);
	json_set_flag(view, "ready", !standing.problem.kind);
	json_object_set(view, "not_ready", problem);
	json_object_set_new(view, "problems", json_array());
	if (standing.problem.kind)
		json_array_append(json_object_get(view, "problems"), problem);
	layers_add_none(view, standing.unpinned);
	json_object_set_new(view, "mark", mark_to_json(&standing));
	json_decref(problem);
	return view;
}
