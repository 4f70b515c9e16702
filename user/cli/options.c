// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The words of every command, and the environment behind them. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/edit_distance.h"
#include "../base/state.h"
#include "../base/text.h"
#include "../base/value.h"
#include "../resolve/resolver.h"
#include "../serve/serve.h"
#include "rules_path.h"

#define DEFAULT_INSTANCE  "node"
#define PROBATION_MAX_SEC (7 * 24 * 3600U)

enum long_only {
	KEY_RULES_PATH = 256,
	KEY_INSTANCE,
	KEY_CGROUP,
	KEY_AUDIT,
	KEY_INFLIGHT,
	KEY_RATE,
	KEY_DETACH_ON_EXIT,
	KEY_PROBATION,
	KEY_STRICT,
	KEY_RESOLVE,
	KEY_JSON,
	KEY_CLEAR,
	KEY_LIVE,
	KEY_READY,
	KEY_STATE,
	KEY_ONCE,
	KEY_ALL,
	KEY_WAIT,
	KEY_CUT,
	KEY_USER,
	KEY_AS_ROOT,
	KEY_REPORT,
	KEY_CALLER,
	KEY_FALLBACK,
	KEY_LISTEN,
};

struct group_option {
	unsigned int group;
	const char *variable; /* that stands in for the option; NULL = none */
	struct argp_option option;
};

static const struct group_option all_options[] = {
    {OPTIONS_POLICY,
     "EGRET_POLICY",
     {"policy", 'p', "FILE", 0, "Rules file; may be given more than once (EGRET_POLICY)", 0}},
    {OPTIONS_POLICY,
     "EGRET_DEFINE",
     {"define", 'D', "NAME=VALUE", 0, "Set a variable, whatever the files say (EGRET_DEFINE, several separated by ;)",
      0}},
    {OPTIONS_POLICY,
     "EGRET_RULES_PATH",
     {"rules-path", KEY_RULES_PATH, "DIR[:DIR...]", 0, "Where `use` looks (EGRET_RULES_PATH)", 0}},
    {OPTIONS_INSTANCE,
     "EGRET_INSTANCE",
     {"instance", KEY_INSTANCE, "NAME", 0, "Which instance, default \"node\" (EGRET_INSTANCE)", 0}},
    {OPTIONS_RUN,
     "EGRET_CGROUP",
     {"cgroup", KEY_CGROUP, "PATH", 0,
      "The cgroup to govern, with all below it; default is the whole node (EGRET_CGROUP)", 0}},
    {OPTIONS_COMMAND,
     "EGRET_CGROUP",
     {"cgroup", KEY_CGROUP, "PATH", 0, "Where the command's own cgroup is made; default is the caller's (EGRET_CGROUP)",
      0}},
    {OPTIONS_AGENT,
     "EGRET_AUDIT",
     {"audit", KEY_AUDIT, NULL, 0, "Count what would be denied, and let it pass (EGRET_AUDIT=1)", 0}},
    {OPTIONS_AGENT, NULL, {"resolve-inflight", KEY_INFLIGHT, "N", 0, "Queries under way at most, default 64", 0}},
    {OPTIONS_AGENT,
     "EGRET_RESOLVE_RATE",
     {"resolve-rate", KEY_RATE, "N", 0, "Queries a second to each resolver at most, default 200 (EGRET_RESOLVE_RATE)",
      0}},
    {OPTIONS_RUN,
     "EGRET_DETACH_ON_EXIT",
     {"detach-on-exit", KEY_DETACH_ON_EXIT, NULL, 0, "Open again when the agent ends (EGRET_DETACH_ON_EXIT=1)", 0}},
    {OPTIONS_RUN,
     "EGRET_PROBATION",
     {"probation", KEY_PROBATION, "TIME", 0,
      "Enforce, but go back to audit if after this time (90, 2m, 1h) a `require` line or all resolvers do not answer "
      "(EGRET_PROBATION)",
      0}},
    {OPTIONS_RUN,
     "EGRET_FALLBACK",
     {"fallback", KEY_FALLBACK, "audit|closed", 0,
      "What holds where a start finds no policy to go by: count (default), or linux/node (EGRET_FALLBACK)", 0}},
    {OPTIONS_RUN,
     NULL,
     {"once", KEY_ONCE, NULL, 0,
      "Attach and end, before an agent comes: a policy that has ruled here before is enforced, any other audited", 0}},
    {OPTIONS_SERVE,
     "EGRET_LISTEN",
     {"listen", KEY_LISTEN, "ADDRESS:PORT[,...]", 0, "Where to answer, default " SERVE_LISTEN_DEFAULT " (EGRET_LISTEN)",
      0}},
    {OPTIONS_STATE,
     "EGRET_STATE",
     {"state", KEY_STATE, "DIR", 0,
      "Folder, of root alone, of what outlives a reboot: who opened an instance, and when; default is " STATE_DEFAULT
      " (EGRET_STATE)",
      0}},
    {OPTIONS_DETACH,
     NULL,
     {"all", KEY_ALL, NULL, 0, "All instances, and every file that Egret left; no mark stays", 0}},
    {OPTIONS_DETACH,
     NULL,
     {"wait", KEY_WAIT, NULL, 0, "When it is done, go on running until told to end: for a pod that may not end", 0}},
    {OPTIONS_ATTACH,
     NULL,
     {"cut", KEY_CUT, NULL, 0, "Judge connections that began meanwhile as new ones: what no rule allows ends", 0}},
    {OPTIONS_FOLLOW, NULL, {"follow", 'f', NULL, 0, "Show new denials as they happen", 0}},
    {OPTIONS_FOLLOW, NULL, {"clear", KEY_CLEAR, NULL, 0, "Take all rows away; totals and hits count on", 0}},
    {OPTIONS_CHECK, NULL, {"strict", KEY_STRICT, NULL, 0, "Exit code 1 if there is a warning", 0}},
    {OPTIONS_CHECK,
     NULL,
     {"resolve", KEY_RESOLVE, NULL, 0,
      "Ask DNS for all exact names: which have no address, or one that they may not bring in?", 0}},
    {OPTIONS_STATUS,
     NULL,
     {"live", KEY_LIVE, NULL, 0, "Only: has the agent given a sign of life in the last 30 s? Exit code 0 or 1", 0}},
    {OPTIONS_STATUS,
     NULL,
     {"ready", KEY_READY, NULL, 0, "Only: is what the policy says in force, and proved? Exit code 0 or 1", 0}},
    {OPTIONS_COMMAND, NULL, {"user", KEY_USER, "NAME", 0, "Run the command as this user; default is who called", 0}},
    {OPTIONS_COMMAND, NULL, {"as-root", KEY_AS_ROOT, NULL, 0, "The command is meant to run as root: no warning", 0}},
    {OPTIONS_COMMAND, NULL, {"report", KEY_REPORT, "FILE", 0, "Write what was denied to FILE, as JSON", 0}},
    /* For egret itself, behind sudo. */
    {OPTIONS_COMMAND, NULL, {"caller", KEY_CALLER, "PROCESS", OPTION_HIDDEN, NULL, 0}},
    {OPTIONS_OUTPUT, NULL, {"json", KEY_JSON, NULL, 0, "JSON instead of text", 0}},
};
#define OPTION_COUNT (sizeof(all_options) / sizeof(all_options[0]))

