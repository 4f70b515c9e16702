// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "health.h"

#include <stdio.h>

#include "../base/clock.h"
#include "../base/process.h"
#include "json.h"

static const char *const problem_labels[] = {
#define PROBLEM_LABEL(symbol, label) label,
    EGRET_PROBLEMS(PROBLEM_LABEL)
#undef PROBLEM_LABEL
};

static void find(struct finding *finding, const char *kind, const char *text)
{
	finding->kind = kind;
	snprintf(finding->text, sizeof(finding->text), "%s", text);
}

static bool is_live(const struct health_facts *facts)
{
	return facts->held && facts->silent_sec >= 0 && facts->silent_sec < HEALTH_LIVE_SEC;
}

/* What the maps do not say as a problem of the agent's own. */
static void find_problem(const struct health_facts *facts, struct health *ret)
{
	char text[EGRET_PROBLEM_SIZE];

	if (!facts->attached && !facts->meta->attached_ns) {
		find(&ret->problem, "not-attached", "nothing is attached yet, so nothing is governed");
	} else if (!facts->attached) {
		snprintf(text, sizeof(text),
			 "hook %s is not attached, so the cgroup is not governed; start the agent anew",
			 facts->missing_hook);
		find(&ret->problem, "not-attached", text);
	} else if (!facts->audits && !facts->meta->enforcing) {
		find(&ret->problem, "not-proven",
		     "the self-test has not shown that the policy is enforced; the agent's log says why");
	} else if (facts->held && !ret->live && facts->silent_sec < 0) {
		find(&ret->problem, "agent", "the agent starts; no sign of life yet");
	} else if (facts->held && !ret->live) {
		snprintf(text, sizeof(text), "the agent starts or hangs: no sign of life for %lld s",
			 (long long)facts->silent_sec);
		find(&ret->problem, "agent", text);
	}
}

static bool find_told(const struct health_facts *facts, enum egret_problem kind, struct finding *ret)
{
	if (!facts->meta->problems[kind][0])
		return false;
	find(ret, problem_labels[kind], facts->meta->problems[kind]);
	return true;
}

/* The first of what keeps the policy that was asked for from ruling. */
static void find_not_ready(const struct health_facts *facts, struct health *ret)
{
	const struct egret_meta *meta = facts->meta;

	if (ret->problem.kind)
		ret->not_ready = ret->problem;
	else if (!ret->live)
		find(&ret->not_ready, "agent", "no agent runs, so a change of the policy would not be seen");
	else if (find_told(facts, EGRET_PROBLEM_POLICY, &ret->not_ready) ||
		 find_told(facts, EGRET_PROBLEM_REQUIRED, &ret->not_ready))
		return;
	else if (meta->probation_ends_ns && meta->waiting[0])
		find(&ret->not_ready, "probation", meta->waiting);
	else if (facts->audits && !meta->asked_audit)
		find(&ret->not_ready, "audit", "the policy says enforce, and is only audited");
}

void health_judge(const struct health_facts *facts, struct health *ret)
{
	*ret = (struct health){.live = is_live(facts)};
	find_problem(facts, ret);
	find_not_ready(facts, ret);
	ret->ready = !ret->not_ready.kind;
}

static const char *mode_of(const struct health_facts *facts)
{
	if (!facts->attached)
		return "not-attached";
	if (facts->audits)
		return "auditing";
	return facts->meta->enforcing ? "enforcing" : "not-proven";
}

json_t *finding_to_json(const struct finding *finding)
{
	if (!finding->kind)
		return json_null();
	return json_pack("{s:s, s:s}", "kind", finding->kind, "text", finding->text);
}

static json_t *problems_to_json(const struct health_facts *facts, const struct health *health)
{
	json_t *problems = json_array();
	struct finding finding;

	if (health->problem.kind)
		json_array_append_new(problems, finding_to_json(&health->problem));
	for (int kind = 0; kind < EGRET_PROBLEM_COUNT; kind++)
		if (find_told(facts, kind, &finding))
			json_array_append_new(problems, finding_to_json(&finding));
	return problems;
}

