// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a policy to what the kernel enforces. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "existing.h"
#include "meta.h"
#include "proof.h"

/* For a policy that closes what a person had opened, where nobody said how long. */
#define REOPENED_PROBATION_SEC 120

static int compile_now(struct agent *agent, uint32_t generation, struct compiled **ret, struct diag *diag,
		       struct error *error)
{
	struct compile_input input = {
	    .policy = agent->policy,
	    .system_resolvers = agent->system_resolvers,
	    .system_resolver_count = agent_uses_system_resolvers(agent->policy) ? agent->system_resolver_count : 0,
	    .generation = generation,
	};
	struct name_addrs *names;
	int rc;

	rc = addresses_list(agent->addresses, &names, &input.name_count);
	if (rc)
		return error_set(error, rc, "out of memory");
	input.names = names;
	rc = compile_policy(&input, ret, diag);
	free(names);
	if (rc)
		error_set(error, rc,
			  rc == -EINVAL ? "the policy cannot be compiled; nothing was changed" : "out of memory");
	return rc;
}

static int compile_required(struct agent *agent, struct compiled **ret, struct diag *diag, struct error *error)
{
	uint32_t generation = kernel_next_generation(agent->kernel);
	int rc = compile_now(agent, generation, ret, diag, error);

	if (rc || !agent_must_wait(agent))
		return rc;
	agent->must_rebuild = false;
	rc = agent_wait_for_required(agent, *ret, error);
	if (!rc && !agent->must_rebuild)
		return 0;
	compiled_free(*ret);
	*ret = NULL;
	return rc ? rc : compile_now(agent, generation, ret, diag, error); /* names were answered meanwhile */
}

int agent_load_all(struct agent *agent, struct diag *diag, struct error *error)
{
	struct compiled *compiled = NULL;
	struct subjects *subjects = NULL;
	int rc;

	rc = compile_required(agent, &compiled, diag, error);
	if (rc || !compiled)
		return rc;
	rc = subjects_new(agent->options.cgroup, agent->options.cgroup_fd, compiled, agent->kernel, &subjects);
	if (rc)
		error_set(error, rc, "cannot watch the cgroups below %s: %s", agent->options.cgroup, strerror(-rc));
	else
		rc = kernel_load_policy(agent->kernel, compiled, error);
	if (rc) {
		subjects_free(subjects);
		compiled_free(compiled);
		return rc;
	}
	subjects_free(agent->subjects);
	compiled_free(agent->compiled);
	agent->subjects = subjects;
	agent->compiled = compiled;
	subjects_refresh(subjects); /* those that came in meanwhile */
	existing_refresh(agent->kernel, compiled);
	agent->must_rebuild = false;
	return 0;
}

void agent_write_name(void *context, const struct resolver_name *name)
{
	struct agent *agent = context;

	meta_write_name(agent->kernel, agent->compiled, name);
}

void agent_announce(struct agent *agent, bool audit)
{
	size_t patterns = 0;

	for (size_t i = 0; i < agent->compiled->name_count; i++)
		patterns += agent->compiled->names[i][0] == '*';
	if (patterns)
		progress_say(&agent->progress,
			     "%zu pattern%s (*.x): addresses are learned from DNS answers as they come", patterns,
			     patterns == 1 ? "" : "s");
	progress_say(&agent->progress, "%s: instance %s, cgroup %s, %zu rules, %zu addresses, %zu CIDRs",
		     audit ? "auditing" : "enforcing", agent->options.instance, agent->options.cgroup,
		     agent->compiled->rule_count, agent->compiled->addr_count, agent->compiled->cidr_count);
}

void agent_stay_fresh(struct agent *agent)
{
	const struct policy_settings *settings = &agent->policy->settings;

	kernel_set_stale(agent->kernel, settings->stale_floor ? settings->stale_sec : 0);
}

/* What follows an opening by hand must not surprise: `egret attach` may cut, another policy begins
 * on probation. */
static void begin_after_standby(struct agent *agent)
{
	const struct standby *standby = agent->options.standby;

	if (!standby)
		return;
	if (standby->cut)
		agent->policy->settings.keep_existing = false;
	agent->lent_probation = standby->on_probation && !agent->options.probation_sec;
	if (agent->lent_probation)
		agent->options.probation_sec = REOPENED_PROBATION_SEC;
}

