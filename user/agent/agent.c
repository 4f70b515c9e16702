// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../compile/compile.h"
#include "../kernel/kernel.h"
#include "../resolve/resolver.h"
#include "../subject/cgroup.h"
#include "addresses.h"
#include "culprits.h"
#include "existing.h"
#include "floor.h"
#include "hits.h"
#include "meta.h"
#include "probation.h"
#include "progress.h"
#include "proof.h"
#include "standby.h"
#include "subjects.h"
#include "unresolved.h"
#include "wanted.h"
#include "watch.h"

#define RESOLVE_WAIT_SEC 15
#define MAX_POLL_FDS     256
#define HEARTBEAT_NS     (10 * CLOCK_NS_PER_SEC)
/* A sweep of 32,768 entries takes 60 ms. */
#define SWEEP_NS (60 * CLOCK_NS_PER_SEC)
/* Until a policy is read again that was refused because something did not answer. */
#define RETRY_NS (15 * CLOCK_NS_PER_SEC)
/* Who writes several files, or one in several pieces, is given this long. */
#define SETTLE_NS (300 * CLOCK_NS_PER_MS)
/* For a policy that closes what a person had opened, where nobody said how long. */
#define REOPENED_PROBATION_SEC 120

struct agent {
	struct agent_options options;
	struct progress progress;
	struct policy *policy;
	struct resolver *resolver; /* NULL: the policy has no exact name */
	struct wanted *wanted;     /* NULL: the policy has no resolver */
	struct addresses *addresses;
	struct egret_addr *system_resolvers;
	size_t system_resolver_count;
	struct compiled *compiled;
	struct kernel *kernel;
	struct subjects *subjects;
	size_t names;
	uint64_t floorless_rules; /* of floor_check */
	bool must_rebuild;        /* the tables are full, or a change could not be made alone */
	bool pins_missed;         /* told already */
	bool lent_probation;      /* options.probation_sec is REOPENED_PROBATION_SEC, of this policy alone */
	struct watch *watch;      /* NULL: nobody asked for it */
	uint64_t look_ns;         /* when to look at the files; 0 = nothing moved */
	uint64_t retry_ns;        /* when to read them again, changed or not; 0 = no need */
	struct culprits culprits;
	uint64_t heartbeat_ns;
	uint64_t sweep_ns;
	uint64_t full_seen; /* addresses that found no room, when that was looked at last */
	bool full_told;
	const struct agent *replaces; /* whose policy rules until this one does; NULL: nobody's */
	struct probation probation;
	struct egret_addr *required_resolvers; /* one of them must answer on probation */
	size_t required_resolver_count;
};

static bool uses_system_resolvers(const struct policy *policy)
{
	for (size_t i = 0; i < policy->resolver_count; i++)
		if (policy->resolvers[i].system)
			return true;
	return false;
}

/* A policy without any resolver still has names; they are asked where the system asks. */
static int read_system_resolvers(struct agent *agent, struct error *error)
{
	int rc;

	if (agent->policy->resolver_count && !uses_system_resolvers(agent->policy))
		return 0;
	if (policy_stands_on(agent->policy, RESOLV_CONF))
		return error_set(error, -ENOMEM, "out of memory");
	rc = resolver_system_servers(NULL, &agent->system_resolvers, &agent->system_resolver_count);
	if (!rc && resolver_is_stub(agent->system_resolvers, agent->system_resolver_count) &&
	    policy_stands_on(agent->policy, RESOLV_CONF_UPLINK))
		return error_set(error, -ENOMEM, "out of memory");
	if (rc && uses_system_resolvers(agent->policy))
		return error_set(error, rc,
				 "the policy says \"resolver system\", and /etc/resolv.conf names no nameserver; "
				 "write \"resolver ADDRESS\"");
	return 0;
}

static void add_resolver(struct egret_addr *all, size_t *count, const struct egret_addr *addr)
{
	for (size_t i = 0; i < *count; i++)
		if (addr_equal(&all[i], addr))
			return;
	all[(*count)++] = *addr;
}

