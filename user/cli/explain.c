// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret explain: would it pass, by which rule, or for what reason not. */
#include "command.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../compile/compile.h"
#include "../kernel/kernel.h"
#include "../subject/classes.h"
#include "reason.h"
#include "table.h"

struct question {
	const char *destination, *subject;
	bool is_name;
	char *name;
	struct egret_addr addr;
	struct policy_port port;
};

struct answer {
	struct judgement judgement;
	struct egret_rule_text text; /* of the rule, if there is one */
	char note[256];
};

static int read_port(const char *text, struct policy_port *ret)
{
	if (policy_port_parse(text, ret))
		return -EINVAL;
	/* A question is about one port. */
	return ret->l4_proto != EGRET_L4_ANY && (ret->l4_proto == IPPROTO_ICMP || ret->lo == ret->hi) ? 0 : -EINVAL;
}

static int read_question(const struct options *options, struct question *ret, struct error *error)
{
	char *const *words = options->arguments;
	const char *why = "";

	memset(ret, 0, sizeof(*ret));
	if (options->argument_count != 2 && !(options->argument_count == 4 && !strcmp(words[2], "for")))
		return error_set(error, -EINVAL, "ask like this: egret explain mcr.microsoft.com tcp:443 [for pods]");
	ret->destination = words[0];
	ret->subject = options->argument_count == 4 ? words[3] : NULL;
	if (read_port(words[1], &ret->port))
		return error_set(error, -EINVAL, "\"%s\" is no protocol and port; write tcp:443, udp:53 or icmp",
				 words[1]);
	if (!addr_parse(words[0], &ret->addr))
		return 0;
	ret->is_name = true;
	if (policy_name_normalise(words[0], strlen(words[0]), &ret->name, &why))
		return error_set(error, -EINVAL, "\"%s\" is neither an address nor a name: %s", words[0], why);
	return 0;
}

/* Without a subject the answer is for the host, which every node has. */
static uint32_t classes_of(const char *subject, const struct compiled *compiled)
{
	if (!subject || !strcmp(subject, "host"))
		return EGRET_CLASS_HOST;
	if (!strcmp(subject, "pods"))
		return EGRET_CLASS_PODS;
	return classes_of_path(subject, compiled ? (const char *const *)compiled->cgroups : NULL,
			       compiled ? compiled->cgroup_count : 0);
}

static int ask_files(const struct options *options, const struct question *question, struct answer *ret)
{
	struct compiled *compiled;
	struct policy *policy;
	uint32_t classes;
	int rc = load_offline(options, false, &policy, &compiled);

	if (rc)
		return rc;
	classes = classes_of(question->subject, compiled);
	if (question->is_name)
		ret->judgement =
		    compiled_judge_name(compiled, question->name, question->port.l4_proto, question->port.lo, classes);
	else
		ret->judgement =
		    compiled_judge_addr(compiled, &question->addr, question->port.l4_proto, question->port.lo, classes);
	if (ret->judgement.rule >= EGRET_RULE_FIRST)
		ret->text = compiled->texts[ret->judgement.rule - EGRET_RULE_FIRST];
	if (question->is_name)
		snprintf(ret->note, sizeof(ret->note),
			 "asked of the files alone: addresses and CIDR rules are not looked at");
	compiled_free(compiled);
	policy_free(policy);
	return EXIT_YES;
}

static int ask_kernel(const struct options *options, const struct question *question, struct answer *ret)
{
	struct kernel *kernel;
	struct error error;
	int rc;

	if (question->is_name) {
		error_set(&error, -EINVAL, "what runs is asked by address; for a name, name the files: --policy FILE");
		return fail(-EINVAL, &error);
	}
	rc = kernel_open(options->instance, &kernel, &error);
	if (rc)
		return fail(rc, &error);
	rc = kernel_judge(kernel, &question->addr, question->port.l4_proto, question->port.lo,
			  classes_of(question->subject, NULL), &ret->judgement);
	if (!rc && ret->judgement.rule >= EGRET_RULE_FIRST)
		kernel_get_text(kernel, ret->judgement.rule, &ret->text);
	if (!rc && kernel_config(kernel)->audit)
		snprintf(ret->note, sizeof(ret->note), "the instance only audits: everything passes");
	kernel_free(kernel);
	if (!rc)
		return EXIT_YES;
	error_set(&error, rc, "cannot read instance %s: %s", options->instance, strerror(-rc));
	return fail(rc, &error);
}

static void print_answer(const struct question *question, const struct answer *answer, bool json)
{
	const struct judgement *judgement = &answer->judgement;
	char port[24];

	policy_port_format(&question->port, port);
	if (json) {
		json_print(json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:i}", "destination", question->destination,
				     "port", port, "allowed", judgement->allow, "reason",
				     reason_label(judgement->reason), "rule", answer->text.text, "purpose",
				     answer->text.purpose, "file", answer->text.file, "line", (int)answer->text.line));
		return;
	}
	printf("%s %s: %s", question->destination, port, judgement->allow ? "allowed" : "denied");
	if (!judgement->allow)
		printf(": %s", reason_sentence(judgement->reason));
	putchar('\n');
	if (answer->text.text[0])
		printf("  by %s:%u: %s%s%s\n", answer->text.file, answer->text.line, answer->text.text,
		       answer->text.purpose[0] ? "   # " : "", answer->text.purpose);
	if (answer->note[0])
		printf("  (%s)\n", answer->note);
}

int command_explain(const struct command *command, int argc, char **argv)
{
	struct question question;
	struct answer answer = {};
	struct options options;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = read_question(&options, &question, &error);
	if (rc)
		return fail(rc, &error);
	rc = options.policy_count ? ask_files(&options, &question, &answer) : ask_kernel(&options, &question, &answer);
	if (rc == EXIT_YES) {
		print_answer(&question, &answer, options.json);
		rc = answer.judgement.allow ? EXIT_YES : EXIT_NO;
	}
	free(question.name);
	return rc;
}
