// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "normal_form.h"

#include <stdio.h>
#include <string.h>

static void print_setting(void *context, const char *name, const char *value, bool is_default)
{
	(void)context;
	if (!is_default && *value)
		printf("set %s = %s\n", name, value);
}

void normal_form_print_settings(const struct policy *policy)
{
	policy_each_setting(policy, print_setting, NULL);
}

static void print_names(const struct policy *policy)
{
	char dest[256];

	for (size_t i = 0; i < policy->askable_count; i++)
		printf(" %s", policy_dest_format(&policy->askables[i], dest));
}

static bool says_system(const struct policy *policy)
{
	for (size_t i = 0; i < policy->resolver_count; i++) {
		if (policy->resolvers[i].system)
			return true;
	}
	return false;
}

/* Is it on a resolver's line of its own? */
static bool is_written(const struct policy *policy, const struct egret_addr *addr)
{
	for (size_t i = 0; i < policy->resolver_count; i++) {
		if (!policy->resolvers[i].system && addr_equal(&policy->resolvers[i].server.addr, addr))
			return true;
	}
	return false;
}

static bool is_repeated(const struct policy *policy, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (!policy->resolvers[i].system &&
		    zoned_addr_equal(&policy->resolvers[i].server, &policy->resolvers[at].server))
			return true;
	}
	return false;
}

/* Elsewhere `system` is another address: that is shown, and not written. */
static void print_system(const struct policy *policy, const struct compiled *compiled)
{
	char text[ADDR_TEXT_SIZE];
	bool first = true;

	for (size_t i = 0; compiled && i < compiled->resolver_count; i++) {
		if (is_written(policy, &compiled->resolvers[i]))
			continue;
		printf("%s %s", first ? "   # here:" : "", addr_format(&compiled->resolvers[i], text));
		first = false;
	}
}

/* The names that may be asked for are of no one line. */
void normal_form_print_resolvers(const struct policy *policy, const struct compiled *compiled)
{
	bool system = says_system(policy);
	char text[ZONED_TEXT_SIZE];

	if (system) {
		printf("resolver  system");
		print_names(policy);
		print_system(policy, compiled);
		putchar('\n');
	}
	for (size_t i = 0, printed = 0; i < policy->resolver_count; i++) {
		const struct policy_resolver *resolver = &policy->resolvers[i];

		if (resolver->system || is_repeated(policy, i))
			continue;
		printf("resolver  %s", zoned_addr_format(&resolver->server, text));
		if (!system && !printed++)
			print_names(policy);
		putchar('\n');
	}
}

void normal_form_print_requires(const struct policy *policy)
{
	char dest[256], port[24];

	for (size_t i = 0; i < policy->require_count; i++) {
		const struct policy_require *require = &policy->requires[i];

		printf("require  ");
		for (size_t d = 0; d < require->dest_count; d++)
			printf("%s%s", d ? "," : "", policy_dest_format(&require->dests[d], dest));
		printf("  %s\n", policy_port_format(&require->port, port));
	}
}
