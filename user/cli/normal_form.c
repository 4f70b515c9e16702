// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "normal_form.h"

#include <stdio.h>
#include <string.h>

#include "../view/policy.h"

static void print_setting(void *context, const char *name, const char *value, bool is_default)
{
	(void)context;
	if (!is_default && *value)
		printf("set %s = %s\n", name, value);
}

void normal_form_print_settings(const struct policy *policy)
{
	char class[POLICY_CLASS_TEXT_SIZE];

	policy_each_setting(policy, print_setting, NULL);
	for (size_t i = 0; i < policy->settings.audited_count; i++)
		printf("set mode = audit for %s\n", policy_class_format(&policy->settings.audited[i], class));
}

static void print_names(const struct policy *policy)
{
	char dest[256];

	for (size_t i = 0; i < policy->askable_count; i++)
		printf(" %s", policy_dest_format(&policy->askables[i], dest));
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

static bool is_same_server(const struct policy_resolver *a, const struct policy_resolver *b)
{
	return a->system ? b->system : !b->system && zoned_addr_equal(&a->server, &b->server);
}

/* Does an earlier line say as much? */
static bool is_repeated(const struct policy *policy, size_t at)
{
	const struct policy_resolver *line = &policy->resolvers[at];

	for (size_t i = 0; i < at; i++) {
		const struct policy_resolver *other = &policy->resolvers[i];

		if (is_same_server(line, other) &&
		    (!line->says_served || (other->says_served && class_is_same(&other->served_by, &line->served_by))))
			return true;
	}
	return false;
}

static void print_served(const struct policy_resolver *line)
{
	char class[POLICY_CLASS_TEXT_SIZE];

	if (line->says_served)
		printf("  served by %s", policy_class_format(&line->served_by, class));
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

/* In their order, in which they are asked. The names that may be asked for are of no one line. */
void normal_form_print_resolvers(const struct policy *policy, const struct compiled *compiled)
{
	char text[ZONED_TEXT_SIZE];
	size_t printed = 0;

	for (size_t i = 0; i < policy->resolver_count; i++) {
		const struct policy_resolver *line = &policy->resolvers[i];

		if (is_repeated(policy, i))
			continue;
		printf("resolver  %s", line->system ? "system" : zoned_addr_format(&line->server, text));
		if (!printed++)
			print_names(policy);
		print_served(line);
		if (line->system)
			print_system(policy, compiled);
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
