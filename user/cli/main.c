// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of commands. */
#include "command.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
    {"run", command_run, "Govern a cgroup: load a policy, attach, keep its names fresh", "",
     "Enforces only when everything is in place and a test has shown that it does. Ending the agent opens nothing: "
     "what is attached stays until `egret detach`, unless --detach-on-exit was given.",
     OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_AGENT | OPTIONS_RUN | OPTIONS_STATE},
    {"exec", command_exec, "Run one command under a policy", "-- COMMAND [ARGUMENT...]",
     "The command runs as the user who called sudo, in a cgroup of its own, with no inherited sockets. Its exit code "
     "comes back; what was denied is listed on standard error.",
     OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_AGENT | OPTIONS_COMMAND},
    {"check", command_check, "Parse and validate rules files, and print their normal form", "FILE...",
     "Exit code 2 if there is an error; with --strict 1 if there is a warning, or --resolve finds something wrong.",
     OPTIONS_POLICY | OPTIONS_OUTPUT | OPTIONS_CHECK},
    {"explain", command_explain, "Would it pass, by which rule, or why not", "DESTINATION PROTOCOL:PORT [for SUBJECT]",
     "DESTINATION is an address or a name; SUBJECT is host, pods, a cgroup's path, or `pod NAMESPACE/NAME`. With "
     "--policy the files are "
     "asked, else what runs: a name is resolved, and each of its addresses judged. Exit code 0 if all pass, 1 if not.",
     OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_OUTPUT},
    {"status", command_status, "What runs: mode, policy, hooks, names, totals", "",
     "Works when no agent runs. Exit code 0 if all is well, 1 if there is a PROBLEM or no agent, 4 if there is no such "
     "instance. --live and --ready are for probes: one line, and exit code 0 or 1.",
     OPTIONS_STATE | OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_STATUS},
    {"rules", command_rules, "Each rule with what it let through", "", "Works when no agent runs.",
     OPTIONS_INSTANCE | OPTIONS_OUTPUT},
    {"learned", command_learned, "Addresses that DNS answers taught, for whom, and how long they are good", "",
     "Works when no agent runs.", OPTIONS_INSTANCE | OPTIONS_OUTPUT},
    {"drops", command_drops, "What was denied, by whom, why, worst first", "",
     "With --follow new denials are shown as they happen; with --clear all rows are taken away. Works when no agent "
     "runs.",
     OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_FOLLOW},
    {"serve", command_serve, "Metrics and health by HTTP, for Prometheus and probes", "",
     "/metrics, /livez and /readyz of the instance, and /healthz of itself. It can change nothing: it runs as a user "
     "of "
     "group egret-view, which the agent lets read the maps, with CAP_BPF alone, and has no system call that writes. "
     "Started as root, it becomes that user. Works when no agent runs.",
     OPTIONS_INSTANCE | OPTIONS_SERVE},
    {"detach", command_detach, "Take an instance down: nothing is governed any more", "",
     "What `egret run` made leaves a mark, by which no agent attaches it again before `egret attach`, or before the "
     "policy's text is another one; an agent that lives stands by. With --all every instance but those of running "
     "`egret exec` is taken down, and no mark and no file is left: an agent that is started anew attaches again.",
     OPTIONS_INSTANCE | OPTIONS_STATE | OPTIONS_DETACH},
    {"attach", command_attach, "Take the mark of detach away: the agent attaches again", "",
     "An agent that stands by attaches at once, else the next one does. It is a first attach: connections that began "
     "meanwhile go on, where the policy does not say `set existing = cut`.",
     OPTIONS_INSTANCE | OPTIONS_STATE | OPTIONS_ATTACH},
};

static const size_t command_count = sizeof(commands) / sizeof(commands[0]);

static void usage(FILE *out)
{
	fputs("Usage: egret COMMAND [OPTION...]\n"
	      "Lets a Linux node, a pod or one command reach the names on a list, and nothing else.\n\n",
	      out);
	for (size_t i = 0; i < command_count; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`egret COMMAND --help` tells more. egret " EGRET_VERSION "\n", out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static int no_command(const char *name)
{
	fprintf(stderr, "egret: there is no command \"%s\"; `egret --help` lists them\n", name);
	return EXIT_USAGE;
}

/* `egret help X` is `egret X --help`. */
static int help(const char *name)
{
	char *words[] = {NULL, "--help", NULL};
	const struct command *command;

	if (!name) {
		usage(stdout);
		return EXIT_YES;
	}
	command = find_command(name);
	return command ? command->run(command, 2, words) : no_command(name);
}

int main(int argc, char **argv)
{
	static const char *const for_help[] = {"--help", "-h", "help", NULL};
	static const char *const for_version[] = {"--version", "-V", "version", NULL};
	const struct command *command;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (is_one_of(argv[1], for_help))
		return help(argv[2]);
	if (is_one_of(argv[1], for_version)) {
		puts("egret " EGRET_VERSION);
		return EXIT_YES;
	}
	command = find_command(argv[1]);
	return command ? command->run(command, argc - 1, argv + 1) : no_command(argv[1]);
}
