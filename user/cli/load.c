// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What commands do with a policy that is not running, and with errors. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/log.h"
#include "../compile/compile.h"
#include "../resolve/resolver.h"
#include "../view/findings.h"
#include "table.h"

static int exit_code(int rc)
{
	switch (-rc) {
	case EINVAL:
		return EXIT_USAGE;
	case ENOENT:
		return EXIT_NOT_RUNNING;
	case EBUSY:
		return EXIT_BUSY;
	default:
		return EXIT_CANNOT;
	}
}

void options_of_policy(const struct options *options, struct policy_options *ret)
{
	*ret = (struct policy_options){
	    .paths = options->policies,
	    .path_count = options->policy_count,
	    .defines = options->defines,
	    .define_count = options->define_count,
	    .rules_path = options->rules_path,
	};
}

int fail(int rc, const struct error *error)
{
	log_say(LOG_LEVEL_ERROR, "%s", error->text);
	return exit_code(rc);
}

int fail_to_look(const struct options *options, int rc, const struct error *error)
{
	int code = fail(rc, error);

	if (code == EXIT_NOT_RUNNING)
		fprintf(stderr,
			"egret: whether a person opened it, or the policy says off: egret status --instance %s\n",
			options->instance);
	return code;
}

int fail_to_answer(const struct options *options, int rc, const struct error *error)
{
	if (!options->json)
		return fail(rc, error);
	json_print(view_error(error), options->json_lines);
	return exit_code(rc);
}

int fail_by_findings(const struct options *options, int rc, const struct diag *diag)
{
	if (options->json) {
		json_print(view_findings(diag), options->json_lines);
	} else {
		diag_print(diag, stderr);
		fprintf(stderr, "egret: %zu error%s, %zu warning%s\n", diag->errors, diag->errors == 1 ? "" : "s",
			diag->warnings, diag->warnings == 1 ? "" : "s");
	}
	return rc == -EINVAL ? EXIT_USAGE : EXIT_CANNOT;
}

int load_offline(const struct options *options, struct policy **ret_policy, struct compiled **ret_compiled,
		 struct diag *diag)
{
	struct policy_options policy_options;
	struct compile_input input = {.generation = 1};
	struct policy *policy = NULL;
	struct egret_addr addrs[RESOLVER_MAX_SYSTEM];
	struct zoned_addr *system = NULL;
	int rc;

	options_of_policy(options, &policy_options);
	*ret_compiled = NULL;
	rc = policy_load(&policy_options, &policy, diag);
	if (rc)
		return rc;
	policy_report_files(policy, diag);
	resolver_system_servers(NULL, &system, &input.system_resolver_count);
	for (size_t i = 0; system && i < input.system_resolver_count; i++)
		addrs[i] = system[i].addr;
	input.system_resolvers = addrs;
	input.policy = policy;
	if (!policy->settings.off)
		rc = compile_policy(&input, ret_compiled, diag);
	free(system);
	if (rc) {
		policy_free(policy);
		return rc;
	}
	*ret_policy = policy;
	return 0;
}
