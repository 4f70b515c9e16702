// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The last good policy and the addresses of its names: kept while the agent lives, and taken back at a start. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/hash.h"
#include "../base/state.h"
#include "good_policy.h"
#include "meta.h"

/* Names of a CDN change all the time; a disk is written to once a minute for it. */
#define LOOK_NS (60 * CLOCK_NS_PER_SEC)
/* Addresses that stay as they are look no older than that. */
#define ANSWER_AGE_NS (3600 * CLOCK_NS_PER_SEC)

struct known_names {
	struct kept_name *list;
	size_t count;
	uint64_t hash;
	uint64_t answered_ns; /* the newest */
};

/* Only names that have addresses: there is nothing to take back of the others. */
static void add_name(void *context, const struct resolver_name *name)
{
	struct known_names *names = context;

	if (!name->addr_count)
		return;
	names->list[names->count++] = (struct kept_name){name->name, name->addrs, name->addr_count, name->answered_ns};
	names->hash = hash_bytes(names->hash, name->name, strlen(name->name));
	names->hash = hash_bytes(names->hash, (const char *)name->addrs, name->addr_count * sizeof(*name->addrs));
	if (name->answered_ns > names->answered_ns)
		names->answered_ns = name->answered_ns;
}

/* Borrows from the resolver until it is called the next time. */
static int list_names(struct agent *agent, struct known_names *ret)
{
	const struct edition *edition = agent->ruling;

	*ret = (struct known_names){.list = calloc(edition->names + 1, sizeof(*ret->list)), .hash = HASH_BEGIN};
	if (!ret->list)
		return -ENOMEM;
	if (edition->resolver)
		resolver_each(edition->resolver, add_name, ret);
	return 0;
}

static int write_policy(const struct agent *agent, const struct known_names *names)
{
	struct kept_policy kept = {
	    .version = EGRET_VERSION,
	    .ruled_ns = clock_realtime_ns(),
	    .options = agent->options.policy,
	    .names = names->list,
	    .name_count = names->count,
	};
	struct error ignored;
	int state, rc;
	char *bytes;
	size_t len;

	kept.options.texts = agent->ruling->policy->texts;
	kept.options.text_count = agent->ruling->policy->text_count;
	rc = kept_format(&kept, &bytes, &len);
	if (rc)
		return rc;
	state = state_open(agent->options.state, false, &ignored);
	rc = state < 0 ? state : state_write_policy(state, agent->options.instance, bytes, len);
	if (state >= 0)
		close(state);
	free(bytes);
	return rc;
}

/* A folder that cannot be used is told as that (standby.h). */
static void note_written(struct agent *agent, int rc)
{
	struct kept *kept = &agent->kept;

	kept->problem[0] = '\0';
	if (!rc || *agent_state_problem(agent))
		return;
	snprintf(kept->problem, sizeof(kept->problem),
		 "the last good policy cannot be kept in the state folder %s: %s; a start with a broken policy would "
		 "not have it",
		 agent->options.state, rc == -EFBIG ? "it is larger than 64 MiB" : strerror(-rc));
	if (!kept->told)
		progress_warn(&agent->progress, "%s", kept->problem);
	kept->told = true;
}

static void keep(struct agent *agent, const struct known_names *names)
{
	int rc = write_policy(agent, names);

	note_written(agent, rc);
	if (rc)
		return;
	agent->kept.hash = names->hash;
	agent->kept.answered_ns = names->answered_ns;
}

static void keep_policy(struct agent *agent)
{
	struct known_names names;
	bool had_problem = *agent->kept.problem;

	/* Without resolvers it has no addresses: those that lie there are better than none. */
	if (agent->kept.good || agent->ruling->no_resolvers || !agent->options.state || list_names(agent, &names))
		return;
	agent->kept.good = true;
	agent->kept.look_ns = clock_now_ns() + LOOK_NS;
	keep(agent, &names);
	free(names.list);
	if (had_problem || *agent->kept.problem)
		meta_write_problem(agent->kernel, EGRET_PROBLEM_STATE, agent_state_problem(agent));
}

void agent_keep_names(struct agent *agent)
{
	struct kept *kept = &agent->kept;
	struct known_names names;

	if (!kept->good || !agent->ruling || list_names(agent, &names))
		return;
	if (names.hash != kept->hash || names.answered_ns >= kept->answered_ns + ANSWER_AGE_NS)
		keep(agent, &names);
	free(names.list);
}

void agent_keep_fresh(struct agent *agent)
{
	if (clock_now_ns() < agent->kept.look_ns)
		return;
	agent->kept.look_ns = clock_now_ns() + LOOK_NS;
	agent_keep_names(agent);
}

static void forget_policy(struct agent *agent)
{
	struct error ignored;
	int state = agent->options.state ? state_open(agent->options.state, false, &ignored) : -ENOENT;

	agent->kept = (struct kept){};
	if (state < 0)
		return;
	state_remove_policy(state, agent->options.instance);
	close(state);
}

void agent_note_ruled(struct agent *agent)
{
	const struct probation *probation = &agent->probation;
	const struct edition *edition = agent->ruling;

	if (!agent->options.standby || edition->source != EDITION_FILES || probation->try_ns || probation->ends_ns ||
	    probation->trial.fd >= 0)
		return;
	if (edition_only_audits(edition, &agent->options)) {
		forget_policy(agent);
	} else if (!kernel_settings(agent->kernel)->audit) {
		standby_note_ruled(agent->options.standby, edition->policy, !edition->unlayered);
		keep_policy(agent);
	}
}

const char *agent_state_problem(const struct agent *agent)
{
	const struct standby *standby = agent->options.standby;

	return standby && *standby->problem ? standby->problem : agent->kept.problem;
}