static void add_system_resolvers(const struct agent *agent, struct egret_addr *all, size_t *count)
{
	for (size_t i = 0; i < agent->system_resolver_count; i++)
		add_resolver(all, count, &agent->system_resolvers[i]);
}

/* In the order of the policy: the first one is asked first. */
static int resolver_addresses(const struct agent *agent, struct egret_addr **ret, size_t *ret_count)
{
	const struct policy *policy = agent->policy;
	size_t count = 0;
	struct egret_addr *all = calloc(policy->resolver_count + agent->system_resolver_count + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < policy->resolver_count; i++) {
		if (policy->resolvers[i].system)
			add_system_resolvers(agent, all, &count);
		else
			add_resolver(all, &count, &policy->resolvers[i].addr);
	}
	if (!policy->resolver_count)
		add_system_resolvers(agent, all, &count);
	*ret = all;
	*ret_count = count;
	return 0;
}

/* What the kernel holds follows what the resolver found, address by address. */
static int write_address(void *context, const struct egret_addr *addr, const char *const *names, size_t count)
{
	struct agent *agent = context;
	struct egret_dest dest;
	int rc;

	rc = compiled_address(agent->compiled, addr, names, count, &dest);
	if (!rc)
		rc = kernel_set_address(agent->kernel, agent->compiled, addr, &dest);
	if (rc)
		agent->must_rebuild = true;
	return 0;
}

static void on_name(void *context, const struct resolver_name *name, bool changed)
{
	struct agent *agent = context;
	bool rules = agent->kernel && agent->compiled;
	int rc;

	if (changed) {
		rc = addresses_set(agent->addresses, name->name, name->addrs, name->addr_count,
				   rules ? write_address : NULL, agent);
		if (rc || !rules)
			agent->must_rebuild = true;
		if (rules)
			kernel_forget_denials(agent->kernel);
	}
	if (rules)
		meta_write_name(agent->kernel, agent->compiled, name);
}

static int add_names_of(struct agent *agent, const struct policy_dest *dests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int rc;

		if (dests[i].kind != POLICY_DEST_NAME)
			continue;
		rc = resolver_add(agent->resolver, dests[i].name);
		if (rc)
			return rc;
	}
	return 0;
}

static size_t exact_names(const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t d = 0; d < policy->rules[i].dest_count; d++)
			count += policy->rules[i].dests[d].kind == POLICY_DEST_NAME;
	return count;
}

static int too_many_resolvers(struct error *error)
{
	return error_set(error, -E2BIG, "the policy names more than %d resolvers; name fewer", RESOLVER_MAX_SERVERS);
}

static int start_resolver(struct agent *agent, struct error *error)
{
	const struct policy *policy = agent->policy;
	struct resolver_options options = {
	    .inflight = agent->options.resolve_inflight,
	    /* Who sets the one means to be faster than the other lets him. */
	    .queries_per_sec = agent->options.resolve_inflight ? UINT_MAX : 0,
	    .min_ttl_sec = policy->settings.min_ttl_sec,
	    .max_ttl_sec = policy->settings.max_ttl_sec,
	};
	struct egret_addr *servers;
	int rc;

	rc = resolver_addresses(agent, &servers, &options.server_count);
	if (rc)
		return error_set(error, rc, "out of memory");
	options.servers = servers;
	if (policy->resolver_count && options.server_count) {
		rc = wanted_new(&options, &agent->wanted);
		if (rc == -E2BIG)
			rc = too_many_resolvers(error);
	}
	if (rc || !exact_names(policy)) {
		free(servers);
		return rc;
	}
	if (!options.server_count) {
		free(servers);
		return error_set(error, -EINVAL,
				 "the policy has names and nobody to ask for them; write \"resolver ADDRESS\"");
	}
	rc = resolver_new(&options, on_name, agent, &agent->resolver);
	free(servers);
	if (rc == -E2BIG)
		return too_many_resolvers(error);
	for (size_t i = 0; i < policy->rule_count && !rc; i++)
		rc = add_names_of(agent, policy->rules[i].dests, policy->rules[i].dest_count);
	if (rc)
		return error_set(error, rc, "cannot start resolving: %s", strerror(-rc));
	agent->names = resolver_pending(agent->resolver);
	return 0;
}

