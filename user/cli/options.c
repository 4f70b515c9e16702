// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The words of every command, and the environment behind them. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules_path.h"

#define DEFAULT_INSTANCE "node"

enum long_only {
	KEY_RULES_PATH = 256,
	KEY_INSTANCE,
	KEY_CGROUP,
	KEY_AUDIT,
	KEY_INFLIGHT,
	KEY_DETACH_ON_EXIT,
	KEY_PROBATION,
	KEY_STRICT,
	KEY_JSON,
	KEY_CLEAR,
	KEY_LIVE,
	KEY_READY,
};

struct group_option {
	unsigned int group;
	struct argp_option option;
};

static const struct group_option all_options[] = {
    {OPTIONS_POLICY, {"policy", 'p', "FILE", 0, "Rules file; may be given more than once (EGRET_POLICY)", 0}},
    {OPTIONS_POLICY,
     {"define", 'D', "NAME=VALUE", 0,
      "Set a variable, whatever the files say (EGRET_DEFINE, "
      "several separated by ;)",
      0}},
    {OPTIONS_POLICY, {"rules-path", KEY_RULES_PATH, "DIR[:DIR...]", 0, "Where `use` looks (EGRET_RULES_PATH)", 0}},
    {OPTIONS_INSTANCE, {"instance", KEY_INSTANCE, "NAME", 0, "Which instance, default \"node\" (EGRET_INSTANCE)", 0}},
    {OPTIONS_RUN,
     {"cgroup", KEY_CGROUP, "PATH", 0,
      "The cgroup to govern, with all below it; default is the "
      "whole node (EGRET_CGROUP)",
      0}},
    {OPTIONS_COMMAND,
     {"cgroup", KEY_CGROUP, "PATH", 0, "Where the command's own cgroup is made; default is the caller's (EGRET_CGROUP)",
      0}},
    {OPTIONS_AGENT, {"audit", KEY_AUDIT, NULL, 0, "Count what would be denied, and let it pass (EGRET_AUDIT=1)", 0}},
    {OPTIONS_AGENT, {"resolve-inflight", KEY_INFLIGHT, "N", 0, "Queries under way at most, default 64", 0}},
    {OPTIONS_RUN,
     {"detach-on-exit", KEY_DETACH_ON_EXIT, NULL, 0,
      "Open again when the agent ends "
      "(EGRET_DETACH_ON_EXIT=1)",
      0}},
    {OPTIONS_RUN,
     {"probation", KEY_PROBATION, "TIME", 0,
      "Enforce, but go back to audit if after this time (90, 2m, 1h) a `require` line or all resolvers do not answer "
      "(EGRET_PROBATION)",
      0}},
    {OPTIONS_FOLLOW, {"follow", 'f', NULL, 0, "Show new denials as they happen", 0}},
    {OPTIONS_FOLLOW, {"clear", KEY_CLEAR, NULL, 0, "Take all rows away; totals and hits count on", 0}},
    {OPTIONS_CHECK, {"strict", KEY_STRICT, NULL, 0, "Exit code 1 if there is a warning", 0}},
    {OPTIONS_STATUS,
     {"live", KEY_LIVE, NULL, 0, "Only: has the agent given a sign of life in the last 120 s? Exit code 0 or 1", 0}},
    {OPTIONS_STATUS,
     {"ready", KEY_READY, NULL, 0, "Only: is what the policy says in force, and proved? Exit code 0 or 1", 0}},
    {OPTIONS_OUTPUT, {"json", KEY_JSON, NULL, 0, "JSON instead of text", 0}},
};
#define OPTION_COUNT (sizeof(all_options) / sizeof(all_options[0]))

static void add_define(struct argp_state *state, struct options *options, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text)
		argp_error(state, "\"%s\" is no definition; write --define name=value", text);
	if (options->define_count == MAX_DEFINES)
		argp_error(state, "more than %d definitions", MAX_DEFINES);
	options->defines[options->define_count++] =
	    (struct policy_define){strndup(text, equals - text), strdup(equals + 1)};
}

static void add_policy(struct argp_state *state, struct options *options, const char *path)
{
	if (options->policy_count == MAX_POLICIES)
		argp_error(state, "more than %d rules files; let one `use` the others", MAX_POLICIES);
	options->policies[options->policy_count++] = path;
}

static unsigned int parse_number(struct argp_state *state, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || !value || value > 65535)
		argp_error(state, "\"%s\" is no number between 1 and 65535", text);
	return value;
}

/* "90", "90s", "2m", "1h"; 0 = none of these. */
static unsigned int seconds_of(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || value > 86400)
		return 0;
	if (!strcmp(end, "h"))
		return value * 3600;
	if (!strcmp(end, "m"))
		return value * 60;
	return !*end || !strcmp(end, "s") ? value : 0;
}

