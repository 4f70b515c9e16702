// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The words of every command, and the environment behind them. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/edit_distance.h"
#include "../base/format.h"
#include "../base/state.h"
#include "../base/text.h"
#include "../base/value.h"
#include "../resolve/resolver.h"
#include "option_list.h"
#include "rules_path.h"

#define DEFAULT_INSTANCE  "node"
#define PROBATION_MAX_SEC (7 * 24 * 3600U)
#define SINCE_MAX_SEC     (3650 * 24 * 3600U)
#define LIMIT_MAX         1000000

/* What argp hands to each of the functions below. */
struct parsing {
	struct options *options;
	const char *variable; /* that is read; NULL = the words of the command line are */
	size_t env_defines;   /* so many definitions come from the environment */
	char complaint[512];  /* the first about a variable; told last, so that --help always answers */
};

static const char *option_name(int key)
{
	for (size_t i = 0; i < option_count; i++)
		if (option_list[i].option.key == key)
			return option_list[i].option.name;
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
	case KEY_WILDCARDS:
		return &options->wildcards;
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
	case KEY_POD:
		return &options->pod;
	case KEY_NAMESPACE:
		return &options->namespace;
	case KEY_NAME:
		return &options->name;
	case KEY_REASON:
		return &options->reason;
	case KEY_LISTEN:
		return &options->listen;
	case KEY_OCSF:
		return &options->ocsf;
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

static void take_output(struct argp_state *state, const char *format)
{
	struct parsing *parsing = state->input;
	struct options *options = parsing->options;

	options->json_lines = !strcmp(format, "jsonl");
	options->json = options->json_lines || !strcmp(format, "json");
	options->wide = !strcmp(format, "wide");
	if (!options->json && !options->wide && strcmp(format, "text") != 0)
		refuse(state, 'o', "\"%s\" is no format; write text, wide, json or jsonl", format);
}

/* A moment, or how long ago it was. */
static void take_moment(struct argp_state *state, int key, const char *text, time_t *ret)
{
	unsigned int seconds;

	if (!value_seconds(text, SINCE_MAX_SEC, &seconds))
		*ret = time(NULL) - (time_t)seconds;
	else if (time_parse(text, ret) || *ret <= 0)
		refuse(state, key, "\"%s\" is no time; write 90, 15m, 2h, 7d, or 2026-11-28T09:00:00Z", text);
}

static void take_log_format(struct argp_state *state, const char *format)
{
	struct parsing *parsing = state->input;

	parsing->options->json_log = !strcmp(format, "json");
	if (!parsing->options->json_log && strcmp(format, "text") != 0)
		refuse(state, KEY_LOG_FORMAT, "\"%s\" is no format of a log; write text or json", format);
}

/* What says which rows of a view are shown, and how. */
static error_t take_rows(struct argp_state *state, int key, const char *argument)
{
	struct parsing *parsing = state->input;
	struct options *options = parsing->options;

	switch (key) {
	case 'o':
		take_output(state, argument);
		return 0;
	case KEY_SINCE:
		take_moment(state, key, argument, &options->since);
		return 0;
	case KEY_UNUSED:
		take_moment(state, key, argument, &options->unused);
		return 0;
	case KEY_BY:
		options->by_workload = !strcmp(argument, "workload");
		if (!options->by_workload)
			refuse(state, key, "\"%s\" is nothing to group by; write workload", argument);
		return 0;
	case KEY_SORT:
		if (row_order_of(argument, &options->sort))
			refuse(state, key, "\"%s\" is no column; write last, count, who, destination or why", argument);
		return 0;
	case KEY_LIMIT:
		if (value_number(argument, LIMIT_MAX, &options->limit))
			refuse(state, key, "\"%s\" is no number from 1 to %d", argument, LIMIT_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
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
	case KEY_LOG_FORMAT:
		take_log_format(state, argument);
		return 0;
	case KEY_PROBATION:
		if (value_seconds(argument, PROBATION_MAX_SEC, &parsing->options->probation_sec))
			refuse(state, key, "\"%s\" is no time from 1 s to %u h; write 90, 2m or 1h", argument,
			       PROBATION_MAX_SEC / 3600);
		return 0;
	default:
		return take_rows(state, key, argument);
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
		for (size_t i = 0; i < option_count; i++) {
			const char *known = option_list[i].variable;

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

	for (size_t i = 0; i < option_count; i++) {
		const struct group_option *one = &option_list[i];
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
	struct argp_option *options = calloc(option_count + 1, sizeof(*options));
	char doc[4096], name[64];
	struct argp argp = {.options = options, .parser = parse_option, .args_doc = command->arguments, .doc = doc};
	struct parsing parsing = {.options = ret};
	size_t count = 0;

	if (!options) {
		fputs("egret: no memory\n", stderr);
		exit(EXIT_CANNOT);
	}
	for (size_t i = 0; i < option_count; i++)
		if (option_list[i].group & command->groups)
			options[count++] = option_list[i].option;
	snprintf(doc, sizeof(doc), "%s.\v%s%s%s", command->summary, command->help, command->examples ? "\n\n" : "",
		 command->examples ? command->examples : "");
	snprintf(name, sizeof(name), "egret %s", command->name);
	argv[0] = name;
	*ret = (struct options){.command = command};
	/* exec keeps 2 for its command: as env(1) and timeout(1). */
	argp_err_exit_status = command->groups & OPTIONS_COMMAND ? EXIT_EXEC_FAILED : EXIT_USAGE;
	/* What stands behind exec's command is the command's own. */
	argp_parse(&argp, argc, argv, command->groups & OPTIONS_COMMAND ? ARGP_IN_ORDER : 0, NULL, &parsing);
	free(options);
	if (!ret->instance)
		ret->instance = DEFAULT_INSTANCE;
	if (!ret->state)
		ret->state = STATE_DEFAULT;
	if (!ret->rules_path)
		ret->rules_path = rules_path_default();
}