/* Nothing else of a policy that is off is needed, so nothing else of it can be wrong. */
static int start_asking(struct agent *agent, struct error *error)
{
	int rc;

	if (agent->policy->settings.off && agent->options.standby)
		return 0;
	if (agent->policy->settings.off)
		return error_set(error, -EINVAL,
				 "the policy says `set mode = off`, so there is nothing to run the command under; "
				 "take the line out, or run the command without egret");
	rc = read_system_resolvers(agent, error);
	return rc ? rc : start_resolver(agent, error);
}

int agent_new(const struct agent_options *options, struct agent **ret, struct diag *diag, struct error *error)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int rc;

	if (!agent)
		return error_set(error, -ENOMEM, "out of memory");
	agent->options = *options;
	if (!agent->options.resolve_wait_sec)
		agent->options.resolve_wait_sec = RESOLVE_WAIT_SEC;
	progress_start(&agent->progress, options->quiet);
	probation_init(&agent->probation);
	agent->addresses = addresses_new();
	rc = agent->addresses ? policy_load(&options->policy, &agent->policy, diag) : -ENOMEM;
	progress_stage(&agent->progress, "policy");
	if (!rc)
		policy_report_files(agent->policy, diag);
	if (!rc)
		rc = floor_check(options, agent->policy, diag, &agent->floorless_rules);
	if (rc)
		error_set(error, rc, rc == -EINVAL ? "the policy has errors; nothing was changed" : "out of memory");
	if (!rc)
		rc = start_asking(agent, error);
	if (rc) {
		agent_free(agent);
		return rc;
	}
	if (options->watch && watch_new(agent->policy, &agent->watch))
		progress_warn(&agent->progress, "the policy's files cannot be watched; after a change, send SIGHUP");
	/* What changed while it was read brings no event any more. */
	agent->look_ns = clock_now_ns() + SETTLE_NS;
	*ret = agent;
	return 0;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	probation_cancel(&agent->probation);
	watch_free(agent->watch);
	resolver_free(agent->resolver);
	wanted_free(agent->wanted);
	subjects_free(agent->subjects);
	kernel_free(agent->kernel);
	compiled_free(agent->compiled);
	addresses_free(agent->addresses);
	policy_free(agent->policy);
	free(agent->system_resolvers);
	free(agent->required_resolvers);
	free(agent);
}

static size_t at_most(size_t count, size_t limit)
{
	return count < limit ? count : limit;
}

