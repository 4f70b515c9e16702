/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may speak in the name of each resolver. Lines add up, as rules do: of two that say whom, either may. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

static const struct policy_class usual = {.kind = POLICY_FOR_HOST};

static bool is_system(const struct compile_input *input, const struct egret_addr *addr)
{
	for (size_t i = 0; i < input->system_resolver_count; i++) {
		if (addr_equal(&input->system_resolvers[i], addr))
			return true;
	}
	return false;
}

static bool speaks_of(const struct compiler *compiler, const struct policy_resolver *line,
		      const struct egret_addr *addr)
{
	return line->system ? is_system(compiler->input, addr) : addr_equal(&line->server.addr, addr);
}

static int add_lines(struct compiler *compiler, uint32_t index, const struct egret_addr *addr,
		     struct compiled_served *ret)
{
	const struct policy *policy = compiler->out->policy;

	for (size_t i = 0; i < policy->resolver_count; i++) {
		const struct policy_resolver *line = &policy->resolvers[i];
		int rc = 0;

		if (line->says_served && speaks_of(compiler, line, addr)) {
			rc = server_set(compiler, index, &line->served_by, &ret->set);
			ret->said = true;
		}
		if (rc)
			return rc;
	}
	return 0;
}

static int compile_one(struct compiler *compiler, size_t i)
{
	const struct egret_addr *addr = &compiler->out->resolvers[i];
	struct compiled_served *served = &compiler->out->served[i];
	uint32_t index = (uint32_t)(compiler->out->policy->rule_count + i);
	int rc = add_lines(compiler, index, addr, served);

	if (rc || served->said)
		return rc;
	return server_set(compiler, index, &usual, &served->set);
}

int served_compile(struct compiler *compiler)
{
	struct compiled *out = compiler->out;
	int rc = 0;

	out->served = calloc(out->resolver_count + 1, sizeof(*out->served));
	if (!out->served)
		return -ENOMEM;
	for (size_t i = 0; i < out->resolver_count && !rc; i++)
		rc = compile_one(compiler, i);
	return rc;
}

/* What is of the loopback is the namespace's own: whoever else speaks from there is no resolver of anybody's. */
bool served_is_strict(const struct compiled *compiled, size_t resolver)
{
	return compiled->served[resolver].said || addr_is_loopback(&compiled->resolvers[resolver]);
}

uint16_t compiled_served_by(const struct compiled *compiled, const struct egret_addr *addr)
{
	size_t i = 0;

	while (i < compiled->resolver_count && !addr_equal(&compiled->resolvers[i], addr))
		i++;
	return i < compiled->resolver_count ? compiled->served[i].set : EGRET_SET_ALL;
}
