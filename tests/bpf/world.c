// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static void refuse(const struct world *world, const char *why)
{
	fprintf(stderr, "%s\n", why);
	world_print(world);
	exit(1);
}

/* Takes the policy from its text. */
static void read_policy(struct world *world)
{
	struct diag diag = {0};

	world_clear(world);
	if (policy_load_text("random", world->policy_text, strlen(world->policy_text), NULL, &world->policy, &diag)) {
		diag_print(&diag, stderr);
		refuse(world, "the policy does not parse");
	}
	diag_clear(&diag);
	addr_parse("10.0.0.10", &world->system[0]);
	addr_parse("2603:1000::1", &world->system[1]);
	world->model = (struct model){.policy = world->policy,
				      .names = world->names.names,
				      .name_count = world->names.count,
				      .system_resolvers = world->system,
				      .system_resolver_count = WORLD_SYSTEM_RESOLVERS,
				      .memory = world->model.memory,
				      .now_ms = world->model.now_ms};
}

/* Where the line of the rule in @place begins: the rules stand behind all settings and resolvers. */
static char *line_of_rule(struct world *world, size_t place)
{
	char *line = world->policy_text;

	while (*line && (!strncmp(line, "set ", 4) || !strncmp(line, "resolver ", 9)))
		line = strchr(line, '\n') + 1;
	while (place--)
		line = strchr(line, '\n') + 1;
	return line;
}

void world_take_rule(struct world *world, size_t place, char *ret, size_t size)
{
	char *line = line_of_rule(world, place), *next = strchr(line, '\n') + 1;

	snprintf(ret, size, "%.*s", (int)(next - line), line);
	memmove(line, next, strlen(next) + 1);
	read_policy(world);
}

void world_put_rule(struct world *world, size_t place, const char *text)
{
	char *line = line_of_rule(world, place);

	if (strlen(world->policy_text) + strlen(text) >= sizeof(world->policy_text))
		refuse(world, "the policy has grown too long");
	memmove(line + strlen(text), line, strlen(line) + 1);
	memcpy(line, text, strlen(text));
	read_policy(world);
}

void world_change(struct world *world)
{
	char *first = world->policy_text, *line, *next;

	while (!strncmp(first, "set ", 4))
		first = strchr(first, '\n') + 1;
	line = first;
	for (uint32_t skip = random_below(8); skip && *line; skip--)
		line = strchr(line, '\n') + 1;
	if (!*line)
		line = first;
	if (*line) {
		next = strchr(line, '\n') + 1;
		memmove(line, next, strlen(next) + 1);
	}
	if (random_below(2))
		random_rule(world->policy_text, sizeof(world->policy_text));
	read_policy(world);
}

void world_draw(struct world *world, bool new_names)
{
	random_policy(world->policy_text, sizeof(world->policy_text));
	if (new_names) {
		random_names(world->names_text, sizeof(world->names_text));
		if (random_names_parse(&world->names, world->names_text))
			refuse(world, "the names do not parse");
	}
	read_policy(world);
}

void world_load(struct world *world, struct kernel *kernel,
		int (*tell)(struct kernel *kernel, const struct compiled *compiled, uint32_t generation))
{
	struct compile_input input = {.policy = world->policy,
				      .system_resolvers = world->system,
				      .system_resolver_count = WORLD_SYSTEM_RESOLVERS,
				      .generation = kernel_next_generation(kernel)};
	struct name_addrs names[RANDOM_MAX_NAMES];
	struct diag diag = {0};
	struct error error;

	for (size_t i = 0; i < world->names.count; i++)
		names[i] = (struct name_addrs){world->names.names[i].name, world->names.names[i].addrs,
					       world->names.names[i].count};
	input.names = names;
	input.name_count = world->names.count;
	compiled_free(world->compiled);
	world->compiled = NULL;
	if (kernel_read_rules(kernel, &input.before))
		refuse(world, "the rules before it cannot be read");
	if (compile_policy(&input, &world->compiled, &diag))
		refuse(world, "the policy does not compile");
	diag_clear(&diag);
	kernel_free_rules(&input.before);
	if (kernel_load_policy(kernel, world->compiled, false, tell, &error))
		refuse(world, error.text);
}

uint32_t world_rule_id(const struct world *world, uint32_t rule)
{
	return rule < EGRET_RULE_FIRST ? rule : world->compiled->ids[rule - EGRET_RULE_FIRST];
}

void world_clear(struct world *world)
{
	compiled_free(world->compiled);
	policy_free(world->policy);
	world->compiled = NULL;
	world->policy = NULL;
}

void world_print(const struct world *world)
{
	char addr[ADDR_TEXT_SIZE];

	fprintf(stderr, "policy:\n%snames:\n", world->policy_text);
	for (size_t i = 0; i < world->names.count; i++) {
		const struct model_name *name = &world->names.names[i];

		fprintf(stderr, "%s", name->name);
		for (size_t a = 0; a < name->count; a++)
			fprintf(stderr, " %s", addr_format(&name->addrs[a], addr));
		fputc('\n', stderr);
	}
}
