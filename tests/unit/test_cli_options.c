// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The words of a command line and the environment behind them: what they mean, and how wrong ones are refused. */
/* Before cmocka.h, which has a macro of the name fail. */
#include "cli/command.h"

#include "said.h"

static const struct command run = {
    .name = "run",
    .summary = "Govern",
    .arguments = "",
    .help = "",
    .groups = OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_AGENT | OPTIONS_RUN | OPTIONS_STATE,
};
static const struct command check = {
    .name = "check",
    .summary = "Check",
    .arguments = "FILE...",
    .help = "",
    .groups = OPTIONS_POLICY | OPTIONS_OUTPUT | OPTIONS_CHECK,
};
static const struct command status = {
    .name = "status",
    .summary = "Status",
    .arguments = "",
    .help = "",
    .groups = OPTIONS_STATE | OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_STATUS,
};
static const struct command execute = {
    .name = "exec",
    .summary = "Run",
    .arguments = "-- COMMAND [ARGUMENT...]",
    .help = "",
    .groups = OPTIONS_POLICY | OPTIONS_INSTANCE | OPTIONS_AGENT | OPTIONS_COMMAND,
};

#define MAX_WORDS 300

struct call {
	const struct command *command;
	const char *environment; /* "NAME=VALUE", a line each */
	const char *words;       /* "\1" is an empty word */
};

static void set_environment(const char *lines)
{
	static char copy[4096];
	char *save = NULL;

	clearenv();
	putenv("PATH=/usr/bin:/bin");
	snprintf(copy, sizeof(copy), "%s", lines ? lines : "");
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		putenv(line);
}

static int split(const char *words, char **ret)
{
	static char copy[8192];
	char *save = NULL;
	int count = 1;

	ret[0] = "egret";
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &save); word && count < MAX_WORDS; word = strtok_r(NULL, " ", &save))
		ret[count++] = *word == '\1' ? "" : word;
	ret[count] = NULL;
	return count;
}

static void print_number(const char *name, unsigned int number)
{
	if (number)
		printf("%s %u\n", name, number);
}

static void print_flag(const char *name, bool flag)
{
	if (flag)
		puts(name);
}

/* What is as it is without any word is left out. */
static void parse_and_print(void *context)
{
	static struct options options;
	static char *words[MAX_WORDS + 1];
	const struct call *call = context;

	set_environment(call->environment);
	options_parse(call->command, split(call->words, words), words, &options);
	for (size_t i = 0; i < options.policy_count; i++)
		printf("policy %s\n", options.policies[i]);
	for (size_t i = 0; i < options.define_count; i++)
		printf("define %s = %s\n", options.defines[i].name, options.defines[i].value);
	if (strcmp(options.instance, "node") != 0)
		printf("instance %s\n", options.instance);
	if (options.cgroup)
		printf("cgroup %s\n", options.cgroup);
	print_flag("audit", options.audit);
	print_flag("strict", options.strict);
	print_flag("as root", options.as_root);
	print_number("probation", options.probation_sec);
	print_number("inflight", options.resolve_inflight);
	print_number("rate", options.resolve_rate);
	for (size_t i = 0; i < options.argument_count; i++)
		printf("argument %s\n", options.arguments[i]);
}

static void parse(const struct command *command, const char *environment, const char *words, struct said *ret)
{
	struct call call = {command, environment, words};

	said_by(parse_and_print, &call, ret);
}

static void a_variable_stands_in_for_its_option(void **state)
{
	struct said said;

	(void)state;
	parse(&run,
	      "EGRET_POLICY=a.rules\nEGRET_INSTANCE=east\nEGRET_CGROUP=/sys/fs/cgroup/x\nEGRET_AUDIT=yes\n"
	      "EGRET_PROBATION=2m\nEGRET_RESOLVE_RATE=50",
	      "", &said);
	assert_int_equal(said.code, 0);
	assert_says_all(&said,
			"policy a.rules\ninstance east\ncgroup /sys/fs/cgroup/x\naudit\nprobation 120\nrate 50\n");
	parse(&run, "EGRET_AUDIT=0", "", &said);
	assert_says_all(&said, "");
}

