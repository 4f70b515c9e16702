/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* Each needs what those before it made. */
static int (*const steps[])(struct compiler *compiler) = {
    rules_compile, names_compile, resolved_compile, cidrs_compile, addresses_compile, findings_report,
};

static int run_steps(struct compiler *compiler)
{
	size_t errors_before = compiler->diag->errors;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int rc = steps[i](compiler);

		if (rc)
			return rc;
	}
	return compiler->diag->errors > errors_before ? -EINVAL : 0;
}

int compile_policy(const struct compile_input *input, struct compiled **ret, struct diag *diag)
{
	struct compiled *out = calloc(1, sizeof(*out));
	struct compiler *compiler = calloc(1, sizeof(*compiler));
	int rc;

	if (!out || !compiler) {
		free(out);
		free(compiler);
		return -ENOMEM;
	}
	out->policy = input->policy;
	out->intern = compiler;
	compiler->out = out;
	compiler->input = input;
	compiler->diag = diag;

	rc = run_steps(compiler);
	compiler->input = NULL;
	compiler->diag = NULL;
	free(compiler->told);
	compiler->told = NULL;
	if (rc) {
		compiled_free(out);
		return rc;
	}
	*ret = out;
	return 0;
}

static void compiler_free(struct compiler *compiler)
{
	HASH_CLEAR(hh, compiler->names_by_text);
	free(compiler->slots);
	free(compiler->cidrs);
	free(compiler->cidr_refs);
	free(compiler->names);
	free(compiler->name_refs);
	free(compiler->scratch);
	free(compiler);
}

void compiled_free(struct compiled *compiled)
{
	if (!compiled)
		return;
	compiler_free(compiled->intern);
	for (size_t i = 0; i < compiled->name_count + compiled->askable_count; i++)
		free(compiled->names[i]);
	for (size_t i = 0; i < compiled->cgroup_count; i++)
		free(compiled->cgroups[i]);
	free(compiled->ports);
	free(compiled->addrs);
	free(compiled->cidrs);
	free(compiled->rules);
	free(compiled->texts);
	free(compiled->ids);
	free(compiled->kept);
	free(compiled->names);
	free(compiled->name_dests);
	free(compiled->resolved);
	free(compiled->cgroups);
	free(compiled->around);
	free(compiled->sets);
	free(compiled->resolvers);
	free(compiled->served);
	free(compiled);
}
