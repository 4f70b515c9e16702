// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policy.h"

#include <stdio.h>

#include "json.h"

static json_t *dests_to_json(const struct policy_dest *dests, size_t count)
{
	json_t *texts = json_array();
	char text[256];

	for (size_t i = 0; i < count; i++)
		json_array_append_new(texts, json_string(policy_dest_format(&dests[i], text)));
	return texts;
}

static json_t *ports_to_json(const struct policy_rule *rule)
{
	json_t *ports = json_array();
	char text[24];

	for (size_t i = 0; i < rule->port_count; i++)
		json_array_append_new(ports, json_string(policy_port_format(&rule->ports[i], text)));
	return ports;
}

static void set_place(json_t *row, const char *file, unsigned int line)
{
	json_set_text(row, "file", file);
	json_set_number(row, "line", line);
}

static json_t *rules_to_json(const struct policy *policy)
{
	char class[POLICY_CLASS_TEXT_SIZE];
	json_t *rules = json_array();

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		json_t *row = json_object();

		json_set_text(row, "action", rule->action == EGRET_ALLOW ? "allow" : "deny");
		json_set_flag(row, "audit", rule->audit);
		json_object_set_new(row, "destinations", dests_to_json(rule->dests, rule->dest_count));
		json_object_set_new(row, "ports", ports_to_json(rule));
		json_set_flag(row, "private", rule->private);
		json_set_text(row, "for", policy_class_format(&rule->class, class));
		json_set_flag(row, "floor", rule->floor);
		json_set_text(row, "purpose", rule->purpose);
		set_place(row, rule->file, rule->line);
		json_array_append_new(rules, row);
	}
	return rules;
}

static json_t *requires_to_json(const struct policy *policy)
{
	json_t *requires = json_array();
	char port[24];

	for (size_t i = 0; i < policy->require_count; i++) {
		const struct policy_require *require = &policy->requires[i];
		json_t *row = json_object();

		json_object_set_new(row, "destinations", dests_to_json(require->dests, require->dest_count));
		json_set_text(row, "port", policy_port_format(&require->port, port));
		set_place(row, require->file, require->line);
		json_array_append_new(requires, row);
	}
	return requires;
}

static void add_setting(void *context, const char *name, const char *value, bool is_default)
{
	(void)is_default;
	json_set_text(context, name, value);
}

static json_t *settings_to_json(const struct policy *policy)
{
	json_t *settings = json_object();

	policy_each_setting(policy, add_setting, settings);
	return settings;
}

static json_t *lines_to_json(const struct policy *policy)
{
	char class[POLICY_CLASS_TEXT_SIZE], server[ZONED_TEXT_SIZE];
	json_t *rows = json_array();

	for (size_t i = 0; i < policy->resolver_count; i++) {
		const struct policy_resolver *line = &policy->resolvers[i];
		json_t *row = json_object();

		json_set_text(row, "resolver", line->system ? "system" : zoned_addr_format(&line->server, server));
		json_set_text(row, "served_by",
			      line->says_served ? policy_class_format(&line->served_by, class) : NULL);
		set_place(row, line->file, line->line);
		json_array_append_new(rows, row);
	}
	return rows;
}

static const char *mode_of(const struct policy *policy)
{
	if (policy->settings.off)
		return "off";
	return policy->settings.audit ? "audit" : "enforce";
}

static json_t *audited_to_json(const struct policy *policy)
{
	char class[POLICY_CLASS_TEXT_SIZE];
	json_t *audited = json_array();

	for (size_t i = 0; i < policy->settings.audited_count; i++)
		json_array_append_new(audited, json_string(policy_class_format(&policy->settings.audited[i], class)));
	return audited;
}

json_t *view_policy(const struct policy *policy, const struct compiled *compiled)
{
	json_t *view = json_object(), *resolvers = json_array();
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; compiled && i < compiled->resolver_count; i++)
		json_array_append_new(resolvers, json_string(addr_format(&compiled->resolvers[i], text)));
	json_set_text(view, "mode", mode_of(policy));
	json_object_set_new(view, "audited", audited_to_json(policy));
	json_object_set_new(view, "settings", settings_to_json(policy));
	json_object_set_new(view, "resolvers", resolvers);
	json_object_set_new(view, "resolver_lines", lines_to_json(policy));
	json_object_set_new(view, "names_to_ask", dests_to_json(policy->askables, policy->askable_count));
	json_object_set_new(view, "requires", requires_to_json(policy));
	json_object_set_new(view, "rules", rules_to_json(policy));
	return view;
}
