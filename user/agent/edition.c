// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "edition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "meta.h"
#include "resolved.h"
#include "rest.h"
#include "unlayered.h"

static bool uses_system_resolvers(const struct policy *policy)
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
	return uses_system_resolvers(policy) || (!policy->resolver_count && exact_names(policy));
}

/* Before the network is up nobody may have written it: who governs a node waits for that, and lets the names of
 * its policy be unknown meanwhile. Not so where the policy that rules has its resolvers: then that one rules on. */
static int go_without_resolvers(struct edition *edition, const struct agent_options *options, struct error *error)
{
	if (!options->state || options->had_resolvers)
		return error_set(
		    error, -ENOENT,
		    "/etc/resolv.conf names no nameserver, and the policy's names are asked there; write one "
		    "into it, or write \"resolver ADDRESS\" into the policy");
	edition->no_resolvers = true;
	return 0;
}

const char *edition_resolver_problem(const struct edition *edition)
{
	if (!edition->no_resolvers)
		return "";
	return "/etc/resolv.conf names no nameserver yet, and the policy asks there for its names: that begins when it "
	       "does; or write \"resolver ADDRESS\" into the policy";
}

static int read_system_resolvers(struct edition *edition, const struct agent_options *options, struct error *error)
{
	struct policy *policy = edition->policy;
	int rc;

	if (policy->resolver_count && !uses_system_resolvers(policy))
		return 0;
	if (policy_stands_on(policy, RESOLV_CONF))
		return error_set(error, -ENOMEM, "out of memory");
	rc = resolver_system_servers(NULL, &edition->system_resolvers, &edition->system_resolver_count);
	if (rc == -ENOMEM || (!rc && resolver_is_stub(edition->system_resolvers, edition->system_resolver_count) &&
			      policy_stands_on(policy, RESOLV_CONF_UPLINK)))
		return error_set(error, -ENOMEM, "out of memory");
	return rc && must_ask_system(policy) ? go_without_resolvers(edition, options, error) : 0;
}

int edition_resolvers(const struct edition *edition, struct zoned_addr **ret, size_t *ret_count)
{
	return policy_servers(edition->policy, edition->system_resolvers, edition->system_resolver_count, ret,
			      ret_count);
}

/* What the kernel holds follows what the resolver found, address by address. */
static int write_address(void *context, const struct egret_addr *addr, const char *const *names, size_t count)
{
	struct edition *edition = context;
	struct egret_dest dest;
	int rc;

	rc = compiled_address(edition->compiled, addr, names, count, &dest);
	if (!rc)
		rc = kernel_set_address(edition->kernel, edition->compiled, addr, &dest);
	if (rc)
		edition->must_rebuild = true;
	return 0;
}

static void on_name(void *context, const struct resolver_name *name, bool changed)
{
	struct edition *edition = context;
	bool rules = edition->kernel;
	size_t count;
	const struct egret_addr *before = addresses_of(edition->addresses, name->name, &count);
	int rc;

	if (rules && resolved_note(edition->kernel, name, before, count))
		edition->must_rebuild = true;
	if (changed) {
		rc = addresses_set(edition->addresses, name->name, name->addrs, name->addr_count,
				   rules ? write_address : NULL, edition);
		if (rc || !rules)
			edition->must_rebuild = true;
		if (rules)
			kernel_forget_denials(edition->kernel);
	}
	if (rules)
		meta_write_name(edition->kernel, edition->compiled, name);
}

static size_t prepare_asking(void *context, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	struct edition *edition = context;

	return resolver_poll(edition->resolver, fds, capacity, ret_timeout_ms);
}

static void process_asking(void *context, const struct pollfd *fds, size_t count)
{
	struct edition *edition = context;

	resolver_process(edition->resolver, fds, count);
	if (edition->moved)
		edition->moved(edition->context);
}

static size_t prepare_wanting(void *context, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	struct edition *edition = context;

	return wanted_poll(edition->wanted, fds, capacity, ret_timeout_ms);
}

static void process_wanting(void *context, const struct pollfd *fds, size_t count)
{
	struct edition *edition = context;

	wanted_process(edition->wanted, fds, count, edition->kernel, edition->compiled);
}

