// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From an edition to what the kernel enforces. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "absent.h"
#include "existing.h"
#include "meta.h"
#include "proof.h"

/* For a policy that closes what a person had opened, where nobody said how long. */
#define REOPENED_PROBATION_SEC 120

/* The tables of @edition are in the kernel, and rule by one store. */
static int load_tables(struct agent *agent, struct edition *edition, bool audit, struct diag *diag, struct error *error)
{
	struct compiled *compiled;
	int rc = edition_compile(edition, agent->kernel, &compiled, diag, error);

	if (rc)
		return rc;
	rc = kernel_load_policy(agent->kernel, compiled, audit, subjects_tell, error);
	if (rc) {
		compiled_free(compiled);
		return rc;
	}
	edition_rule(edition, agent->kernel, compiled);
	existing_refresh(agent->kernel, compiled);
	return 0;
}

/* Whoever sends has a subject, before anything is judged. */
static int know_subjects(struct agent *agent, struct error *error)
{
	int rc = kernel_attach_subjects(agent->kernel, error);

	if (!rc) {
		rc = subjects_make_all(agent->kernel);
		if (rc)
			error_set(error, rc, "cannot walk the cgroups of this machine: %s", strerror(-rc));
	}
	if (rc)
		kernel_undo(agent->kernel);
	return rc;
}

static void tell_takeover(struct agent *agent)
{
	if (*kernel_takeover_note(agent->kernel))
		progress_warn(&agent->progress, "%s", kernel_takeover_note(agent->kernel));
}

int agent_open_instance(struct agent *agent, struct error *error)
{
	int rc = agent->kernel ? 0 : kernel_claim(agent->options.instance, KERNEL_ANY, &agent->kernel, error);

	if (!rc && agent->hold == HOLD_NOTHING)
		rc = kernel_load(agent->kernel, agent->options.cgroup_fd, error);
	if (!rc && agent->hold == HOLD_NOTHING)
		rc = know_subjects(agent, error);
	if (rc)
		return rc;
	agent->hold = HOLD_LOADED;
	progress_stage(&agent->progress, "programs");
	tell_takeover(agent);
	layers_begin(agent);
	return 0;
}

/* `set existing` is about the first attach: a policy that takes the place of another has none, nor has a takeover. The
 * policy of --fallback is nobody's, so the one behind it counts as the first. */
static void write_existing(struct agent *agent, const struct edition *next)
{
	bool replaces = kernel_was_running(agent->kernel) && kernel_is_side_by_side(agent->kernel);

	if (agent->hold != HOLD_ATTACHED || agent->ruling->source == EDITION_FALLBACK)
		kernel_set_keep_existing(agent->kernel, next->policy->settings.keep_existing || replaces);
}

/* What follows an opening by hand must not surprise: `egret attach` may cut, another policy begins
 * on probation. */
static void begin_after_standby(const struct standby *standby, struct edition *next)
{
	if (standby->cut)
		next->policy->settings.keep_existing = false;
	if (standby->on_probation && !next->probation_sec)
		next->probation_sec = REOPENED_PROBATION_SEC;
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

/* What is to be told of the policy for as long as it rules. */
static void write_problems(struct agent *agent, const struct edition *edition)
{
	meta_write_floorless(agent->kernel, edition->floorless_rules);
	meta_write_unlayered(agent->kernel, edition->unlayered);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_FILES, policy_files_fault(edition->policy));
	meta_write_problem(agent->kernel, EGRET_PROBLEM_RESOLVERS, edition_resolver_problem(edition));
}

static int write_meta(struct agent *agent, const struct edition *edition, const struct diag *diag, bool proved)
{
	int rc = meta_write(agent->kernel, &agent->options, edition->compiled, diag, proved, agent->problem);

	write_problems(agent, edition);
	return rc;
}

/* With new maps it is a first attach, and what stands is "existing": listed unless it is cut. */
static int attach_programs(struct agent *agent, const struct edition *edition, struct error *error)
{
	bool first = !kernel_was_running(agent->kernel) || kernel_is_side_by_side(agent->kernel);
	bool listed =
	    first && (kernel_config(agent->kernel)->keep_existing || edition_only_audits(edition, &agent->options));
	struct connections found = {};
	int rc;

	if (listed)
		existing_find(&found);
	rc = kernel_attach(agent->kernel, agent->options.cgroup_fd, error);
	if (!rc && kernel_is_side_by_side(agent->kernel))
		tell_takeover(agent);
	if (!rc && listed)
		existing_note(agent->kernel, edition->compiled, agent->options.cgroup_fd, &found);
	connections_clear(&found);
	return rc;
}

static int prove(struct agent *agent, const struct edition *edition, struct error *error)
{
	return proof_make(agent->kernel, edition->compiled, agent->options.cgroup_fd, &agent->progress, error);
}

/* The programs come behind tables and settings. What cannot be attached, or proved, has never ruled. */
static int attach(struct agent *agent, const struct edition *edition, const struct diag *diag, struct error *error)
{
	int rc = write_meta(agent, edition, diag, false);

	progress_stage(&agent->progress, "tables");
	if (rc)
		return error_set(error, rc, "cannot write about the instance: %s", strerror(-rc));
	layers_prepare(agent);
	rc = attach_programs(agent, edition, error);
	progress_stage(&agent->progress, "attach");
	if (!rc && !edition_only_audits(edition, &agent->options))
		rc = prove(agent, edition, error);
	if (!rc)
		rc = kernel_settle(agent->kernel, error);
	progress_stage(&agent->progress, "proof");
	return rc;
}