static void the_command_line_goes_over_the_environment(void **state)
{
	struct said said;

	(void)state;
	parse(&run, "EGRET_POLICY=a.rules\nEGRET_INSTANCE=east\nEGRET_PROBATION=2m",
	      "-p b.rules --policy=c.rules --instance west --probation 1h", &said);
	assert_says_all(&said, "policy b.rules\npolicy c.rules\ninstance west\nprobation 3600\n");
}

/* Of the environment's definitions only those that the command line has, too. */
static void a_definition_replaces_the_one_of_its_name(void **state)
{
	struct said said;

	(void)state;
	parse(&run, "EGRET_DEFINE= location=eastus ;; tier = a b;list=", "-D location=westeurope -D loc=x", &said);
	assert_says_all(&said, "define location = westeurope\ndefine tier  =  a b\ndefine list = \ndefine loc = x\n");
	parse(&run, NULL, "-D a=1 -D a=2", &said);
	assert_says_all(&said, "define a = 1\ndefine a = 2\n");
}

/* What the one refuses, the other refuses, in the same words. */
static void wrong_words_are_refused_in_a_sentence(void **state)
{
	static const struct {
		const char *option, *variable, *value, *sentence;
	} cases[] = {
	    {"probation", "EGRET_PROBATION", "2min", "\"2min\" is no time from 1 s to 168 h; write 90, 2m or 1h"},
	    {"probation", "EGRET_PROBATION", "0", "\"0\" is no time from 1 s to 168 h; write 90, 2m or 1h"},
	    {"probation", "EGRET_PROBATION", "169h", "\"169h\" is no time from 1 s to 168 h; write 90, 2m or 1h"},
	    {"resolve-rate", "EGRET_RESOLVE_RATE", "1000001", "\"1000001\" is no number from 1 to 1000000"},
	    {"resolve-rate", "EGRET_RESOLVE_RATE", "-5", "\"-5\" is no number from 1 to 1000000"},
	    {"resolve-inflight", NULL, "0", "\"0\" is no number from 1 to 65535"},
	    {"audit", "EGRET_AUDIT", "perhaps",
	     "\"perhaps\" is neither on nor off; write 1, true, yes, on, or 0, false, no, off"},
	    {"state", "EGRET_STATE", "var/lib", "\"var/lib\" is no path from / on"},
	    {"define", "EGRET_DEFINE", "eastus", "\"eastus\" is no definition; write NAME=VALUE"},
	    {"define", "EGRET_DEFINE", "=eastus", "\"=eastus\" is no definition; write NAME=VALUE"},
	    {"policy", "EGRET_POLICY", "", "is empty; name a rules file"},
	    {"cgroup", "EGRET_CGROUP", "", "is empty; give it a value, or leave it out"},
	    {"instance", "EGRET_INSTANCE", "", "is empty; give it a value, or leave it out"},
	};
	char words[128], expected[256];
	struct said said;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(words, sizeof(words), "--%s=%s", cases[i].option, cases[i].value);
		snprintf(expected, sizeof(expected), "egret run: --%s %s\n", cases[i].option, cases[i].sentence);
		if (strcmp(cases[i].option, "audit") != 0) { /* takes no value there */
			parse(&run, NULL, words, &said);
			assert_int_equal(said.code, EXIT_USAGE);
			assert_says(&said, expected);
		}
		if (!cases[i].variable)
			continue;
		snprintf(words, sizeof(words), "%s=%s", cases[i].variable, cases[i].value);
		snprintf(expected, sizeof(expected), "egret run: %s %s\n", cases[i].variable, cases[i].sentence);
		parse(&run, words, "", &said);
		assert_int_equal(said.code, EXIT_USAGE);
		assert_says(&said, expected);
	}
}

static void the_first_wrong_variable_is_told_and_help_always_answers(void **state)
{
	const char *environment = "EGRET_PROBATION=2min\nEGRET_AUDIT=perhaps";
	struct said said;

	(void)state;
	parse(&run, environment, "", &said);
	assert_says(&said, "EGRET_AUDIT \"perhaps\"");
	assert_says_not(&said, "2min");
	parse(&run, environment, "--help", &said);
	assert_int_equal(said.code, 0);
	assert_says(&said, "Usage: egret run");
	/* Another command does not read it. */
	parse(&status, environment, "", &said);
	assert_int_equal(said.code, 0);
}

static void what_a_terminal_would_obey_is_not_printed(void **state)
{
	struct said said;

	(void)state;
	parse(&run, "EGRET_PROBATION=\033[2J", "", &said);
	assert_int_equal(said.code, EXIT_USAGE);
	assert_null(strchr(said.text, '\033'));
}