static int add_names_of(struct edition *edition, const struct policy_dest *dests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int rc;

		if (dests[i].kind != POLICY_DEST_NAME)
			continue;
		rc = resolver_add(edition->resolver, dests[i].name);
		if (rc)
			return rc;
	}
	return 0;
}

static int too_many_resolvers(struct error *error)
{
	return error_set(error, -E2BIG, "the policy names more than %d resolvers; name fewer", RESOLVER_MAX_SERVERS);
}

static int start_resolver(struct edition *edition, const struct resolver_options *options, struct error *error)
{
	const struct policy *policy = edition->policy;
	int rc;

	rc = resolver_new(options, on_name, edition, &edition->resolver);
	if (rc == -E2BIG)
		return too_many_resolvers(error);
	for (size_t i = 0; i < policy->rule_count && !rc; i++)
		rc = add_names_of(edition, policy->rules[i].dests, policy->rules[i].dest_count);
	if (rc)
		return error_set(error, rc, "cannot start resolving: %s", strerror(-rc));
	edition->names = resolver_pending(edition->resolver);
	edition->asking =
	    (struct loop_module){.prepare = prepare_asking, .process = process_asking, .context = edition};
	loop_module_add(edition->loop, &edition->asking);
	return 0;
}

static int start_resolvers(struct edition *edition, const struct agent_options *agent_options, struct error *error)
{
	const struct policy *policy = edition->policy;
	struct resolver_options options = {
	    .inflight = agent_options->resolve_inflight,
	    .queries_per_sec = agent_options->resolve_rate,
	    .min_ttl_sec = policy->settings.min_ttl_sec,
	    .max_ttl_sec = policy->settings.max_ttl_sec,
	    .book = agent_options->book,
	};
	struct zoned_addr *servers;
	int rc;

	rc = edition_resolvers(edition, &servers, &options.server_count);
	if (rc)
		return error_set(error, rc, "out of memory");
	options.servers = servers;
	if (policy->resolver_count && options.server_count) {
		rc = wanted_new(&options, &edition->wanted);
		if (rc == -E2BIG)
			rc = too_many_resolvers(error);
	}
	if (!rc && exact_names(policy) && options.server_count)
		rc = start_resolver(edition, &options, error);
	free(servers);
	return rc;
}

/* Nothing else of a policy that is off is needed, so nothing else of it can be wrong. */
static int start_asking(struct edition *edition, const struct agent_options *options, struct error *error)
{
	int rc;

	if (edition->policy->settings.off && options->standby)
		return 0;
	if (edition->policy->settings.off)
		return error_set(error, -EINVAL,
				 "the policy says `set mode = off`, so there is nothing to run the command under; "
				 "take the line out, or run the command without egret");
	rc = read_system_resolvers(edition, options, error);
	return rc ? rc : start_resolvers(edition, options, error);
}

/* Takes @policy. NULL: out of memory. */
static struct edition *begin(const struct agent_options *options, struct policy *policy, struct loop *loop)
{
	struct edition *edition = calloc(1, sizeof(*edition));

	if (!edition) {
		policy_free(policy);
		return NULL;
	}
	edition->policy = policy;
	edition->loop = loop;
	edition->probation_sec = options->probation_sec;
	edition->addresses = addresses_new();
	if (edition->addresses)
		return edition;
	edition_free(edition);
	return NULL;
}

static int check_and_ask(struct edition *edition, const struct agent_options *options, struct diag *diag,
			 struct error *error)
{
	int rc = floor_check(options, edition->policy, diag, &edition->floorless_rules);

	if (rc)
		return error_set(error, rc,
				 rc == -EINVAL ? "the policy has errors; nothing was changed" : "out of memory");
	edition->unlayered = unlayered_check(options, edition->policy, diag);
	return start_asking(edition, options, error);
}

static int cannot_read(int rc, struct error *error)
{
	if (rc == -EAGAIN)
		return error_set(error, rc, "the policy is still being written; nothing was changed");
	return error_set(error, rc, rc == -EINVAL ? "the policy has errors; nothing was changed" : "out of memory");
}

int edition_new(const struct agent_options *options, struct loop *loop, struct edition **ret,
		struct policy_files *ret_files, unsigned int wait_ms, struct diag *diag, struct error *error)
{
	struct edition *edition;
	struct policy *policy;
	int rc = rest_load(&options->policy, &policy, ret_files, wait_ms, diag);

