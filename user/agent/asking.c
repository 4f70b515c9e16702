// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whom the agent asks for the names of its policy, and what comes of an answer. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "meta.h"

bool agent_uses_system_resolvers(const struct policy *policy)
{
	for (size_t i = 0; i < policy->resolver_count; i++)
		if (policy->resolvers[i].system)
			return true;
	return false;
}

static size_t exact_names(const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t d = 0; d < policy->rules[i].dest_count; d++)
			count += policy->rules[i].dests[d].kind == POLICY_DEST_NAME;
	return count;
}

/* A policy without any resolver still has names; they are asked where the system asks. */
static bool must_ask_system(const struct policy *policy)
{
	return agent_uses_system_resolvers(policy) || (!policy->resolver_count && exact_names(policy));
}

/* Before the network is up nobody may have written it: an agent that stays waits for that, and lets the names of
 * its policy be unknown meanwhile. Not so where the policy that rules has its resolvers: then that one rules on. */
static int go_without_resolvers(struct agent *agent, struct error *error)
{
	if (!agent->options.watch || agent->options.had_resolvers)
		return error_set(
		    error, -ENOENT,
		    "/etc/resolv.conf names no nameserver, and the policy's names are asked there; write one "
		    "into it, or write \"resolver ADDRESS\" into the policy");
	agent->no_resolvers = true;
	progress_warn(&agent->progress, "%s", agent_resolver_problem(agent));
	return 0;
}

const char *agent_resolver_problem(const struct agent *agent)
{
	if (!agent->no_resolvers)
		return "";
	return "/etc/resolv.conf names no nameserver yet, and the policy asks there for its names: that begins when it "
	       "does; "
	       "or write \"resolver ADDRESS\" into the policy";
}

static int read_system_resolvers(struct agent *agent, struct error *error)
{
	int rc;

	if (agent->policy->resolver_count && !agent_uses_system_resolvers(agent->policy))
		return 0;
	if (policy_stands_on(agent->policy, RESOLV_CONF))
		return error_set(error, -ENOMEM, "out of memory");
	rc = resolver_system_servers(NULL, &agent->system_resolvers, &agent->system_resolver_count);
	if (rc == -ENOMEM || (!rc && resolver_is_stub(agent->system_resolvers, agent->system_resolver_count) &&
			      policy_stands_on(agent->policy, RESOLV_CONF_UPLINK)))
		return error_set(error, -ENOMEM, "out of memory");
	return rc && must_ask_system(agent->policy) ? go_without_resolvers(agent, error) : 0;
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

int agent_resolver_addresses(const struct agent *agent, struct egret_addr **ret, size_t *ret_count)
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

static int too_many_resolvers(struct error *error)
{
	return error_set(error, -E2BIG, "the policy names more than %d resolvers; name fewer", RESOLVER_MAX_SERVERS);
}

static int start_resolver(struct agent *agent, struct error *error)
{
	const struct policy *policy = agent->policy;
	struct resolver_options options = {
	    .inflight = agent->options.resolve_inflight,
	    .queries_per_sec = agent->options.resolve_rate,
	    .min_ttl_sec = policy->settings.min_ttl_sec,
	    .max_ttl_sec = policy->settings.max_ttl_sec,
	};
	struct egret_addr *servers;
	int rc;

	rc = agent_resolver_addresses(agent, &servers, &options.server_count);
	if (rc)
		return error_set(error, rc, "out of memory");
	options.servers = servers;
	if (policy->resolver_count && options.server_count) {
		rc = wanted_new(&options, &agent->wanted);
		if (rc == -E2BIG)
			rc = too_many_resolvers(error);
	}
	if (rc || !exact_names(policy) || !options.server_count) {
		free(servers);
		return rc;
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

int agent_start_asking(struct agent *agent, struct error *error)
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
