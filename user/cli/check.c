// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret check: the normal form of a policy, as text or JSON. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../compile/compile.h"
#include "normal_form.h"
#include "resolved.h"
#include "table.h"
#include "egret_limits.h"

static const char *class_format(const struct policy_class *class, char *buf, size_t size)
{
	static const char *const words[] = {
	    [POLICY_FOR_ALL] = "",
	    [POLICY_FOR_HOST] = "host",
	    [POLICY_FOR_PODS] = "pods",
	    [POLICY_FOR_CGROUP] = "cgroup",
	};

	if (class->kind == POLICY_FOR_CGROUP)
		snprintf(buf, size, "cgroup %s", class->path);
	else
		snprintf(buf, size, "%s", words[class->kind]);
	return buf;
}

static json_t *ports_to_json(const struct policy_rule *rule)
{
	json_t *ports = json_array();
	char text[24];

	for (size_t i = 0; i < rule->port_count; i++)
		json_array_append_new(ports, json_string(policy_port_format(&rule->ports[i], text)));
	return ports;
}

static json_t *rule_to_json(const struct policy_rule *rule)
{
	char class[EGRET_PATH_SIZE + 8], dest[256];
	json_t *dests = json_array();

	for (size_t i = 0; i < rule->dest_count; i++)
		json_array_append_new(dests, json_string(policy_dest_format(&rule->dests[i], dest)));
	return json_pack("{s:s, s:o, s:o, s:b, s:s, s:b, s:s, s:s, s:i}", "action",
			 rule->action == EGRET_ALLOW ? "allow" : "deny", "destinations", dests, "ports",
			 ports_to_json(rule), "private", rule->private, "for",
			 class_format(&rule->class, class, sizeof(class)), "floor", rule->floor, "purpose",
			 rule->purpose, "file", rule->file, "line", (int)rule->line);
}

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
	char class[EGRET_PATH_SIZE + 8], dest[256];

	for (size_t d = 0; d < rule->dest_count; d++) {
		printf("%-5s  %-40s ", rule->action == EGRET_ALLOW ? "allow" : "deny",
		       policy_dest_format(&rule->dests[d], dest));
		for (size_t p = 0; p < rule->port_count; p++)
			print_port(&rule->dests[d], rule->ports[p]);
		if (rule->private && rule->dests[d].kind != POLICY_DEST_CIDR)
			printf("  private");
		if (rule->class.kind != POLICY_FOR_ALL)
			printf("  for %s", class_format(&rule->class, class, sizeof(class)));
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
}

static const char *mode_format(const struct policy *policy)
{
	if (policy->settings.off)
		return "off";
	return policy->settings.audit ? "audit" : "enforce";
}

static json_t *askables_to_json(const struct policy *policy)
{
	json_t *names = json_array();
	char dest[256];

	for (size_t i = 0; i < policy->askable_count; i++)
		json_array_append_new(names, json_string(policy_dest_format(&policy->askables[i], dest)));
	return names;
}

static json_t *policy_to_json(const struct policy *policy, const struct compiled *compiled)
{
	json_t *rules = json_array(), *resolvers = json_array();
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < policy->rule_count; i++)
		json_array_append_new(rules, rule_to_json(&policy->rules[i]));
	for (size_t i = 0; compiled && i < compiled->resolver_count; i++)
		json_array_append_new(resolvers, json_string(addr_format(&compiled->resolvers[i], text)));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:i, s:i}", "rules", rules, "resolvers", resolvers,
			 "names_to_ask", askables_to_json(policy), "requires", normal_form_requires_to_json(policy),
			 "settings", normal_form_settings_to_json(policy), "mode", mode_format(policy), "existing",
			 policy->settings.keep_existing ? "keep" : "cut", "min_ttl", (int)policy->settings.min_ttl_sec,
			 "max_ttl", (int)policy->settings.max_ttl_sec);
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

int command_check(const struct command *command, int argc, char **argv)
{
	struct compiled *compiled;
	struct options options;
	json_t *names = NULL, *all;
	struct policy *policy;
	int rc, asked;

	options_parse(command, argc, argv, &options);
	if (!options.policy_count) {
		fprintf(stderr, "egret: which rules file? egret check FILE...\n");
		return EXIT_USAGE;
	}
	rc = load_offline(&options, true, &policy, &compiled);
	if (rc != EXIT_YES && rc != EXIT_NO)
		return rc;
	asked = resolve_names(&options, compiled, &names);
	if (asked || (options.strict && resolved_is_wrong(names)))
		rc = asked ? asked : EXIT_NO;
	if (options.json) {
		all = policy_to_json(policy, compiled);
		if (names)
			json_object_set(all, "resolved", names);
		json_print(all);
	} else {
		if (policy->settings.off)
			printf("# Nothing is governed, whatever else the files say.\n");
		print_policy(policy, compiled);
		resolved_print(names);
	}
	json_decref(names);
	print_notes(policy);
	compiled_free(compiled);
	policy_free(policy);
	return rc;
}