/* It rules now: what kept it from that is over. */
static void end_standby(struct agent *agent)
{
	struct standby *standby = agent->options.standby;

	if (!standby)
		return;
	standby_attached(standby);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_STATE, agent_state_problem(agent));
	if (*standby->problem)
		progress_warn(&agent->progress, "%s", standby->problem);
}

void agent_note_ruled(struct agent *agent)
{
	const struct probation *probation = &agent->probation;

	if (!agent->options.standby || probation->try_ns || probation->ends_ns || probation->trial.fd >= 0)
		return;
	if (agent_only_audits(agent)) {
		agent_forget_policy(agent);
	} else if (!kernel_config(agent->kernel)->audit) {
		standby_note_ruled(agent->options.standby, agent->policy);
		agent_keep_policy(agent);
	}
}

void agent_write_problems(struct agent *agent)
{
	meta_write_floorless(agent->kernel, agent->floorless_rules);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_FILES, policy_files_fault(agent->policy));
	meta_write_problem(agent->kernel, EGRET_PROBLEM_RESOLVERS, agent_resolver_problem(agent));
}

/* With new maps it is a first attach, and what stands is "existing": listed unless it is cut. */
static int attach(struct agent *agent, struct error *error)
{
	bool first = !kernel_was_running(agent->kernel) || kernel_is_side_by_side(agent->kernel);
	bool listed = first && (kernel_config(agent->kernel)->keep_existing || agent_only_audits(agent));
	struct connections found = {};
	int rc;

	if (listed)
		existing_find(&found);
	rc = kernel_attach(agent->kernel, agent->options.cgroup_fd, error);
	if (!rc && listed)
		existing_note(agent->kernel, agent->compiled, agent->options.cgroup_fd, &found);
	connections_clear(&found);
	return rc;
}

int agent_enforce(struct agent *agent, struct diag *diag, struct error *error)
{
	bool audit = agent_only_audits(agent);
	int rc;

	begin_after_standby(agent);
	rc = agent->kernel ? 0 : kernel_claim(agent->options.instance, KERNEL_ANY, &agent->kernel, error);
	if (!rc)
		rc = kernel_load(agent->kernel, agent->options.cgroup_fd, error);
	if (rc)
		return rc;
	progress_stage(&agent->progress, "programs");
	if (*kernel_takeover_note(agent->kernel))
		progress_warn(&agent->progress, "%s", kernel_takeover_note(agent->kernel));
	/* "existing" is about the first attach, and a replacement is none. */
	kernel_set_keep_existing(agent->kernel,
				 agent->policy->settings.keep_existing ||
				     (kernel_was_running(agent->kernel) && kernel_is_side_by_side(agent->kernel)));
	kernel_set_ttls(agent->kernel, agent->policy->settings.min_ttl_sec, agent->policy->settings.max_ttl_sec);
	rc = agent_load_all(agent, diag, error);
	if (rc)
		goto undo;
	progress_stage(&agent->progress, "tables");
	/* Of the policy that rules, not of one that may yet be refused. */
	kernel_set_dns_names(agent->kernel, agent->policy->settings.dns_names);
	kernel_set_audit(agent->kernel, audit);
	agent_stay_fresh(agent);
	rc = meta_write(agent->kernel, &agent->options, agent->compiled, diag, false);
	agent_write_problems(agent);
	if (rc)
		error_set(error, rc, "cannot write about the instance: %s", strerror(-rc));
	if (!rc)
		rc = attach(agent, error);
	progress_stage(&agent->progress, "attach");
	if (!rc && !audit)
		rc = proof_make(agent->kernel, agent->compiled, agent->options.cgroup_fd, &agent->progress, error);
	if (!rc)
		rc = kernel_settle(agent->kernel, error);
	if (rc)
		goto undo;
	progress_stage(&agent->progress, "proof");
	if (agent->resolver)
		resolver_each(agent->resolver, agent_write_name, agent);
	meta_write(agent->kernel, &agent->options, agent->compiled, diag, !audit);
	progress_say_stages(&agent->progress);
	agent_announce(agent, audit);
	agent_begin_probation(agent);
	end_standby(agent);
	agent_note_ruled(agent);
	return 0;
undo:
	kernel_undo(agent->kernel);
	return rc;
}

void agent_rebuild(struct agent *agent)
{
	struct diag diag = {};
	struct error error;

	if (agent_load_all(agent, &diag, &error))
		progress_warn(&agent->progress, "%s; the policy that runs goes on", error.text);
	agent->must_rebuild = false;
	diag_clear(&diag);
}
