// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of commands. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRIM_BYTES (128 * 1024) /* what glibc begins with */

/* What all commands that look at an instance end with. */
#define LOOKING_CODES "3  no permission, or it cannot be told from here\n  4  there is no such instance"

static const struct command commands[] = {
    {"run", command_run, "Govern a cgroup: load a policy, attach, keep its names fresh", "",
     "Enforces only when everything is in place and a test has shown that it does. Ending the agent opens nothing: "
     "what is attached stays until `egret detach`, unless --detach-on-exit was given.",
     "Examples:\n"
     "  egret run --policy /etc/egret/policy.rules --audit\n"
     "  egret run --policy /etc/egret/policy.rules --probation 2m\n\n"
     "Exit codes:\n"
     "  0  it was told to end\n"
     "  2  wrong words, or with --once a policy with errors\n"
     "  3  no permission, a kernel that is too old, something is missing\n"
     "  5  another agent holds the instance, or it governs another cgroup",
     OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_AGENT | OPTIONS_RUN | OPTIONS_STATE},
    {"exec", command_exec, "Run one command under a policy", "-- COMMAND [ARGUMENT...]",
     "The command runs as the user who called sudo, in a cgroup of its own, with no inherited sockets. Its exit code "
     "comes back; what was denied is listed on standard error.",
     "Examples:\n"
     "  egret exec --policy list.rules -- npm ci\n"
     "  egret exec --policy list.rules --audit --report denied.json -- make\n\n"
     "Exit codes:\n"
     "  the command's own, or 128 + the signal that ended it\n"
     "  125  Egret itself failed\n"
     "  126, 127  the command cannot be run, was not found",
     OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_AGENT | OPTIONS_COMMAND},
    {"check", command_check, "Parse and validate rules files, and print their normal form", "FILE...",
     "With --resolve DNS is asked for the names.",
     "Examples:\n"
     "  egret check policy.rules\n"
     "  egret check --strict --resolve policy.rules\n"
     "  egret check --json policy.rules | jq '.findings[]'\n\n"
     "Exit codes:\n"
     "  0  the policy can be used\n"
     "  1  with --strict: there is a warning, or --resolve finds something wrong\n"
     "  2  it has an error, or the words are wrong",
     OPTIONS_POLICY | OPTIONS_OUTPUT | OPTIONS_CHECK},
    {"explain", command_explain, "Would it pass, by which rule, or why not",
     "DESTINATION PROTOCOL:PORT [for SUBJECT] | NUMBER",
     "DESTINATION is an address or a name; SUBJECT is host, pods, hostnetwork, a cgroup's path, `pod NAMESPACE/NAME` "
     "(or its workload, and :CONTAINER behind it) or `pid NUMBER`. With --policy the files are asked, else what runs: "
     "a name is resolved, and each of its addresses judged; of one pod, process or cgroup, by what it was answered "
     "itself. A NUMBER alone is a row of `egret drops`: all of that row, and what is said of the same now. -o wide "
     "shows the whole way to each answer.",
     "Examples:\n"
     "  egret explain mcr.microsoft.com tcp:443 for pods\n"
     "  egret explain 10.99.0.4 tcp:443 for pod shop/web-0\n"
     "  egret explain 4711\n"
     "  egret explain --policy policy.rules a.example tcp:443\n\n"
     "Exit codes:\n"
     "  0  all of it passes; of a name, for no one subject: for who has asked for it\n"
     "  1  it does not; also of one subject that has not asked for the name yet\n"
     "  2  wrong words, or a policy with errors\n"
     "  " LOOKING_CODES ", or no row with that number",
     OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_OUTPUT},
    {"status", command_status, "What runs: mode, policy, hooks, names, totals", "",
     "Works when no agent runs. --live and --ready are for probes: one line, and exit code 0 or 1.",
     "Examples:\n"
     "  egret status\n"
     "  egret status --ready && echo in force\n"
     "  egret status -o json | jq .packets\n\n"
     "Exit codes:\n"
     "  0  all is well\n"
     "  1  there is a PROBLEM, or no agent; --live, --ready: it is not\n"
     "  " LOOKING_CODES,
     OPTIONS_STATE | OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_STATUS},
    {"rules", command_rules, "Each rule with what it let through", "",
     "In as many columns as the terminal has, else 80: * stands for what is cut out. Works when no agent runs.",
     "Examples:\n"
     "  egret rules\n"
     "  egret rules --since 1h\n"
     "  egret rules --unused 90d\n\n"
     "Exit codes:\n"
     "  0  it was shown\n"
     "  " LOOKING_CODES,
     OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_SINCE | OPTIONS_UNUSED},
    {"learned", command_learned, "Addresses that DNS answers taught, for whom, and how long they are good", "",
     "In as many columns as the terminal has, else 80: * stands for what is cut out. Works when no agent runs.",
     "Examples:\n"
     "  egret learned --pod shop/web\n"
     "  egret learned --name '*.blob.core.windows.net'\n\n"
     "Exit codes:\n"
     "  0  it was shown\n"
     "  " LOOKING_CODES,
     OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_WHOM},
    {"drops", command_drops, "What was denied, to whom and why, newest first", "",
     "One line for what a person cannot tell apart, in as many columns as the terminal has, else 80: * stands for what "
     "is cut out, and -o wide shows each row whole. --follow shows new denials as they happen; --clear takes all "
     "rows away. Works when no agent runs.",
     "Examples:\n"
     "  egret drops --since 15m --pod shop/web\n"
     "  egret drops --by workload --sort count --limit 20\n"
     "  egret drops --reason port,class -o wide\n"
     "  egret drops --follow --namespace shop\n"
     "  egret drops -o jsonl | jq -r .suggestion\n\n"
     "Exit codes:\n"
     "  0  it was shown, also where nothing was denied\n"
     "  2  wrong words\n"
     "  " LOOKING_CODES ", or --follow saw it go",
     OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_FOLLOW | OPTIONS_SINCE | OPTIONS_WHOM | OPTIONS_ROWS},
    {"suggest", command_suggest, "The lines of a policy that would let through what was denied", "",
     "Each line once, and behind it who asked for it and how often; all else is a comment. What the policy lets "
     "through by now is left out. An address stands where no name is known. Works when no agent runs.",
     "Examples:\n"
     "  egret suggest --pod shop/web\n"
     "  egret suggest --since 1h --wildcards\n"
     "  egret suggest --namespace shop >shop.rules && egret check shop.rules\n\n"
     "Exit codes:\n"
     "  0  it was shown, also where there is no line\n"
     "  2  wrong words\n"
     "  " LOOKING_CODES,
     OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_SINCE | OPTIONS_WHOM | OPTIONS_WILDCARDS},
    {"serve", command_serve, "A page for people, metrics and health, by HTTP", "",
     "On the loopback a page at /: who is denied what and why, with the line to write. /metrics, /livez and /readyz of "
     "the instance, and /healthz of itself. It can change nothing: it runs as a user "
     "of group egret-view, which the agent lets read the maps, with CAP_BPF alone, and has no system call that writes. "
     "Started as root, it becomes that user. Works when no agent runs.",
     "Examples:\n"
     "  egret serve                             then http://127.0.0.1:9964/ in a browser\n"
     "  egret serve --listen 127.0.0.1:9964,10.0.0.4:9964\n\n"
     "Exit codes:\n"
     "  0  it was told to end\n"
     "  2  wrong words\n"
     "  3  there is no group egret-view, or an address cannot be had",
     OPTIONS_INSTANCE | OPTIONS_SERVE},
    {"detach", command_detach, "Take an instance down: nothing is governed any more", "",
     "What `egret run` made leaves a mark, by which no agent attaches it again before `egret attach`, or before the "
     "policy's text is another one; an agent that lives stands by. With --all every instance but those of running "
     "`egret exec` is taken down, and no mark and no file is left: an agent that is started anew attaches again.",
     "Examples:\n"
     "  egret detach\n"
     "  egret detach --all\n\n"
     "Exit codes:\n"
     "  0  it is open\n"
     "  " LOOKING_CODES,
     OPTIONS_INSTANCE | OPTIONS_STATE | OPTIONS_DETACH},
    {"attach", command_attach, "Take the mark of detach away: the agent attaches again", "",
     "An agent that stands by attaches at once, else the next one does. It is a first attach: connections that began "
     "meanwhile go on, where the policy does not say `set existing = cut`.",
     "Examples:\n"
     "  egret attach\n"
     "  egret attach --cut\n\n"
     "Exit codes:\n"
     "  0  the mark is gone\n"
     "  3  no permission\n"
     "  4  it was not opened by `egret detach`",
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

/* Of 0 to 2, one that is closed would be the next thing that is opened: what is meant for a person would be written
 * to it. */
static void open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* A script that keeps what it was shown hears of a full disk by the exit code. */
static int code_if_written(int code)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	fprintf(stderr, "egret: not all could be written to standard output: %s\n", strerror(errno ? errno : EIO));
	return EXIT_CANNOT;
}

/* What a start or a reload took is given back to the kernel as soon as it is free: until a threshold is set, glibc
 * raises its own with each large block that is freed, and keeps that much (mallopt(3)). */
static void keep_no_free_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}

int main(int argc, char **argv)
{
	static const char *const for_help[] = {"--help", "-h", "help", NULL};
	static const char *const for_version[] = {"--version", "-V", "version", NULL};
	const struct command *command;

	keep_no_free_memory();
	open_standard_streams();
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (is_one_of(argv[1], for_help))
		return code_if_written(help(argv[2]));
	if (is_one_of(argv[1], for_version)) {
		puts("egret " EGRET_VERSION);
		return code_if_written(EXIT_YES);
	}
	command = find_command(argv[1]);
	return command ? code_if_written(command->run(command, argc - 1, argv + 1)) : no_command(argv[1]);
}
