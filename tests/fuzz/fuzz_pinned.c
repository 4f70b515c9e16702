// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the pinned maps hold may come from another version, or from somebody who meddled:
 * every view must still end, read nothing beyond what it was given, send no control bytes
 * to a terminal, and hide no row.
 *
 * Input: a byte that says which view, then the records of fake.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <jansson.h>

#include "agent/culprits.h"
#include "agent/hits.h"
#include "agent/meta.h"
#include "cli/command.h"
#include "cli/summary.h"
#include "fake.h"
#include "kernel/read_open.h"

enum view {
	VIEW_STATUS,
	VIEW_RULES,
	VIEW_DROPS,
	VIEW_FOLLOW,
	VIEW_EXPLAIN,
	VIEW_SUMMARY,
	VIEW_COLLECT,
	VIEW_AGENT,
	VIEWS
};

#define VIEW_MASK 0x1f
#define VIEW_JSON 0x80
#define MAX_WORDS 8

static FILE *real_stdout, *real_stderr;

/* What a view wrote to either stream. */
struct output {
	char *out, *err;
	size_t out_len, err_len;
};

static void capture(struct output *output)
{
	stdout = open_memstream(&output->out, &output->out_len);
	stderr = open_memstream(&output->err, &output->err_len);
	if (!stdout || !stderr)
		abort();
}

static void release(void)
{
	fclose(stdout);
	fclose(stderr);
	stdout = real_stdout;
	stderr = real_stderr;
}

_Noreturn static void broken(const char *what, const char *text)
{
	fprintf(stderr, "fuzz_pinned.c: %s:\n%s\n", what, text);
	abort();
}

/* C0, DEL, and C1 in UTF-8 (U+0080..9F). */
static bool is_control(const unsigned char *at, size_t left)
{
	return (at[0] < ' ' && at[0] != '\n') || at[0] == 0x7f ||
	       (left > 1 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

static void check_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_control((const unsigned char *)text + i, len - i))
			broken("a control byte reaches the terminal", text);
}

/* What a program reads must be there in full, whatever the maps hold. */
static void check_json(enum view view, const struct output *output)
{
	json_t *value = json_loadb(output->out, output->out_len, 0, NULL);

	if (!value)
		broken("this is no JSON", output->out_len ? output->out : "(nothing)");
	if (view == VIEW_STATUS && !json_object_get(value, "mode"))
		broken("status without a mode", output->out);
	if (view == VIEW_DROPS && json_array_size(value) != fake_drops())
		broken("drops hides a row", output->out);
	if (view == VIEW_RULES && json_array_size(value) < fake_texts())
		broken("rules hides a row", output->out);
	json_decref(value);
}

/* --- views --- */

static int run_command(const struct command *command, const char *const *words, bool json)
{
	static char json_word[] = "--json";
	char *argv[MAX_WORDS + 2];
	int argc = 0;

	for (; words[argc]; argc++)
		argv[argc] = (char *)words[argc];
	if (json)
		argv[argc++] = json_word;
	argv[argc] = NULL;
	return command->run(command, argc, argv);
}

static const struct command status_command = {.name = "status",
					      .run = command_status,
					      .summary = "",
					      .arguments = "",
					      .help = "",
					      .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT};
static const struct command rules_command = {.name = "rules",
					     .run = command_rules,
					     .summary = "",
					     .arguments = "",
					     .help = "",
					     .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT};
static const struct command drops_command = {.name = "drops",
					     .run = command_drops,
					     .summary = "",
					     .arguments = "",
					     .help = "",
					     .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_FOLLOW};
static const struct command explain_command = {.name = "explain",
					       .run = command_explain,
					       .summary = "",
					       .arguments = "WORDS",
					       .help = "",
					       .groups = OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_OUTPUT};

static const char *const questions[][MAX_WORDS] = {
    {"explain", "20.0.0.1", "tcp:443"},
    {"explain", "20.0.0.1", "udp:53", "for", "pods"},
    {"explain", "2603:1000::1", "icmp", "for", "/a.slice/b.service"},
    {"explain", "20.0.0.1", "sctp:3868", "for", "/kubepods/besteffort/pod0aa"},
};

static void see_summary(void)
{
	const struct kernel *kernel;
	struct error error;

	if (kernel_open("fuzz", &kernel, &error))
		return;
	summary_print(kernel);
	kernel_close(kernel);
}

static struct compiled *compiled_once(void)
{
	static const char text[] = "allow a.example tcp:443 # a purpose\nallow *.b.example udp:1\n";
	static struct policy *policy;
	static struct compiled *compiled;
	struct compile_input input = {.generation = 1};
	struct diag diag = {0};

	if (compiled)
		return compiled;
	if (policy_load_text("fuzz.rules", text, sizeof(text) - 1, NULL, &policy, &diag))
		abort();
	input.policy = policy;
	if (compile_policy(&input, &compiled, &diag))
		abort();
	diag_clear(&diag);
	return compiled;
}

/* An agent that takes over goes on with what its predecessor left. */
static void agent_reads(void)
{
	struct agent_options options = {.instance = "fuzz", .cgroup = "/", .cgroup_fd = -1};
	struct resolver_name name = {.name = "a.example", .state = RESOLVER_STALE};
	struct culprits culprits = {0};
	struct diag diag = {0};
	struct kernel *kernel;
	struct error error;

	if (open_pinned("fuzz", PROT_READ | PROT_WRITE, &kernel, &error))
		return;
	meta_beat(kernel);
	hits_refresh(kernel, true);
	culprits_refresh(&culprits, kernel);
	meta_write_name(kernel, compiled_once(), &name);
	meta_write(kernel, &options, compiled_once(), &diag, true, "");
	handle_free(kernel);
}

/* The exit code, or -1 of what is no command. */
static int see(enum view view, unsigned int which, bool json)
{
	switch (view) {
	case VIEW_STATUS:
		return run_command(&status_command, (const char *const[]){"status", NULL}, json);
	case VIEW_RULES:
		return run_command(&rules_command, (const char *const[]){"rules", NULL}, json);
	case VIEW_DROPS:
		return run_command(&drops_command, (const char *const[]){"drops", NULL}, json);
	case VIEW_FOLLOW:
		return run_command(&drops_command, (const char *const[]){"drops", "--follow", NULL}, json);
	case VIEW_EXPLAIN:
		return run_command(&explain_command, questions[which], json);
	case VIEW_SUMMARY:
		see_summary();
		return -1;
	case VIEW_COLLECT:
		collect_finished();
		return -1;
	default:
		agent_reads();
		return -1;
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	real_stdout = stdout;
	real_stderr = stderr;
	unsetenv("EGRET_POLICY");
	unsetenv("EGRET_INSTANCE");
	compiled_once();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output output = {0};
	enum view view;
	bool json;
	int code;

	if (!size)
		return 0;
	view = (data[0] & VIEW_MASK) % VIEWS;
	json = data[0] & VIEW_JSON;
	fake_start(data + 1, size - 1);
	capture(&output);
	code = see(view, data[0] >> 5 & 3, json);
	release();
	check_printable(output.err, output.err_len);
	if (!json)
		check_printable(output.out, output.out_len);
	else if (fake_is_whole() && (code == EXIT_YES || code == EXIT_NO))
		check_json(view, &output);
	fake_end();
	free(output.out);
	free(output.err);
	return 0;
}
