// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What commands do with a policy that is not running, and with errors. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../compile/compile.h"
#include "../resolve/resolver.h"

int fail(int rc, const struct error *error)
{
	fprintf(stderr, "egret: %s\n", error->text);
	switch (-rc) {
	case EINVAL:
		return EXIT_USAGE;
	case ENODATA:
		return EXIT_NO;
	case ENOENT:
		return EXIT_NOT_RUNNING;
	case EBUSY:
		return EXIT_BUSY;
	default:
		return EXIT_CANNOT;
	}
}

int fail_to_look(int rc, const struct error *error)
{
	int code = fail(rc, error);

	if (code == EXIT_NOT_RUNNING)
		fprintf(stderr, "egret: whether a person opened it, or the policy says off: egret status\n");
	return code;
}

static void print_findings(const struct diag *diag, bool show_warnings)
{
	if (diag->errors || (show_warnings && diag->warnings))
		diag_print(diag, stderr);
}

int load_offline(const struct options *options, bool show_warnings, struct policy **ret_policy,
		 struct compiled **ret_compiled)
{
	struct policy_options policy_options;
	struct compile_input input = {.generation = 1};
	struct policy *policy = NULL;
	struct egret_addr *system = NULL;
	struct diag diag = {};
	int rc;

	options_of_policy(options, &policy_options);
	rc = policy_load(&policy_options, &policy, &diag);
	if (!rc) {
		policy_report_files(policy, &diag);
		resolver_system_servers(NULL, &system, &input.system_resolver_count);
		input.system_resolvers = system;
		input.policy = policy;
		*ret_compiled = NULL;
		if (!policy->settings.off)
			rc = compile_policy(&input, ret_compiled, &diag);
	}
	print_findings(&diag, show_warnings);
	free(system);
	if (rc) {
		fprintf(stderr, "egret: %zu error%s, %zu warning%s\n", diag.errors, diag.errors == 1 ? "" : "s",
			diag.warnings, diag.warnings == 1 ? "" : "s");
		policy_free(policy);
		diag_clear(&diag);
		return rc == -EINVAL ? EXIT_USAGE : EXIT_CANNOT;
	}
	*ret_policy = policy;
	rc = show_warnings && options->strict && diag.warnings ? EXIT_NO : EXIT_YES;
	diag_clear(&diag);
	return rc;
}
