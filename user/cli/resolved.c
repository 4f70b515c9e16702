// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "resolved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../resolve/resolver.h"
#include "../resolve/lookup.h"
#include "../view/json.h"
#include "../view/reason.h"
#include "../view/rule_text.h"
#include "egret_reasons.h"

struct asking {
	struct compiled *compiled;
	json_t *names;
};

static json_t *special_to_json(const struct egret_rule_text *text, const char *name, const struct egret_addr *addr)
{
	char address[ADDR_TEXT_SIZE];
	json_t *row = json_object();

	json_set_text(row, "name", name);
	json_set_text(row, "address", addr_format(addr, address));
	json_set_text(row, "reason", reason_label(EGRET_REASON_SPECIAL_ADDRESS));
	json_set_rule_text(row, text);
	return row;
}

/* Which rule would allow the name something at this address, if the name could bring it in? */
static void add_special(const struct asking *asking, const char *name, const struct egret_addr *addr, json_t *ret)
{
	struct compiled *compiled = asking->compiled;
	struct egret_dest dest;

	if (compiled_address(compiled, addr, &name, 1, &dest))
		return;
	for (uint32_t i = 0; i < dest.count; i++) {
		const struct egret_port *entry = &compiled->ports[dest.first + i];

		if (entry->action != EGRET_SPECIAL)
			continue;
		json_array_append_new(ret,
				      special_to_json(&compiled->texts[entry->rule - EGRET_RULE_FIRST], name, addr));
		return;
	}
}

static const char *problem_of(const struct resolver_name *name)
{
	if (name->state == RESOLVER_EMPTY)
		return "does not exist, or has no address";
	if (name->state != RESOLVER_RESOLVED)
		return name->error[0] ? name->error : "no resolver answered";
	return "";
}

static void add_name(void *context, const struct resolver_name *name)
{
	json_t *row = json_object(), *addrs = json_array(), *special = json_array();
	const struct asking *asking = context;
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < name->addr_count; i++) {
		json_array_append_new(addrs, json_string(addr_format(&name->addrs[i], text)));
		add_special(asking, name->name, &name->addrs[i], special);
	}
	json_set_text(row, "name", name->name);
	json_object_set_new(row, "addresses", addrs);
	json_set_text(row, "problem_text", problem_of(name));
	json_object_set_new(row, "special_addresses", special);
	json_array_append_new(asking->names, row);
}

int resolved_to_json(struct compiled *compiled, json_t **ret)
{
	struct asking asking = {compiled, json_array()};
	struct lookup lookup = {.names = compiled->names, .name_count = compiled->name_count};
	struct zoned_addr *system = NULL, *servers = NULL;
	size_t system_count = 0;
	int rc;

	resolver_system_servers(NULL, &system, &system_count);
	rc = policy_servers(compiled->policy, system, system_count, &servers, &lookup.server_count);
	lookup.servers = servers;
	if (!rc)
		rc = lookup.server_count ? lookup_each(&lookup, add_name, &asking) : -ENOENT;
	free(servers);
	free(system);
	if (rc) {
		json_decref(asking.names);
		return rc;
	}
	*ret = asking.names;
	return 0;
}

void resolved_print(const json_t *names)
{
	const json_t *name, *addr, *special;
	char why[REASON_TEXT_SIZE];
	size_t i, a;

	json_array_foreach (names, i, name) {
		const char *problem = json_text(name, "problem_text");

		printf("# %s:", json_text(name, "name"));
		json_array_foreach (json_object_get(name, "addresses"), a, addr)
			printf(" %s", json_string_value(addr));
		printf("%s%s\n", *problem ? " PROBLEM " : "", problem);
		json_array_foreach (json_object_get(name, "special_addresses"), a, special)
			printf("#   PROBLEM %s\n", reason_of_row(special, why));
	}
}

bool resolved_is_wrong(const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		if (*json_text(name, "problem_text") || json_array_size(json_object_get(name, "special_addresses")))
			return true;
	}
	return false;
}