/* The kubelet sets EGRET_PORT and the like for a service of the name egret. */
static void a_variable_that_is_misspelt_is_refused(void **state)
{
	struct said said;

	(void)state;
	parse(&run, "EGRET_POLICI=a.rules", "", &said);
	assert_int_equal(said.code, EXIT_USAGE);
	assert_says(&said, "egret run: the environment has EGRET_POLICI, which Egret does not read; did you mean "
			   "EGRET_POLICY?");
	parse(&run, "EGRET_PORT=tcp://10.0.0.1:80\nEGRET_SERVICE_HOST=10.0.0.1\nEGRETS=1\nREGRET_POLICI=1", "", &said);
	assert_int_equal(said.code, 0);
	parse(&status, "EGRET_POLICI=a.rules", "", &said);
	assert_int_equal(said.code, 0);
}

static void what_stands_behind_a_command_is_its_own(void **state)
{
	struct said said;

	(void)state;
	parse(&execute, NULL, "-p a.rules curl -p x --instance y", &said);
	assert_says_all(&said,
			"policy a.rules\nargument curl\nargument -p\nargument x\nargument --instance\nargument y\n");
	parse(&execute, NULL, "-p a.rules -- --odd", &said);
	assert_says_all(&said, "policy a.rules\nargument --odd\n");
	/* As env(1) and timeout(1): 2 is for the command itself. */
	parse(&execute, NULL, "--nonsense", &said);
	assert_int_equal(said.code, EXIT_EXEC_FAILED);
}

/* EGRET_INSTANCE names the exec that this one runs under, and is not what this one is to be. */
static void an_exec_below_another_one_has_its_own_instance(void **state)
{
	struct said said;

	(void)state;
	parse(&execute, "EGRET=1\nEGRET_INSTANCE=exec-77", "true", &said);
	assert_says_all(&said, "argument true\n");
	parse(&execute, "EGRET_INSTANCE=exec-77", "true", &said);
	assert_says_all(&said, "instance exec-77\nargument true\n");
	parse(&status, "EGRET=1\nEGRET_INSTANCE=exec-77", "", &said);
	assert_says_all(&said, "instance exec-77\n");
}

static void words_are_files_for_check_and_too_many_elsewhere(void **state)
{
	struct said said;

	(void)state;
	parse(&check, "EGRET_POLICY=env.rules", "a.rules b.rules --strict", &said);
	assert_says_all(&said, "policy a.rules\npolicy b.rules\nstrict\n");
	parse(&run, NULL, "a.rules", &said);
	assert_int_equal(said.code, EXIT_USAGE);
	assert_says(&said, "egret run: \"a.rules\" is one word too many");
}

static void over_a_limit_is_refused(void **state)
{
	static char words[8192];
	struct said said;
	size_t len = 0;

	(void)state;
	for (int i = 0; i <= MAX_POLICIES; i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%d.rules ", i);
	parse(&check, NULL, words, &said);
	assert_int_equal(said.code, EXIT_USAGE);
	assert_says(&said, "--policy is given for more than 64 rules files; let one `use` the others");
	len = 0;
	for (int i = 0; i <= MAX_DEFINES; i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "-Dv%d=1 ", i);
	parse(&check, NULL, words, &said);
	assert_int_equal(said.code, EXIT_USAGE);
	assert_says(&said, "--define is more than 256 definitions; put them into a rules file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_variable_stands_in_for_its_option),
	    cmocka_unit_test(the_command_line_goes_over_the_environment),
	    cmocka_unit_test(a_definition_replaces_the_one_of_its_name),
	    cmocka_unit_test(wrong_words_are_refused_in_a_sentence),
	    cmocka_unit_test(the_first_wrong_variable_is_told_and_help_always_answers),
	    cmocka_unit_test(what_a_terminal_would_obey_is_not_printed),
	    cmocka_unit_test(a_variable_that_is_misspelt_is_refused),
	    cmocka_unit_test(what_stands_behind_a_command_is_its_own),
	    cmocka_unit_test(an_exec_below_another_one_has_its_own_instance),
	    cmocka_unit_test(words_are_files_for_check_and_too_many_elsewhere),
	    cmocka_unit_test(over_a_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
