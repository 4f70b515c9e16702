// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One policy in place of another; on failure the first one rules on. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meta.h"
#include "proof.h"

/* Until a policy is read again that was refused because something did not answer. */
#define RETRY_NS (15 * CLOCK_NS_PER_SEC)

/* Another policy, or one that was only audited, enforces: that too is proved, and told where it cannot be. */
static void write_reloaded(struct agent *agent, bool audit, const struct diag *diag)
{
	struct error error;
	bool proved =
	    !audit && !proof_make(agent->kernel, agent->compiled, agent->options.cgroup_fd, &agent->progress, &error);

	meta_write(agent->kernel, &agent->options, agent->compiled, diag, proved);
	agent_write_problems(agent);
	if (audit || proved)
		return;
	progress_warn(&agent->progress, "%s", error.text);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_POLICY, error.text);
}

/* The kernel's side goes from one agent to the next; on failure it stays with the first. */
static int take_over(struct agent *next, struct agent *old, struct diag *diag, struct error *error)
{
	bool audit = agent_only_audits(next);
	int rc;

	probation_pause(&old->probation);
	next->kernel = old->kernel;
	next->replaces = old;
	rc = agent_load_all(next, diag, error);
	next->replaces = NULL;
	if (rc) {
		next->kernel = NULL;
		return rc;
	}
	old->kernel = NULL;
	kernel_set_ttls(next->kernel, next->policy->settings.min_ttl_sec, next->policy->settings.max_ttl_sec);
	kernel_set_dns_names(next->kernel, next->policy->settings.dns_names);
	kernel_set_audit(next->kernel, audit); /* last: who sees the new mode may count on the rest */
	agent_stay_fresh(next);
	if (next->resolver)
		resolver_each(next->resolver, agent_write_name, next);
	write_reloaded(next, audit, diag);
	agent_announce(next, audit);
	agent_begin_probation(next);
	agent_note_ruled(next);
	return 0;
}

/* What was wrong when @before was looked at is not read again before it changes again. */
static void settle_for(struct agent *agent, const struct policy_file *before)
{
	for (size_t i = 0; i < agent->policy->file_count; i++)
		agent->policy->files[i] = before[i];
	agent->look_ns = clock_now_ns() + SETTLE_NS;
}

static int agent_next(const struct agent *old, struct agent **ret, struct diag *diag, struct error *error)
{
	struct agent_options options = old->options;

	options.had_resolvers = old->kernel && old->system_resolver_count;
	if (old->lent_probation)
		options.probation_sec = 0;
	return agent_new(&options, ret, diag, error);
}

int agent_renew(struct agent **agent, struct diag *diag, struct error *error)
{
	struct agent *old = *agent, *next = NULL;
	struct policy_file *before = watch_look(old->policy);
	int rc = before ? agent_next(old, &next, diag, error) : error_set(error, -ENOMEM, "out of memory");

	if (!rc) {
		*agent = next;
		agent_free(old);
	} else if (before) {
		settle_for(old, before);
	}
	free(before);
	return rc;
}

int agent_reload(struct agent **agent, struct diag *diag, struct error *error)
{
	struct agent *old = *agent, *next = NULL;
	struct policy_file *before = watch_look(old->policy);
	int rc;

	if (!before)
		return error_set(error, -ENOMEM, "out of memory");
	old->retry_ns = 0;
	rc = agent_next(old, &next, diag, error);
	agent_stay_fresh(old);
	if (!rc && next->policy->settings.off) {
		agent_free(next);
		free(before);
		return AGENT_STANDS_DOWN;
	}
	if (!rc && next)
		rc = agent_resolve(next, error);
	/* Resolving and what is required may take RESOLVE_WAIT_SEC each: together, as long as
	 * `set stale_after` may be. */
	agent_stay_fresh(old);
	if (!rc && next)
		rc = take_over(next, old, diag, error);
	if (next && next->kernel) { /* it rules, whatever came after */
		*agent = next;
		agent_free(old);
	} else {
		settle_for(old, before);
		if (rc == -EAGAIN)
			old->retry_ns = clock_now_ns() + RETRY_NS;
		agent_free(next);
	}
	free(before);
	return rc;
}

void agent_note_problem(struct agent *agent, const struct diag *diag, const struct error *error)
{
	char text[EGRET_PROBLEM_SIZE];
	size_t i = 0;

	while (i < diag->count && diag->entries[i].severity != DIAG_ERROR)
		i++;
	if (i < diag->count)
		snprintf(text, sizeof(text), "%s:%u:%u: %s", diag->entries[i].file, diag->entries[i].line,
			 diag->entries[i].column, diag->entries[i].text);
	else
		snprintf(text, sizeof(text), "%s", error->text);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_POLICY, text);
}
