// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "standing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/state.h"
#include "../view/health.h"
#include "table.h"

struct standing {
	const char *instance, *mode;
	bool marked, live, ready, unpinned;
	struct state_mark mark;
	struct state_life life;
	char agent[96], problem[EGRET_PROBLEM_SIZE]; /* "" = none */
};

static bool read_state(const struct options *options, struct standing *ret)
{
	struct error ignored;
	int state = state_open(options->state, false, &ignored);

	if (state < 0)
		return false;
	ret->marked = !state_read_mark(state, options->instance, &ret->mark);
	if (state_read_life(state, options->instance, &ret->life))
		ret->life = (struct state_life){};
	close(state);
	return ret->marked || ret->life.alive;
}

static void describe_agent(struct standing *standing)
{
	const struct state_life *life = &standing->life;
	char pid[32] = "";

	standing->live = life->alive && life->beat_sec_ago < HEALTH_LIVE_SEC;
	if (life->pid)
		snprintf(pid, sizeof(pid), ", pid %d", (int)life->pid);
	if (!life->alive)
		snprintf(standing->agent, sizeof(standing->agent), "not running");
	else
		snprintf(standing->agent, sizeof(standing->agent), "%s%s, last sign of life %lld s ago",
			 standing->live ? "alive" : "hangs", pid, (long long)life->beat_sec_ago);
}

/* Why nothing is governed, though the policy does not say so; or that it is, and cannot be seen. */
static void find_problem(struct standing *standing)
{
	char text[STATE_MARK_TEXT_SIZE];

	if (standing->marked)
		snprintf(standing->problem, sizeof(standing->problem),
			 "opened by %s with `egret detach`: nothing is governed; `egret attach` ends that",
			 state_mark_format(&standing->mark, text));
	else if (standing->unpinned)
		snprintf(
		    standing->problem, sizeof(standing->problem),
		    "its pins are gone from /sys/fs/bpf, and what the agent attached rules on: `egret detach` opens; "
		    "an agent that is started anew pins again");
	else if (standing->life.standing[0])
		snprintf(standing->problem, sizeof(standing->problem),
			 "nothing is governed; the agent's log says why it stands by");
	else
		snprintf(standing->problem, sizeof(standing->problem),
			 "nothing is attached yet, so nothing is governed");
}

static const char *mode_of(const struct standing *standing)
{
	if (!strcmp(standing->life.standing, "off"))
		return "off";
	if (standing->marked)
		return "open";
	if (standing->unpinned)
		return "without pins";
	return standing->life.standing[0] ? "open" : "starting";
}

static void judge(struct standing *standing)
{
	describe_agent(standing);
	standing->unpinned = !standing->marked && !strcmp(standing->life.standing, "unpinned");
	standing->mode = mode_of(standing);
	if (strcmp(standing->mode, "off"))
		find_problem(standing);
	else if (!standing->live)
		snprintf(standing->problem, sizeof(standing->problem), "the agent %s", standing->agent);
	standing->ready = !standing->problem[0];
}

static json_t *mark_to_json(const struct state_mark *mark)
{
	return json_pack("{s:s, s:i, s:I, s:s}", "user", mark->user, "uid", (int)mark->uid, "at_sec",
			 (json_int_t)(mark->at_ns / 1000000000), "policy", mark->policies[0]);
}

static json_t *to_json(const struct standing *standing)
{
	json_t *problems = json_array();

	if (standing->problem[0])
		json_array_append_new(problems, json_pack("{s:s, s:s}", "kind", "standing", "text", standing->problem));
	return json_pack("{s:s, s:s, s:b, s:b, s:o, s:I, s:b, s:b, s:o, s:o}", "instance", standing->instance, "mode",
			 standing->mode, "attached", standing->unpinned, "agent_alive", standing->life.alive,
			 "agent_pid", standing->life.pid ? json_integer(standing->life.pid) : json_null(),
			 "heartbeat_sec_ago", (json_int_t)standing->life.beat_sec_ago, "live", standing->live, "ready",
			 standing->ready, "mark", standing->marked ? mark_to_json(&standing->mark) : json_null(),
			 "problems", problems);
}

static void print(const struct standing *standing)
{
	printf("instance   %s: %s\nagent      %s\n", standing->instance, standing->mode, standing->agent);
	if (!strcmp(standing->mode, "off"))
		printf("policy     says `set mode = off`: nothing is governed\n");
	if (standing->problem[0])
		printf("PROBLEM    %s\n", standing->problem);
}

static int answer_probe(const struct options *options, const struct standing *standing)
{
	if (options->live && !standing->live) {
		printf("not live: the agent of instance %s: %s\n", standing->instance, standing->agent);
		return EXIT_NO;
	}
	if (options->ready && !standing->ready) {
		printf("not ready: instance %s: %s\n", standing->instance, standing->problem);
		return EXIT_NO;
	}
	printf("%s: instance %s is %s; the agent: %s\n", options->ready ? "ready" : "live", standing->instance,
	       standing->mode, standing->agent);
	return EXIT_YES;
}

bool standing_show(const struct options *options, int *ret_code)
{
	struct standing standing = {.instance = options->instance};
	bool probe = options->live || options->ready;

	if (!read_state(options, &standing))
		return false;
	judge(&standing);
	*ret_code = standing.ready && standing.live ? EXIT_YES : EXIT_NO;
	if (probe)
		*ret_code =
		    (standing.live || !options->live) && (standing.ready || !options->ready) ? EXIT_YES : EXIT_NO;
	if (options->json)
		json_print(to_json(&standing));
	else if (probe)
		*ret_code = answer_probe(options, &standing);
	else
		print(&standing);
	return true;
}