/* What argp hands to each of the functions below. */
struct parsing {
	struct options *options;
	const char *variable; /* that is read; NULL = the words of the command line are */
	size_t env_defines;   /* so many definitions come from the environment */
	char complaint[512];  /* the first about a variable; told last, so that --help always answers */
};

static const char *option_name(int key)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (all_options[i].option.key == key)
			return all_options[i].option.name;
	return "";
}

/* "EGRET_CGROUP ..." or "--cgroup ...". Returns only of a variable. */
__attribute__((format(printf, 3, 4))) static void refuse(struct argp_state *state, int key, const char *format, ...)
{
	struct parsing *parsing = state->input;
	char sentence[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	text_make_printable(sentence, sizeof(sentence));
	if (!parsing->variable)
		argp_error(state, "--%s %s", option_name(key), sentence);
	else if (!parsing->complaint[0])
		snprintf(parsing->complaint, sizeof(parsing->complaint), "%s %s", parsing->variable, sentence);
}

static bool same_name(const struct policy_define *define, const char *name, size_t len)
{
	return strlen(define->name) == len && !memcmp(define->name, name, len);
}

/* What the command line says goes over what the environment says. */
static struct policy_define *place_of(struct parsing *parsing, const char *name, size_t len)
{
	struct options *options = parsing->options;

	for (size_t i = 0; i < parsing->env_defines && !parsing->variable; i++)
		if (same_name(&options->defines[i], name, len))
			return &options->defines[i];
	return options->define_count < MAX_DEFINES ? &options->defines[options->define_count++] : NULL;
}

static void add_define(struct argp_state *state, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct parsing *parsing = state->input;
	struct policy_define *define;

	if (!equals || equals == text) {
		refuse(state, 'D', "\"%.*s\" is no definition; write NAME=VALUE", (int)len, text);
		return;
	}
	define = place_of(parsing, text, (size_t)(equals - text));
	if (!define) {
		refuse(state, 'D', "is more than %d definitions; put them into a rules file", MAX_DEFINES);
		return;
	}
	free((char *)define->name);
	free((char *)define->value);
	*define = (struct policy_define){strndup(text, (size_t)(equals - text)),
					 strndup(equals + 1, len - (size_t)(equals - text) - 1)};
}

/* Separated by semicolons, with blanks around or without. A list may be empty. */
static void add_defines(struct argp_state *state, const char *list)
{
	static const char blanks[] = " \t\r\n";
	struct parsing *parsing = state->input;

	while (*list) {
		size_t whole = strcspn(list, ";"), before = strspn(list, blanks), len;

		before = before < whole ? before : whole;
		len = whole - before;
		while (len && strchr(blanks, list[before + len - 1]))
			len--;
		if (len)
			add_define(state, list + before, len);
		list += whole + (list[whole] == ';');
	}
	parsing->env_defines = parsing->options->define_count;
}

/* Rules files that the command line names stand in for the environment's. */
static void add_policy(struct argp_state *state, const char *path)
{
	struct parsing *parsing = state->input;
	struct options *options = parsing->options;

	if (!parsing->variable && !options->policy_given) {
		options->policy_count = 0;
		options->policy_given = true;
	}
	if (!*path)
		refuse(state, 'p', "is empty; name a rules file");
	else if (options->policy_count == MAX_POLICIES)
		refuse(state, 'p', "is given for more than %d rules files; let one `use` the others", MAX_POLICIES);
	else
		options->policies[options->policy_count++] = path;
}

static int add_argument(struct argp_state *state, const char *argument)
{
	struct parsing *parsing = state->input;
	struct options *options = parsing->options;

	if (options->command->groups & OPTIONS_CHECK) {
		add_policy(state, argument);
		return 0;
	}
	if (!options->command->arguments[0])
		argp_error(state, "\"%s\" is one word too many", argument);
	/* The first word, and all behind it: argp has moved the options before them. */
	options->arguments = &state->argv[state->next - 1];
	options->argument_count = state->argc - (state->next - 1);
	state->next = state->argc;
	return 0;
}

static bool *switch_of(struct options *options, int key)
{
	switch (key) {
	case KEY_AUDIT:
		return &options->audit;
	case KEY_DETACH_ON_EXIT:
		return &options->detach_on_exit;
	case KEY_STRICT:
		return &options->strict;
	case KEY_RESOLVE:
		return &options->resolve;
	case KEY_JSON:
		return &options->json;
	case KEY_CLEAR:
		return &options->clear;
	case KEY_LIVE:
		return &options->live;
	case KEY_READY:
		return &options->ready;
	case KEY_ONCE:
		return &options->once;
	case KEY_ALL:
		return &options->all;
	case KEY_WAIT:
		return &options->wait;
	case KEY_CUT:
		return &options->cut;
	case KEY_AS_ROOT:
		return &options->as_root;
	case 'f':
		return &options->follow;
	default:
		return NULL;
	}
}

static const char **text_of(struct options *options, int key)
{
	switch (key) {
	case KEY_RULES_PATH:
		return &options->rules_path;
	case KEY_INSTANCE:
		return &options->instance;
	case KEY_CGROUP:
		return &options->cgroup;
	case KEY_USER:
		return &options->user;
	case KEY_REPORT:
		return &options->report;
	case KEY_CALLER:
		return &options->caller;
	case KEY_FALLBACK:
		return &options->fallback;
	case KEY_LISTEN:
		return &options->listen;
	default:
		return NULL;
	}
}

static bool take_switch(struct argp_state *state, int key, const char *argument)
{
	struct parsing *parsing = state->input;
	bool *to = switch_of(parsing->options, key);

	if (to && !argument)
		*to = true;
	else if (to && value_switch(argument, to))
		refuse(state, key, "\"%s\" is neither on nor off; write 1, true, yes, on, or 0, false, no, off",
		       argument);
	return to;
}

static bool take_text(struct argp_state *state, int key, const char *argument)
{
	struct parsing *parsing = state->input;
	const char **to = text_of(parsing->options, key);

	if (!to)
		return false;
	if (!*argument)
		refuse(state, key, "is empty; give it a value, or leave it out");
	else
		*to = argument;
	parsing->options->instance_given |= key == KEY_INSTANCE;
	return true;
}

/* An option, or the variable that stands in for it: what the one refuses, the other refuses. */
static error_t take(struct argp_state *state, int key, char *argument)
{
	struct parsing *parsing = state->input;

	if (take_switch(state, key, argument) || take_text(state, key, argument))
		return 0;
	switch (key) {
	case 'p':
		add_policy(state, argument);
		return 0;
	case 'D':
		if (parsing->variable)
			add_defines(state, argument);
		else
			add_define(state, argument, strlen(argument));
		return 0;
	case KEY_INFLIGHT:
		if (value_number(argument, 65535, &parsing->options->resolve_inflight))
			refuse(state, key, "\"%s\" is no number from 1 to 65535", argument);
		return 0;
	case KEY_RATE:
		if (value_number(argument, RESOLVER_MAX_RATE, &parsing->options->resolve_rate))
			refuse(state, key, "\"%s\" is no number from 1 to %d", argument, RESOLVER_MAX_RATE);
		return 0;
	case KEY_STATE:
		if (argument[0] != '/')
			refuse(state, key, "\"%s\" is no path from / on", argument);
		parsing->options->state = argument;
		return 0;
	case KEY_PROBATION:
		if (value_seconds(argument, PROBATION_MAX_SEC, &parsing->options->probation_sec))
			refuse(state, key, "\"%s\" is no time from 1 s to %u h; write 90, 2m or 1h", argument,
			       PROBATION_MAX_SEC / 3600);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A misspelt option is refused, so a misspelt variable is, too: by one letter, since the kubelet sets
 * EGRET_PORT and the like for a service of that name. */
static void refuse_misspelt(struct argp_state *state)
{
	struct parsing *parsing = state->input;

	for (char **entry = environ; *entry; entry++) {
		size_t len = strcspn(*entry, "=");

		if (strncmp(*entry, "EGRET_", strlen("EGRET_")) != 0 || len > EDIT_DISTANCE_MAX)
			continue;
		for (size_t i = 0; i < OPTION_COUNT; i++) {
			const char *known = all_options[i].variable;

			if (!known || edit_distance(*entry, len, known, strlen(known)) != 1 || parsing->complaint[0])
				continue;
			snprintf(parsing->complaint, sizeof(parsing->complaint),
				 "the environment has %.*s, which Egret does not read; did you mean %s?", (int)len,
				 *entry, known);
		}
	}
}

/* Below an `exec` the variable names that one, which a second `exec` is not meant to be. */
static bool is_outer_instance(const struct group_option *option, unsigned int groups)
{
	return option->option.key == KEY_INSTANCE && groups & OPTIONS_COMMAND && getenv("EGRET");
}

/* Of the options that the command has. All else in the environment is about other commands. */
static void read_environment(struct argp_state *state)
{
	struct parsing *parsing = state->input;
	unsigned int groups = parsing->options->command->groups;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct group_option *one = &all_options[i];
		char *value = one->variable && one->group & groups ? getenv(one->variable) : NULL;

		if (!value || is_outer_instance(one, groups))
			continue;
		parsing->variable = one->variable;
		take(state, one->option.key, value);
		parsing->variable = NULL;
	}
	if (groups & OPTIONS_AGENT)
		refuse_misspelt(state);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct parsing *parsing = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		read_environment(state);
		return 0;
	case ARGP_KEY_ARG:
		return add_argument(state, argument);
	case ARGP_KEY_END:
		if (parsing->complaint[0])
			argp_error(state, "%s", parsing->complaint);
		return 0;
	default:
		return take(state, key, argument);
	}
}

void options_parse(const struct command *command, int argc, char **argv, struct options *ret)
{
	struct argp_option options[OPTION_COUNT + 1] = {};
	char doc[1024], name[64];
	struct argp argp = {.options = options, .parser = parse_option, .args_doc = command->arguments, .doc = doc};
	struct parsing parsing = {.options = ret};
	size_t count = 0;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (all_options[i].group & command->groups)
			options[count++] = all_options[i].option;
	snprintf(doc, sizeof(doc), "%s.\v%s", command->summary, command->help);
	snprintf(name, sizeof(name), "egret %s", command->name);
	argv[0] = name;
	*ret = (struct options){.command = command};
	/* exec keeps 2 for its command: as env(1) and timeout(1). */
	argp_err_exit_status = command->groups & OPTIONS_COMMAND ? EXIT_EXEC_FAILED : EXIT_USAGE;
	/* What stands behind exec's command is the command's own. */
	argp_parse(&argp, argc, argv, command->groups & OPTIONS_COMMAND ? ARGP_IN_ORDER : 0, NULL, &parsing);
	if (!ret->instance)
		ret->instance = DEFAULT_INSTANCE;
	if (!ret->state)
		ret->state = STATE_DEFAULT;
	if (!ret->rules_path)
		ret->rules_path = rules_path_default();
}
