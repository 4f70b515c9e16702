/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the commands share. Each command is one file with one function; main.c
 * holds the table.
 */
#ifndef EGRET_COMMAND_H
#define EGRET_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "../agent/agent.h"
#include "../base/error.h"
#include "../policy/policy.h"
#include "../view/rows.h"

enum exit_code {
	EXIT_YES = 0,
	EXIT_NO = 1,          /* explain: denied; check: warnings with --strict; status: something is wrong */
	EXIT_USAGE = 2,       /* wrong words, or a policy with errors */
	EXIT_CANNOT = 3,      /* no permission, kernel too old, something is missing */
	EXIT_NOT_RUNNING = 4, /* no such instance */
	EXIT_BUSY = 5,        /* the instance is somebody else's */
	/* exec keeps the command's own code; its failures are those of env(1) and timeout(1) */
	EXIT_EXEC_FAILED = 125,
	EXIT_EXEC_CANNOT_RUN = 126,
	EXIT_EXEC_NOT_FOUND = 127,
};

#define MAX_POLICIES 64
#define MAX_DEFINES  256

struct command {
	const char *name;
	int (*run)(const struct command *command, int argc, char **argv);
	const char *summary;
	const char *arguments; /* as --help shows them */
	const char *help;      /* what stands below */
	const char *examples;  /* a line each, then what the exit codes mean; NULL = none */
	unsigned int groups;
};

/* Every option of every command; the environment (EGRET_...) gives the defaults. */
struct options {
	const struct command *command;
	const char *policies[MAX_POLICIES];
	size_t policy_count;
	struct policy_define defines[MAX_DEFINES];
	size_t define_count;
	const char *rules_path, *cgroup, *instance, *state, *fallback;
	const char *user, *report, *caller; /* exec */
	const char *listen, *ocsf;
	const char *pod, *namespace, *name, *reason; /* of which rows; NULL = of all */
	time_t since, unused;                        /* 0 = whenever it was */
	enum row_order sort;
	unsigned int limit;          /* 0 = none */
	bool json, json_lines, wide; /* jsonl: the first two */
	bool by_workload, wildcards;
	bool audit, detach_on_exit, json_log, follow, clear, strict, resolve, live, ready, all, wait, cut, once,
	    as_root;
	bool policy_given, instance_given;
	unsigned int resolve_inflight, resolve_rate, probation_sec;
	char **arguments; /* what is no option, ends with NULL */
	size_t argument_count;
};

/* Options by what they are about; a command takes the groups that it needs. */
enum option_group {
	OPTIONS_POLICY = 1 << 0,     /* --policy --define --rules-path */
	OPTIONS_INSTANCE = 1 << 1,   /* --instance */
	OPTIONS_OUTPUT = 1 << 2,     /* -o --json */
	OPTIONS_AGENT = 1 << 3,      /* --audit --resolve-inflight --resolve-rate */
	OPTIONS_RUN = 1 << 4,        /* --cgroup --detach-on-exit --log-format --ocsf */
	OPTIONS_FOLLOW = 1 << 5,     /* --follow --clear */
	OPTIONS_CHECK = 1 << 6,      /* --strict; the words are rules files */
	OPTIONS_STATUS = 1 << 8,     /* --live --ready */
	OPTIONS_STATE = 1 << 9,      /* --state */
	OPTIONS_DETACH = 1 << 10,    /* --all --wait */
	OPTIONS_ATTACH = 1 << 11,    /* --cut */
	OPTIONS_SINCE = 1 << 12,     /* --since */
	OPTIONS_WHOM = 1 << 13,      /* --pod --namespace --name */
	OPTIONS_ROWS = 1 << 14,      /* --reason --by --sort --limit */
	OPTIONS_WILDCARDS = 1 << 15, /* --wildcards */
	OPTIONS_SERVE = 1 << 16,     /* --listen */
	OPTIONS_UNUSED = 1 << 18,    /* --unused */
	OPTIONS_COMMAND = 1 << 7,    /* --cgroup; the words are a command with its own options */
};

/* Parses the command's words into @ret. Ends the program with EXIT_USAGE, and a sentence,
 * where they are wrong, and with 0 after --help. Stops at the first argument for exec. */
void options_parse(const struct command *command, int argc, char **argv, struct options *ret);
void options_of_policy(const struct options *options, struct policy_options *ret);

/* One line, "egret: ...", and the exit code that fits the errno. */
int fail(int rc, const struct error *error);
/* The same for a look at what runs: an instance that is open or off is not to be started, but understood. */
int fail_to_look(const struct options *options, int rc, const struct error *error);

/* The same for a command whose --json holds errors, too. */
int fail_to_answer(const struct options *options, int rc, const struct error *error);
/* A policy that cannot be used: what @diag says of it, as text or, with --json, as JSON. */
int fail_by_findings(const struct options *options, int rc, const struct diag *diag);

/* Loads and compiles what --policy names, with no addresses for its names: enough to judge by. A negative
 * errno: fail_by_findings. A policy that is off is not compiled: NULL. */
struct compiled;
int load_offline(const struct options *options, struct policy **ret_policy, struct compiled **ret_compiled,
		 struct diag *diag);

/* An `exec` without --instance is instance exec-PID, in a cgroup of this name below its caller's. */
#define EXEC_INSTANCE_PREFIX "exec-"
#define EXEC_CGROUP_PREFIX   "egret-"
/* Takes down each of these that nobody holds and whose command has ended. */
void collect_finished(void);

int command_run(const struct command *command, int argc, char **argv);
int command_exec(const struct command *command, int argc, char **argv);
int command_check(const struct command *command, int argc, char **argv);
int command_explain(const struct command *command, int argc, char **argv);
int command_status(const struct command *command, int argc, char **argv);
int command_rules(const struct command *command, int argc, char **argv);
int command_learned(const struct command *command, int argc, char **argv);
int command_drops(const struct command *command, int argc, char **argv);
int command_suggest(const struct command *command, int argc, char **argv);
int command_serve(const struct command *command, int argc, char **argv);
int command_attach(const struct command *command, int argc, char **argv);
int command_detach(const struct command *command, int argc, char **argv);

#endif