/* It rules already, so what cannot be proved is told. */
static void prove_again(struct agent *agent, const struct edition *edition, const struct diag *diag)
{
	bool audit = edition_only_audits(edition, &agent->options);
	struct error error;
	int rc = audit ? 0 : prove(agent, edition, &error);

	write_meta(agent, edition, diag, !audit && !rc);
	if (!rc)
		return;
	progress_warn(&agent->progress, "%s", error.text);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_POLICY, error.text);
}

static void announce(struct agent *agent)
{
	const struct compiled *compiled = agent->ruling->compiled;
	size_t patterns = 0;

	for (size_t i = 0; i < compiled->name_count; i++)
		patterns += compiled->names[i][0] == '*';
	if (patterns)
		progress_say(&agent->progress,
			     "%zu pattern%s (*.x): addresses are learned from DNS answers as they come", patterns,
			     patterns == 1 ? "" : "s");
	progress_say(&agent->progress, "%s: instance %s, cgroup %s, %zu rules, %zu addresses, %zu CIDRs",
		     edition_only_audits(agent->ruling, &agent->options) ? "auditing" : "enforcing",
		     agent->options.instance, agent->options.cgroup, compiled->rule_count, compiled->addr_count,
		     compiled->cidr_count);
}

static void names_have_moved(void *context)
{
	agent_rebuild(context);
}

static void wanted_have_come(void *context)
{
	struct agent *agent = context;

	wanted_take(agent->ruling->wanted, agent->kernel, agent->ruling->compiled);
}

static void something_is_denied(void *context)
{
	struct agent *agent = context;

	culprits_take(agent->kernel);
}

static void take_over(struct agent *agent, struct edition *next)
{
	edition_free(agent->ruling);
	agent->ruling = next;
	agent->kept.good = false; /* the policy of @next is not kept yet */
	agent->hold = HOLD_ATTACHED;
	agent->candidate.first_until_ns = 0;
	next->moved = names_have_moved;
	next->context = agent;
	loop_fd_remove(&agent->denied_came);
	loop_fd_add(agent->loop, &agent->denied_came, kernel_denied_fd(agent->kernel), something_is_denied, agent);
	loop_fd_remove(&agent->wanted_came);
	if (next->wanted)
		loop_fd_add(agent->loop, &agent->wanted_came, kernel_wanted_fd(agent->kernel), wanted_have_come, agent);
}

static int commit(struct agent *agent, struct edition *next, struct diag *diag, struct error *error)
{
	int rc;

	write_existing(agent, next);
	agent_inherit_names(agent, next); /* what was answered while @next was a candidate */
	rc = load_tables(agent, next, edition_only_audits(next, &agent->options), diag, error);
	if (rc)
		return rc;
	if (agent->hold == HOLD_ATTACHED) {
		agent_end_probation(agent); /* of the policy before: a trial would be in the way of the proof */
		prove_again(agent, next, diag);
		meta_count_reload(agent->kernel);
		return 0;
	}
	rc = attach(agent, next, diag, error);
	if (!rc)
		write_meta(agent, next, diag, !edition_only_audits(next, &agent->options));
	return rc;
}

/* What ruled before rules on: of this agent, or one that was found. */
static void undo(struct agent *agent, struct edition *next)
{
	edition_rest(next);
	if (agent->hold == HOLD_ATTACHED)
		return;
	kernel_undo(agent->kernel);
}

/* `exec` has an instance of its own, whose maps are its caller's business. */
static void share_with_viewers(struct agent *agent)
{
	int rc = agent->options.layers ? kernel_share(agent->kernel) : 0;

	if (rc)
		progress_warn(&agent->progress, "group " KERNEL_VIEWERS " cannot be let read the maps: %s",
			      strerror(-rc));
}

int agent_enforce_next(struct agent *agent, struct edition *next, struct diag *diag, struct error *error)
{
	bool first = agent->hold != HOLD_ATTACHED;
	int rc;

	if (agent->options.standby)
		begin_after_standby(agent->options.standby, next);
	if (!agent->options.layers)
		next->policy->settings.layers = EGRET_LAYERS_OFF;
	if (first)
		rc = agent_open_instance(agent, error);
	rc = first && rc ? rc : commit(agent, next, diag, error);
	if (rc) {
		if (agent->hold != HOLD_NOTHING)
			undo(agent, next);
		return rc;
	}
	take_over(agent, next);
	/* At once: what a person wishes from here on is a wish of its own. */
	if (first)
		end_standby(agent);
	edition_write_names(next);
	layers_follow(agent);
	if (first)
		progress_say_stages(&agent->progress);
	announce(agent);
	share_with_viewers(agent);
	absent_tell(agent->kernel, agent->ruling->policy, &agent->progress);
	agent_begin_probation(agent);
	agent_note_ruled(agent);
	return 0;
}

void agent_rebuild(struct agent *agent)
{
	struct diag diag = {};
	struct error error;

	if (!agent->ruling->must_rebuild)
		return;
	if (load_tables(agent, agent->ruling, kernel_settings(agent->kernel)->audit, &diag, &error))
		progress_warn(&agent->progress, "%s; the policy that runs goes on", error.text);
	edition_write_names(agent->ruling);
	share_with_viewers(agent);
	agent->ruling->must_rebuild = false;
	diag_clear(&diag);
}

struct edition *agent_let_go(struct agent *agent)
{
	struct edition *edition = agent->ruling;

	agent_end_probation(agent);
	agent->hits = (struct hit_record){};
	layers_end(agent);
	loop_fd_remove(&agent->wanted_came);
	loop_fd_remove(&agent->denied_came);
	if (edition) {
		edition_rest(edition);
		edition->moved = NULL;
	}
	completions_reset(agent->completions);
	kernel_free(agent->kernel);
	agent->kernel = NULL;
	agent->ruling = NULL;
	agent->hold = HOLD_NOTHING;
	return edition;
}