static json_t *agent_to_json(const struct health_facts *facts, const struct health *health)
{
	json_t *agent = json_object();

	json_set_flag(agent, "alive", facts->held);
	json_object_set_new(agent, "pid", health->live && facts->pid ? json_integer(facts->pid) : json_null());
	json_object_set_new(agent, "heartbeat_age_seconds",
			    facts->silent_sec < 0 ? json_null() : json_integer(facts->silent_sec));
	return agent;
}

/* Who holds the instance may not be the agent that gave the last sign of life. A view cannot ask for the lock, which
 * would be in the way of an agent that starts: it knows no more than that sign. */
static void look_at_agent(const struct kernel *kernel, const struct egret_meta *meta, const char *instance,
			  struct health_facts *ret)
{
	struct process_id id = {meta->agent_pid, meta->agent_start_ticks, meta->agent_pid_namespace};
	enum process_life life = process_look(&id);

	ret->pid = life == PROCESS_ALIVE ? id.pid : 0;
	ret->silent_sec = -1;
	ret->held = kernel_is_view(kernel) ? life != PROCESS_GONE : kernel_is_held(instance);
	if (meta->heartbeat_ns && !(ret->held && life == PROCESS_GONE))
		ret->silent_sec = clock_seconds_between(meta->heartbeat_ns, clock_kernel_ns());
	if (kernel_is_view(kernel) && life == PROCESS_HIDDEN)
		ret->held = ret->silent_sec >= 0 && ret->silent_sec < HEALTH_LIVE_SEC;
}

bool health_agent_is_there(const struct kernel *kernel, const char *instance)
{
	struct health_facts facts = {};
	struct egret_meta meta = {};

	kernel_get_meta(kernel, &meta);
	look_at_agent(kernel, &meta, instance, &facts);
	return facts.held;
}

json_t *view_health(const struct kernel *kernel, const char *instance, const struct egret_meta *meta)
{
	struct health_facts facts = {.audits = kernel_settings(kernel)->audit, .missing_hook = "", .meta = meta};
	json_t *view = json_object();
	struct health health;

	look_at_agent(kernel, meta, instance, &facts);
	facts.attached = kernel_is_attached(kernel, &facts.missing_hook);
	health_judge(&facts, &health);
	json_set_text(view, "instance", meta->instance[0] ? meta->instance : instance);
	json_set_text(view, "mode", mode_of(&facts));
	json_set_flag(view, "attached", facts.attached);
	json_set_text(view, "missing_hook", facts.attached ? NULL : facts.missing_hook);
	json_object_set_new(view, "agent", agent_to_json(&facts, &health));
	json_set_flag(view, "live", health.live);
	json_set_flag(view, "ready", health.ready);
	json_object_set_new(view, "not_ready", finding_to_json(&health.not_ready));
	json_object_set_new(view, "problems", problems_to_json(&facts, &health));
	return view;
}

const char *agent_format(const json_t *health, char buf[static AGENT_TEXT_SIZE])
{
	const json_t *agent = json_object_get(health, "agent");
	bool silent = json_is_null(json_object_get(agent, "heartbeat_age_seconds"));
	long long age_sec = json_number(agent, "heartbeat_age_seconds");
	char pid[32] = "";

	if (json_number(agent, "pid"))
		snprintf(pid, sizeof(pid), ", pid %lld", json_number(agent, "pid"));
	if (json_flag(health, "live"))
		snprintf(buf, AGENT_TEXT_SIZE, "alive%s, last sign of life %lld s ago", pid, age_sec);
	else if (json_flag(agent, "alive") && silent)
		snprintf(buf, AGENT_TEXT_SIZE, "starts; no sign of life yet");
	else if (json_flag(agent, "alive"))
		snprintf(buf, AGENT_TEXT_SIZE, "starts or hangs: no sign of life for %lld s", age_sec);
	else if (silent)
		snprintf(buf, AGENT_TEXT_SIZE, "not running");
	else
		snprintf(buf, AGENT_TEXT_SIZE,
			 "not running (last sign of life %lld s ago): what is attached goes on, names are no longer "
			 "refreshed",
			 age_sec);
	return buf;
}
