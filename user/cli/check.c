// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret check: the normal form of a policy, as text or JSON. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../compile/compile.h"
#include "../policy/siblings.h"
#include "../resolve/resolver.h"
#include "../view/findings.h"
#include "../view/policy.h"
#include "normal_form.h"
#include "resolved.h"
#include "table.h"
#include "egret_limits.h"

/* It is said of a policy whose names take longer than that. */
#define LONG_ROUND_SEC 10

/* An address of a mixed list shows no name that could be checked. */
static void print_port(const struct policy_dest *dest, struct policy_port port)
{
	char text[24];

	if (dest->kind == POLICY_DEST_CIDR)
		port.app = EGRET_APP_NONE;
	printf(" %s", policy_port_format(&port, text));
}

static void print_rule(const struct policy_rule *rule)
{
	char class[POLICY_CLASS_TEXT_SIZE], dest[256];

	for (size_t d = 0; d < rule->dest_count; d++) {
		printf("%s%-5s  %-40s ", rule->audit ? "audit " : "", rule->action == EGRET_ALLOW ? "allow" : "deny",
		       policy_dest_format(&rule->dests[d], dest));
		for (size_t p = 0; p < rule->port_count; p++)
			print_port(&rule->dests[d], rule->ports[p]);
		if (rule->private && rule->dests[d].kind != POLICY_DEST_CIDR)
			printf("  private");
		if (rule->class.kind != POLICY_FOR_ALL)
			printf("  for %s", policy_class_format(&rule->class, class));
		if (rule->purpose[0])
			printf("   # %s", rule->purpose);
		putchar('\n');
	}
}

/* Where a rule of the floor is written makes it one: a line cannot say so. */
static void print_rules(const struct policy *policy, bool floor)
{
	if (floor && policy_has_floor(policy))
		printf("# The floor, up to the next blank line: it is one only in a file called node.rules.\n");
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].floor == floor)
			print_rule(&policy->rules[i]);
	}
	if (floor && policy_has_floor(policy))
		putchar('\n');
}

static void print_policy(const struct policy *policy, const struct compiled *compiled)
{
	normal_form_print_settings(policy);
	normal_form_print_resolvers(policy, compiled);
	print_rules(policy, true);
	print_rules(policy, false);
	normal_form_print_requires(policy);
}

static bool has_exact_name(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		for (size_t d = 0; d < policy->rules[i].dest_count; d++) {
			if (policy->rules[i].dests[d].kind == POLICY_DEST_NAME)
				return true;
		}
	}
	return false;
}

/* A list of thousands: how long it takes until all of it holds, and what costs nothing. */
static void print_many_names(const struct policy *policy)
{
	struct siblings found;
	char others[64] = "";
	uint32_t sec;

	if (policy->settings.off || siblings_find(policy, &found))
		return;
	sec = resolver_first_round_sec(found.all, 0);
	if (sec >= LONG_ROUND_SEC)
		fprintf(stderr,
			"note: %zu exact names: their first answers take %u min %u s, at %d questions a second and two "
			"for each name; those that are in use come first\n",
			found.all, sec / 60, sec % 60, RESOLVER_DEFAULT_RATE);
	if (!found.domain)
		return;
	if (found.domains > 1)
		snprintf(others, sizeof(others), ", and many below %zu other domains", found.domains - 1);
	fprintf(stderr,
		"note: %zu exact names lie below %s%s; where all below it may be used, `*.%s` in their place needs no "
		"questions and no addresses beforehand\n",
		found.names, found.domain, others, found.domain);
}

/* What the policy says that this version does not do yet: nobody should learn it by surprise. */
static void print_notes(const struct policy *policy)
{
	size_t apps = 0;

	if (!policy->settings.off && policy->settings.floor && !policy_has_floor(policy))
		fprintf(stderr, "note: no floor, so `egret run` refuses this policy for a node; there, write "
				"`use linux/node`, on AKS `use aks/node`, or `set floor = off`\n");

	if (!policy->resolver_count && has_exact_name(policy))
		fprintf(stderr,
			"note: no resolver is allowed, so what is governed cannot ask for the names of the policy; "
			"write `resolver system` or `resolver ADDRESS`\n");
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t p = 0; p < rule->port_count; p++)
			apps += rule->ports[p].app != EGRET_APP_NONE;
	}
	if (apps)
		fprintf(stderr,
			"note: https: and http: mean tcp: in this version; the server name is not checked yet "
			"(%zu port%s)\n",
			apps, apps == 1 ? "" : "s");
	print_many_names(policy);
}

/* NULL if nobody asks for it, or where nothing is compiled. */
static int resolve_names(const struct options *options, struct compiled *compiled, json_t **ret)
{
	struct error error;
	int rc = options->resolve && compiled ? resolved_to_json(compiled, ret) : 0;

	if (rc)
		error_set(
		    &error, rc == -ENOENT ? -EPERM : rc,
		    "--resolve has nobody to ask: the policy and /etc/resolv.conf name no resolver that can be used");
	return rc ? fail(rc == -ENOENT ? -EPERM : rc, &error) : EXIT_YES;
}

static json_t *to_json(const struct policy *policy, const struct compiled *compiled, json_t *names,
		       const struct diag *diag)
{
	json_t *all = view_policy(policy, compiled);

	if (names)
		json_object_set(all, "resolved", names);
	json_object_update_new(all, view_findings(diag));
	return all;
}

static void print_text(const struct policy *policy, const struct compiled *compiled, const json_t *names)
{
	if (policy->settings.off)
		printf("# Nothing is governed, whatever else the files say.\n");
	print_policy(policy, compiled);
	resolved_print(names);
}

static int show(const struct options *options, const struct policy *policy, struct compiled *compiled,
		const struct diag *diag)
{
	json_t *names = NULL;
	int rc = resolve_names(options, compiled, &names);

	if (!rc && options->strict && (diag->warnings || resolved_is_wrong(names)))
		rc = EXIT_NO;
	if (options->json)
		json_print(to_json(policy, compiled, names, diag), options->json_lines);
	else
		print_text(policy, compiled, names);
	json_decref(names);
	print_notes(policy);
	return rc;
}

int command_check(const struct command *command, int argc, char **argv)
{
	struct compiled *compiled;
	struct options options;
	struct diag diag = {};
	struct policy *policy;
	int rc;

	options_parse(command, argc, argv, &options);
	if (!options.policy_count) {
		fprintf(stderr, "egret: which rules file? egret check FILE...\n");
		return EXIT_USAGE;
	}
	rc = load_offline(&options, &policy, &compiled, &diag);
	if (rc) {
		rc = fail_by_findings(&options, rc, &diag);
		diag_clear(&diag);
		return rc;
	}
	if (!options.json)
		diag_print(&diag, stderr);
	rc = show(&options, policy, compiled, &diag);
	diag_clear(&diag);
	compiled_free(compiled);
	policy_free(policy);
	return rc;
}