/* One turn of the loop: waits for the resolver, the caller's descriptors, or @deadline. */
static int turn(struct agent *agent, const struct pollfd *extra, size_t extra_count, uint64_t deadline_ns)
{
	struct pollfd fds[MAX_POLL_FDS];
	uint64_t now = clock_now_ns();
	int timeout_ms = -1, wanted_ms = -1, own_ms;
	size_t count = 0, wanted = 0, room = MAX_POLL_FDS - extra_count;
	int ready;

	if (agent->wanted && agent->kernel)
		wanted = at_most(wanted_poll(agent->wanted, fds, room, &wanted_ms), room);
	if (agent->resolver)
		count =
		    at_most(resolver_poll(agent->resolver, fds + wanted, room - wanted, &timeout_ms), room - wanted);
	if (timeout_ms < 0 || (wanted_ms >= 0 && wanted_ms < timeout_ms))
		timeout_ms = wanted_ms;
	count += wanted;
	for (size_t i = 0; i < extra_count; i++)
		fds[count + i] = extra[i];
	own_ms = deadline_ns > now ? (deadline_ns - now + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS : 0;
	if (timeout_ms < 0 || timeout_ms > own_ms)
		timeout_ms = own_ms;
	ready = poll(fds, count + extra_count, timeout_ms);
	if (ready < 0 && errno != EINTR)
		return -errno;
	if (agent->resolver)
		resolver_process(agent->resolver, fds + wanted, ready > 0 ? count - wanted : 0);
	if (agent->wanted && agent->kernel)
		wanted_process(agent->wanted, fds, ready > 0 ? wanted : 0, agent->kernel, agent->compiled);
	for (size_t i = 0; i < extra_count && ready > 0; i++)
		if (fds[count + i].revents)
			return i + 1;
	return 0;
}

void agent_place(struct agent *agent, struct kernel *claimed, const struct agent_place *place)
{
	agent->kernel = claimed;
	agent->options.instance = place->instance;
	agent->options.cgroup = place->cgroup;
	agent->options.cgroup_fd = place->cgroup_fd;
}

int agent_resolve(struct agent *agent, struct error *error)
{
	uint64_t deadline = clock_now_ns() + agent->options.resolve_wait_sec * CLOCK_NS_PER_SEC;
	size_t pending;

	if (!agent->resolver)
		return 0;
	while ((pending = resolver_pending(agent->resolver)) && clock_now_ns() < deadline) {
		int rc = turn(agent, NULL, 0, deadline);

		if (rc < 0)
			return error_set(error, rc, "cannot wait for the resolvers: %s", strerror(-rc));
		progress_step(&agent->progress, "resolving names", agent->names - pending, agent->names);
	}
	progress_stage(&agent->progress, "names");
	unresolved_report(agent->resolver, addresses_count(agent->addresses), &agent->progress);
	return 0;
}

static int compile_now(struct agent *agent, uint32_t generation, struct compiled **ret, struct diag *diag,
		       struct error *error)
{
	struct compile_input input = {
	    .policy = agent->policy,
	    .system_resolvers = agent->system_resolvers,
	    .system_resolver_count = uses_system_resolvers(agent->policy) ? agent->system_resolver_count : 0,
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

static bool only_audits(const struct agent *agent)
{
	return agent->options.audit || agent->policy->settings.audit;
}

/* @of borrows from @ret_names, which is the caller's. */
static int probation_of(const struct agent *agent, const struct compiled *compiled, struct probation_of *of,
			struct name_addrs **ret_names)
{
	*of = (struct probation_of){
	    .kernel = agent->kernel,
	    .governed_fd = agent->options.cgroup_fd,
	    .requirements = {.compiled = compiled,
			     .home_fd = -1,
			     .resolvers = agent->required_resolvers,
			     .resolver_count = agent->required_resolver_count},
	};
	if (addresses_list(agent->addresses, ret_names, &of->requirements.name_count))
		return -ENOMEM;
	of->requirements.names = *ret_names;
	return 0;
}

static int try_once(struct agent *agent, const struct probation_of *of, struct error *error)
{
	struct trial *trial = &agent->probation.trial;
	struct trial_result result;
	int rc;

	rc = trial_start(trial, &of->requirements, of->kernel, of->governed_fd);
	if (rc)
		return error_set(error, rc, "what the policy requires cannot be tried: %s", strerror(-rc));
	while (!rc) {
		struct pollfd over = {.fd = trial->fd, .events = POLLIN};

		rc = turn(agent, &over, 1, clock_now_ns() + CLOCK_NS_PER_SEC);
	}
	trial_finish(trial, &result);
	return result.missing ? error_set(error, -EAGAIN, "what must answer does not: %s", result.text) : 0;
}

/* Where the agent is itself. -1: it cannot be told. */
static int open_home(void)
{
	char path[CGROUP_PATH_SIZE];
	struct error ignored;
	int fd;

	return cgroup_of_self(path, sizeof(path), &ignored) || cgroup_open(path, &fd, &ignored) ? -1 : fd;
}

/* What the node's services are connected to, and only the policy that rules lets them. */
static int try_services(const struct agent *agent, const struct compiled *compiled, struct error *error)
{
	char text[EGRET_PROBLEM_SIZE - 64];
	struct services services;
	size_t missing;

	services_find(&services, agent->options.cgroup_fd);
	if (!kernel_config(agent->kernel)->audit)
		services_keep_allowed(&services, agent->kernel, agent->replaces->compiled);
	missing = services_missing(&services, agent->kernel, compiled, agent->options.cgroup_fd);
	services_describe(&services, text, sizeof(text));
	services_clear(&services);
	return missing ? error_set(error, -EAGAIN, "what must answer does not: %s", text) : 0;
}

static int try_under_ruling(struct agent *agent, const struct compiled *compiled, int home_fd, struct error *error)
{
	struct name_addrs *names;
	struct probation_of of;
	int rc = 0;

	if (probation_of(agent, compiled, &of, &names))
		return error_set(error, -ENOMEM, "out of memory");
	of.requirements.ruling = agent->kernel;
	of.requirements.home_fd = home_fd;
	if (agent->policy->require_count)
		rc = try_once(agent, &of, error);
	free(names);
	return rc ? rc : try_services(agent, compiled, error);
}

/* Before a policy takes another one's place. Its names may be answered meanwhile. */
static int wait_for_required(struct agent *agent, const struct compiled *compiled, struct error *error)
{
	uint64_t deadline = clock_now_ns() + agent->options.resolve_wait_sec * CLOCK_NS_PER_SEC;
	int rc, home_fd = open_home();

	do {
		rc = try_under_ruling(agent, compiled, home_fd, error);
		if (rc == -EAGAIN)
			turn(agent, NULL, 0, clock_now_ns() + CLOCK_NS_PER_SEC);
	} while (rc == -EAGAIN && clock_now_ns() < deadline);
	if (home_fd >= 0)
		close(home_fd);
	return rc;
}

/* A policy takes the place of one that rules only when what it requires answers, or on probation. The
 * first policy does not wait: it is better than none. */
static bool must_wait(const struct agent *agent)
{
	return agent->replaces && agent->replaces->compiled && !agent->options.probation_sec && !only_audits(agent);
}

static int compile_required(struct agent *agent, struct compiled **ret, struct diag *diag, struct error *error)
{
	uint32_t generation = kernel_next_generation(agent->kernel);
	int rc = compile_now(agent, generation, ret, diag, error);

	if (rc || !must_wait(agent))
		return rc;
	agent->must_rebuild = false;
	rc = wait_for_required(agent, *ret, error);
	if (!rc && !agent->must_rebuild)
		return 0;
	compiled_free(*ret);
	*ret = NULL;
	return rc ? rc : compile_now(agent, generation, ret, diag, error); /* names were answered meanwhile */
}

static int load_all(struct agent *agent, struct diag *diag, struct error *error)
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

static void write_one_name(void *context, const struct resolver_name *name)
{
	struct agent *agent = context;

	meta_write_name(agent->kernel, agent->compiled, name);
}

static void announce(struct agent *agent, bool audit)
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

/* A sign of life, for a policy that wants one. */
static void stay_fresh(struct agent *agent)
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
	meta_write_problem(agent->kernel, EGRET_PROBLEM_STATE, standby->problem);
	if (*standby->problem)
		progress_warn(&agent->progress, "%s", standby->problem);
}

/* Enforced, and tried as long as was asked for: `run --once` may begin with it. */
static void note_ruled(const struct agent *agent)
{
	const struct probation *probation = &agent->probation;

	if (agent->options.standby && !probation->try_ns && !probation->ends_ns && probation->trial.fd < 0 &&
	    !kernel_config(agent->kernel)->audit)
		standby_note_ruled(agent->options.standby, agent->policy);
}

/* One of the policy's resolvers must answer: on probation, since a node may come up before its network. */
static void require_resolvers(struct agent *agent)
{
	if (agent->options.probation_sec && agent->policy->resolver_count && !agent->required_resolvers &&
	    resolver_addresses(agent, &agent->required_resolvers, &agent->required_resolver_count))
		agent->required_resolver_count = 0;
}

static void begin_probation(struct agent *agent)
{
	struct name_addrs *names;
	struct probation_of of;

	trial_clean(agent->kernel, agent->options.cgroup_fd);
	if (only_audits(agent))
		return;
	require_resolvers(agent);
	if (probation_of(agent, agent->compiled, &of, &names))
		return;
	probation_begin(&agent->probation, &of, agent->options.probation_sec);
	free(names);
}

static void attend_probation(struct agent *agent, bool over)
{
	struct name_addrs *names;
	struct probation_of of;

	if (!over && !probation_is_due(&agent->probation))
		return;
	if (probation_of(agent, agent->compiled, &of, &names))
		return;
	of.progress = &agent->progress;
	if (over)
		probation_conclude(&agent->probation, &of);
	else
		probation_try(&agent->probation, &of);
	free(names);
	note_ruled(agent);
}

/* What is wrong with the policy for as long as it rules. */
static void write_standing_problems(struct agent *agent)
{
	meta_write_floorless(agent->kernel, agent->floorless_rules);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_FILES, policy_files_fault(agent->policy));
}

/* With new maps it is a first attach, and what stands is "existing": listed unless it is cut. */
static int attach(struct agent *agent, struct error *error)
{
	bool first = !kernel_was_running(agent->kernel) || kernel_is_side_by_side(agent->kernel);
	bool listed = first && (kernel_config(agent->kernel)->keep_existing || only_audits(agent));
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
	bool audit = only_audits(agent);
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
	rc = load_all(agent, diag, error);
	if (rc)
		goto undo;
	progress_stage(&agent->progress, "tables");
	/* Of the policy that rules, not of one that may yet be refused. */
	kernel_set_audit(agent->kernel, audit);
	kernel_set_dns_names(agent->kernel, agent->policy->settings.dns_names);
	stay_fresh(agent);
	rc = meta_write(agent->kernel, &agent->options, agent->compiled, diag, false);
	write_standing_problems(agent);
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
		resolver_each(agent->resolver, write_one_name, agent);
	meta_write(agent->kernel, &agent->options, agent->compiled, diag, !audit);
	progress_say_stages(&agent->progress);
	announce(agent, audit);
	begin_probation(agent);
	end_standby(agent);
	note_ruled(agent);
	return 0;
undo:
	kernel_undo(agent->kernel);
	return rc;
}

/* What subjects learn has a bound in all: told once, and made room for. */
static void look_at_fullness(struct agent *agent)
{
	struct egret_counter full;

	if (kernel_get_lesson(agent->kernel, EGRET_LESSON_FULL, &full) || full.packets <= agent->full_seen)
		return;
	agent->full_seen = full.packets;
	agent->sweep_ns = 0;
	if (!agent->full_told)
		progress_warn(&agent->progress,
			      "%llu addresses of DNS answers found no room (%d in all, %d a subject) and are denied; "
			      "egret learned shows who has them. This is told once",
			      (unsigned long long)full.packets, EGRET_MAX_LEARNED, EGRET_LEARNED_PER_SUBJECT);
	agent->full_told = true;
}

static int tell_why_gone(struct agent *agent, const char *missing, struct error *error)
{
	if (kernel_is_pinned(agent->kernel))
		return error_set(
		    error, -ENOENT,
		    "the governed cgroup %s was removed, so nothing is governed any more; make it again, and "
		    "start the agent anew",
		    agent->options.cgroup);
	if (agent->options.standby)
		return AGENT_STANDS_DOWN;
	return error_set(error, -ENOENT, "instance %s was taken down by somebody else (hook %s is gone)",
			 agent->options.instance, missing);
}

/* Did a person open the instance? */
static bool look_at_state(struct agent *agent)
{
	struct standby *standby = agent->options.standby;
	bool had_problem = *standby->problem;

	standby_beat(standby);
	if (had_problem || *standby->problem)
		meta_write_problem(agent->kernel, EGRET_PROBLEM_STATE, standby->problem);
	return standby_is_marked(standby);
}

/* Now and then: what an event may have missed, and that the instance is still there. */
static int beat(struct agent *agent, struct error *error)
{
	const char *missing;

	agent->heartbeat_ns = clock_now_ns() + HEARTBEAT_NS;
	meta_beat(agent->kernel);
	stay_fresh(agent);
	look_at_fullness(agent);
	if (clock_now_ns() >= agent->sweep_ns) {
		agent->sweep_ns = clock_now_ns() + SWEEP_NS;
		kernel_sweep_learned(agent->kernel);
		existing_refresh(agent->kernel, agent->compiled);
	}
	subjects_refresh(agent->subjects);
	culprits_refresh(&agent->culprits, agent->kernel);
	hits_refresh(agent->kernel);
	if (!kernel_is_attached(agent->kernel, &missing))
		return tell_why_gone(agent, missing, error);
	if (agent->options.standby && look_at_state(agent))
		return AGENT_STANDS_DOWN;
	if (!agent->pins_missed && !kernel_is_pinned(agent->kernel)) {
		progress_warn(&agent->progress,
			      "the pins of instance %s are gone from /sys/fs/bpf: what is enforced now ends with this "
			      "agent; mount the BPF file system again and start the agent anew",
			      agent->options.instance);
		agent->pins_missed = true;
	}
	return 0;
}

static void rebuild(struct agent *agent)
{
	struct diag diag = {};
	struct error error;

	if (load_all(agent, &diag, &error))
		progress_warn(&agent->progress, "%s; the policy that runs goes on", error.text);
	agent->must_rebuild = false;
	diag_clear(&diag);
}

static uint64_t next_deadline(const struct agent *agent)
{
	uint64_t next = agent->heartbeat_ns;

	if (agent->look_ns && agent->look_ns < next)
		next = agent->look_ns;
	if (agent->retry_ns && agent->retry_ns < next)
		next = agent->retry_ns;
	return agent->probation.try_ns && agent->probation.try_ns < next ? agent->probation.try_ns : next;
}

/* Did the policy's files change, and come to rest? */
static bool must_reload(struct agent *agent)
{
	if (agent->retry_ns && clock_now_ns() >= agent->retry_ns)
		return true;
	if (!agent->look_ns || clock_now_ns() < agent->look_ns)
		return false;
	agent->look_ns = 0;
	return agent->watch && watch_sees_change(agent->watch);
}

int agent_serve(struct agent *agent, int stop_fd, struct error *error)
{
	struct pollfd extra[6] = {
	    {.fd = stop_fd, .events = POLLIN},
	    {.fd = -1, .events = POLLIN}, /* another one after each load */
	    {.fd = watch_fd(agent->watch), .events = POLLIN},
	    {.fd = agent->wanted ? kernel_wanted_fd(agent->kernel) : -1, .events = POLLIN},
	    {.fd = -1, .events = POLLIN}, /* another one at each trial */
	    {.fd = standby_fd(agent->options.standby), .events = POLLIN},
	};
	int rc;

	agent->heartbeat_ns = clock_now_ns();
	for (;;) {
		extra[1].fd = subjects_fd(agent->subjects);
		extra[4].fd = agent->probation.trial.fd;
		rc = turn(agent, extra, 6, next_deadline(agent));
		if (rc < 0)
			return error_set(error, rc, "cannot wait for events: %s", strerror(-rc));
		if (rc == 1)
			return 0;
		if (rc == 2)
			subjects_refresh(agent->subjects);
		if (rc == 3) {
			watch_drain(agent->watch);
			agent->look_ns = clock_now_ns() + SETTLE_NS;
		}
		if (rc == 4)
			wanted_take(agent->wanted, agent->kernel, agent->compiled);
		if (rc == 6) {
			standby_drain(agent->options.standby);
			agent->heartbeat_ns = clock_now_ns();
		}
		if (must_reload(agent))
			return AGENT_POLICY_CHANGED;
		if (agent->must_rebuild)
			rebuild(agent);
		attend_probation(agent, rc == 5);
		if (clock_now_ns() >= agent->heartbeat_ns && (rc = beat(agent, error)))
			return rc;
	}
}

/* Another policy, or one that was only audited, enforces: that too is proved, and told where it cannot be. */
static void write_reloaded(struct agent *agent, bool audit, const struct diag *diag)
{
	struct error error;
	bool proved =
	    !audit && !proof_make(agent->kernel, agent->compiled, agent->options.cgroup_fd, &agent->progress, &error);

	meta_write(agent->kernel, &agent->options, agent->compiled, diag, proved);
	write_standing_problems(agent);
	if (audit || proved)
		return;
	progress_warn(&agent->progress, "%s", error.text);
	meta_write_problem(agent->kernel, EGRET_PROBLEM_POLICY, error.text);
}

/* The kernel's side goes from one agent to the next; on failure it stays with the first. */
static int take_over(struct agent *next, struct agent *old, struct diag *diag, struct error *error)
{
	bool audit = only_audits(next);
	int rc;

	probation_pause(&old->probation);
	next->kernel = old->kernel;
	next->replaces = old;
	rc = load_all(next, diag, error);
	next->replaces = NULL;
	if (rc) {
		next->kernel = NULL;
		return rc;
	}
	old->kernel = NULL;
	kernel_set_audit(next->kernel, audit);
	kernel_set_ttls(next->kernel, next->policy->settings.min_ttl_sec, next->policy->settings.max_ttl_sec);
	kernel_set_dns_names(next->kernel, next->policy->settings.dns_names);
	stay_fresh(next);
	if (next->resolver)
		resolver_each(next->resolver, write_one_name, next);
	write_reloaded(next, audit, diag);
	announce(next, audit);
	begin_probation(next);
	note_ruled(next);
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

	if (old->lent_probation)
		options.probation_sec = 0;
	return agent_new(&options, ret, diag, error);
}

void agent_stand_down(struct agent *agent)
{
	probation_cancel(&agent->probation);
	subjects_free(agent->subjects);
	kernel_free(agent->kernel);
	compiled_free(agent->compiled);
	agent->subjects = NULL;
	agent->kernel = NULL;
	agent->compiled = NULL;
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

int agent_stand_by(struct agent *agent, int stop_fd, struct error *error)
{
	struct standby *standby = agent->options.standby;
	struct pollfd extra[] = {
	    {.fd = stop_fd, .events = POLLIN},
	    {.fd = watch_fd(agent->watch), .events = POLLIN},
	    {.fd = standby_fd(standby), .events = POLLIN},
	};

	agent->heartbeat_ns = clock_now_ns();
	agent->retry_ns = 0;
	for (;;) {
		int rc = turn(agent, extra, 3, next_deadline(agent));

		if (rc < 0)
			return error_set(error, rc, "cannot wait for events: %s", strerror(-rc));
		if (rc == 1)
			return 0;
		if (rc == 2) {
			watch_drain(agent->watch);
			agent->look_ns = clock_now_ns() + SETTLE_NS;
		}
		if (must_reload(agent))
			return AGENT_POLICY_CHANGED;
		if (rc != 3 && clock_now_ns() < agent->heartbeat_ns)
			continue;
		standby_drain(standby);
		agent->heartbeat_ns = clock_now_ns() + HEARTBEAT_NS;
		if (!standby_decide(standby, agent->policy))
			return AGENT_MAY_ATTACH;
		standby_beat(standby); /* last: what `egret detach --all` took away is not made again */
	}
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
	stay_fresh(old);
	if (!rc && next->policy->settings.off) {
		agent_free(next);
		free(before);
		return AGENT_STANDS_DOWN;
	}
	if (!rc && next)
		rc = agent_resolve(next, error);
	/* Resolving and what is required may take RESOLVE_WAIT_SEC each: together, as long as
	 * `set stale_after` may be. */
	stay_fresh(old);
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

struct kernel *agent_kernel(struct agent *agent)
{
	return agent->kernel;
}

const struct policy *agent_policy(const struct agent *agent)
{
	return agent->policy;
}