static int add_argument(struct argp_state *state, struct options *options, const char *argument)
{
	const struct command *command = options->command;

	if (command->groups & OPTIONS_CHECK) {
		add_policy(state, options, argument);
		return 0;
	}
	if (!command->arguments[0])
		argp_error(state, "\"%s\" is one word too many", argument);
	/* The first word, and all behind it: argp has moved the options before them. */
	options->arguments = &state->argv[state->next - 1];
	options->argument_count = state->argc - (state->next - 1);
	state->next = state->argc;
	(void)argument;
	return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'p':
		if (!options->policy_given)
			options->policy_count = 0; /* the environment's */
		options->policy_given = true;
		add_policy(state, options, argument);
		return 0;
	case 'D':
		add_define(state, options, argument);
		return 0;
	case KEY_RULES_PATH:
		options->rules_path = argument;
		return 0;
	case KEY_INSTANCE:
		options->instance = argument;
		options->instance_given = true;
		return 0;
	case KEY_CGROUP:
		options->cgroup = argument;
		return 0;
	case KEY_AUDIT:
		options->audit = true;
		return 0;
	case KEY_INFLIGHT:
		options->resolve_inflight = parse_number(state, argument);
		return 0;
	case KEY_DETACH_ON_EXIT:
		options->detach_on_exit = true;
		return 0;
	case KEY_PROBATION:
		options->probation_sec = seconds_of(argument);
		if (!options->probation_sec)
			argp_error(state, "\"%s\" is no time; write --probation 2m", argument);
		return 0;
	case KEY_STRICT:
		options->strict = true;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_LIVE:
		options->live = true;
		return 0;
	case KEY_READY:
		options->ready = true;
		return 0;
	case 'f':
		options->follow = true;
		return 0;
	case KEY_CLEAR:
		options->clear = true;
		return 0;
	case ARGP_KEY_ARG:
		return add_argument(state, options, argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool environment_is_on(const char *name)
{
	const char *value = environment(name);

	return value && strcmp(value, "0") && strcmp(value, "off") && strcmp(value, "false");
}

static void read_environment(struct options *options)
{
	const char *defines = environment("EGRET_DEFINE"), *policy = environment("EGRET_POLICY");
	char *copy, *save = NULL;

	options->instance = environment("EGRET_INSTANCE");
	options->instance_given = options->instance;
	options->cgroup = environment("EGRET_CGROUP");
	options->rules_path = environment("EGRET_RULES_PATH");
	options->audit = environment_is_on("EGRET_AUDIT");
	options->detach_on_exit = environment_is_on("EGRET_DETACH_ON_EXIT");
	if (environment("EGRET_PROBATION"))
		options->probation_sec = seconds_of(environment("EGRET_PROBATION"));
	if (policy)
		options->policies[options->policy_count++] = policy;
	copy = defines ? strdup(defines) : NULL;
	for (char *one = copy ? strtok_r(copy, ";", &save) : NULL; one; one = strtok_r(NULL, ";", &save)) {
		const char *equals = strchr(one, '=');

		if (equals && options->define_count < MAX_DEFINES)
			options->defines[options->define_count++] =
			    (struct policy_define){strndup(one, equals - one), strdup(equals + 1)};
	}
	free(copy);
}

void options_parse(const struct command *command, int argc, char **argv, struct options *ret)
{
	struct argp_option options[OPTION_COUNT + 1] = {};
	char doc[1024], name[64];
	struct argp argp = {.options = options, .parser = parse_option, .args_doc = command->arguments, .doc = doc};
	size_t count = 0;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (all_options[i].group & command->groups)
			options[count++] = all_options[i].option;
	snprintf(doc, sizeof(doc), "%s.\v%s", command->summary, command->help);
	snprintf(name, sizeof(name), "egret %s", command->name);
	argv[0] = name;
	*ret = (struct options){.command = command};
	read_environment(ret);
	argp_err_exit_status = EXIT_USAGE;
	/* What stands behind exec's command is the command's own. */
	argp_parse(&argp, argc, argv, command->groups & OPTIONS_COMMAND ? ARGP_IN_ORDER : 0, NULL, ret);
	if (!ret->instance)
		ret->instance = DEFAULT_INSTANCE;
	if (!ret->rules_path)
		ret->rules_path = rules_path_default();
}

void options_of_policy(const struct options *options, struct policy_options *ret)
{
	*ret = (struct policy_options){
	    .paths = options->policies,
	    .path_count = options->policy_count,
	    .defines = options->defines,
	    .define_count = options->define_count,
	    .rules_path = options->rules_path,
	};
}