	if (rc)
		return cannot_read(rc, error);
	policy_report_files(policy, diag);
	edition = begin(options, policy, loop);
	if (!edition)
		return error_set(error, -ENOMEM, "out of memory");
	rc = check_and_ask(edition, options, diag, error);
	if (policy_files_copy(policy, ret_files) && !rc)
		rc = error_set(error, -ENOMEM, "out of memory");
	if (rc)
		edition_free(edition);
	else
		*ret = edition;
	return rc;
}

int edition_of_text(const struct agent_options *options, const char *name, const char *text, struct loop *loop,
		    struct edition **ret, struct diag *diag, struct error *error)
{
	struct edition *edition;
	struct policy *policy;
	int rc = policy_load_text(name, text, strlen(text), &options->policy, &policy, diag);

	if (rc == -EINVAL)
		return error_set(error, rc, "%s has errors", name);
	edition = rc ? NULL : begin(options, policy, loop);
	if (!edition)
		return error_set(error, -ENOMEM, "out of memory");
	rc = check_and_ask(edition, options, diag, error);
	if (rc)
		edition_free(edition);
	else
		*ret = edition;
	return rc;
}

void edition_free(struct edition *edition)
{
	if (!edition)
		return;
	edition_rest(edition);
	loop_module_remove(&edition->asking);
	resolver_free(edition->resolver);
	wanted_free(edition->wanted);
	addresses_free(edition->addresses);
	free(edition->system_resolvers);
	policy_free(edition->policy);
	free(edition);
}

size_t edition_pending(const struct edition *edition)
{
	return edition->resolver ? resolver_pending(edition->resolver) : 0;
}

bool edition_only_audits(const struct edition *edition, const struct agent_options *options)
{
	return options->audit || edition->policy->settings.audit;
}

int edition_compile(const struct edition *edition, const struct kernel *kernel, struct compiled **ret,
		    struct diag *diag, struct error *error)
{
	struct egret_addr system[RESOLVER_MAX_SYSTEM];
	struct compile_input input = {
	    .policy = edition->policy,
	    .system_resolvers = system,
	    .system_resolver_count = uses_system_resolvers(edition->policy) ? edition->system_resolver_count : 0,
	    .generation = kernel_next_generation(kernel),
	};
	struct name_addrs *names;
	int rc;

	for (size_t i = 0; i < input.system_resolver_count; i++)
		system[i] = edition->system_resolvers[i].addr;
	rc = kernel_read_rules(kernel, &input.before);
	if (rc)
		return error_set(error, rc, "cannot read the rules of the policy that rules: %s", strerror(-rc));
	rc = addresses_list(edition->addresses, &names, &input.name_count);
	if (rc) {
		kernel_free_rules(&input.before);
		return error_set(error, rc, "out of memory");
	}
	input.names = names;
	rc = compile_policy(&input, ret, diag);
	free(names);
	kernel_free_rules(&input.before);
	if (rc)
		error_set(error, rc,
			  rc == -EINVAL ? "the policy cannot be compiled; nothing was changed" : "out of memory");
	return rc;
}

void edition_rule(struct edition *edition, struct kernel *kernel, struct compiled *compiled)
{
	compiled_free(edition->compiled);
	edition->compiled = compiled;
	edition->kernel = kernel;
	edition->must_rebuild = false;
	if (!edition->wanted || edition->wanting.loop)
		return;
	edition->wanting =
	    (struct loop_module){.prepare = prepare_wanting, .process = process_wanting, .context = edition};
	loop_module_add(edition->loop, &edition->wanting);
}

void edition_rest(struct edition *edition)
{
	loop_module_remove(&edition->wanting);
	compiled_free(edition->compiled);
	edition->compiled = NULL;
	edition->kernel = NULL;
}

static void write_name(void *context, const struct resolver_name *name)
{
	const struct edition *edition = context;

	meta_write_name(edition->kernel, edition->compiled, name);
	resolved_note(edition->kernel, name, NULL, 0);
}

void edition_write_names(struct edition *edition)
{
	if (edition->resolver)
		resolver_each(edition->resolver, write_name, edition);
}
