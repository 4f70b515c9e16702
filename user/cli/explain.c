// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret explain: would it pass, by which rule, or for what reason not. */
#include "command.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/read.h"
#include "../resolve/lookup.h"
#include "../view/explain.h"
#include "../view/json.h"
#include "../view/reason.h"
#include "egret_reasons.h"
#include "table.h"

static int read_port(const char *text, struct policy_port *ret)
{
	if (policy_port_parse(text, ret))
		return -EINVAL;
	/* A question is about one port. */
	return ret->l4_proto != EGRET_L4_ANY && (ret->l4_proto == IPPROTO_ICMP || ret->lo == ret->hi) ? 0 : -EINVAL;
}

/* An address into @ret_addr, or a name, which is malloc'd. */
static int read_destination(const char *word, struct explain_question *ret, struct egret_addr *ret_addr,
			    struct error *error)
{
	const char *why = "";
	char *name;

	ret->destination = word;
	if (!addr_parse(word, ret_addr)) {
		ret->addrs = ret_addr;
		ret->addr_count = 1;
		return 0;
	}
	if (policy_name_normalise(word, strlen(word), &name, &why))
		return error_set(error, -EINVAL, "\"%s\" is neither an address nor a name: %s", word, why);
	ret->name = name;
	return 0;
}

static int read_question(const struct options *options, struct explain_question *ret, struct egret_addr *ret_addr,
			 struct error *error)
{
	char *const *words = options->arguments;
	size_t count = options->argument_count;
	int rc;

	*ret = (struct explain_question){};
	if (count != 2 && !(count > 3 && !strcmp(words[2], "for")))
		return error_set(error, -EINVAL, "ask like this: egret explain mcr.microsoft.com tcp:443 [for pods]");
	/* Without a subject the answer is for the host, which every node has. */
	rc = count > 3 ? asked_subject_read(words + 3, count - 3, !options->policy_given, &ret->subject, error) : 0;
	if (rc)
		return rc;
	if (read_port(words[1], &ret->port))
		return error_set(error, -EINVAL, "\"%s\" is no protocol and port; write tcp:443, udp:53 or icmp",
				 words[1]);
	return read_destination(words[0], ret, ret_addr, error);
}

/* The files allow the name. Has it addresses now that it may not bring in? */
static json_t *ask_for_addresses(struct compiled *compiled, const struct explain_question *question, json_t *view)
{
	struct explain_question more = *question;
	struct egret_addr *addrs = NULL;
	struct error ignored;

	if (!question->name || !json_flag(view, "allowed") ||
	    lookup_addresses(question->name, &addrs, &more.addr_count, &ignored))
		return view;
	more.addrs = addrs;
	json_decref(view);
	view = view_explain_files(compiled, &more);
	free(addrs);
	return view;
}

static int ask_files(const struct options *options, const struct explain_question *question, json_t **ret)
{
	struct compiled *compiled;
	struct policy *policy;
	struct diag diag = {};
	int rc = load_offline(options, &policy, &compiled, &diag);

	if (rc)
		rc = fail_by_findings(options, rc, &diag);
	diag_clear(&diag);
	if (rc)
		return rc;
	*ret = compiled ? view_explain_files(compiled, question) : view_explain_off(question);
	if (compiled)
		*ret = ask_for_addresses(compiled, question, *ret);
	compiled_free(compiled);
	policy_free(policy);
	return EXIT_YES;
}

/* A name is judged by its addresses, as the kernel does it. */
static int ask_with_addresses(const struct kernel *kernel, const struct options *options,
			      const struct explain_question *question, json_t **ret, struct error *error)
{
	struct explain_question full = *question;
	struct egret_addr *addrs = NULL;
	int rc = question->name ? lookup_addresses(question->name, &addrs, &full.addr_count, error) : 0;

	if (rc)
		return rc;
	full.addrs = addrs ? addrs : question->addrs;
	rc = view_explain_kernel(kernel, &full, ret);
	free(addrs);
	return rc ? error_set(error, rc, "cannot read instance %s: %s", options->instance, strerror(-rc)) : 0;
}

static int ask_kernel(const struct options *options, const struct explain_question *question, json_t **ret)
{
	const struct kernel *kernel;
	struct error error;
	int rc = kernel_open(options->instance, &kernel, &error);

	if (rc)
		return options->json ? fail_to_answer(options, rc, &error) : fail_to_look(options, rc, &error);
	rc = ask_with_addresses(kernel, options, question, ret, &error);
	kernel_close(kernel);
	return rc ? fail_to_answer(options, rc, &error) : EXIT_YES;
}

static void print_answer(const json_t *view, const json_t *answer, bool by_name)
{
	const char *denied = json_flag(view, "audited") ? "would be denied" : "denied";
	const char *address = json_text(answer, "address"), *rule = json_text(answer, "rule");
	const char *purpose = json_text(answer, "purpose");
	bool allowed = json_flag(answer, "allowed");
	char why[REASON_TEXT_SIZE], place[CELL_SIZE];

	by_name &= *address != '\0';
	reason_of_row(answer, why);
	printf("%s%s%s%s %s: %s%s%s\n", json_text(view, "destination"), by_name ? " (" : "", by_name ? address : "",
	       by_name ? ")" : "", json_text(view, "port"), allowed ? "allowed" : denied, allowed ? "" : ": ",
	       allowed ? "" : why);
	if (*json_text(answer, "nat64_address"))
		printf("  behind NAT64 it is %s: judged by the rules of either address\n",
		       json_text(answer, "nat64_address"));
	/* The sentence of a special address says its rule. */
	if (!*rule || !strcmp(json_text(answer, "reason"), reason_label(EGRET_REASON_SPECIAL_ADDRESS)))
		return;
	cell_place(answer, place);
	printf("  by %s: %s%s%s\n", place, rule, *purpose ? "   # " : "", purpose);
}

static void print_learned(const json_t *learned)
{
	char subject[CELL_SIZE];

	cell_subject(learned, subject);
	printf("  but %s for %s, which learned it as %s, %lld s more\n",
	       json_flag(learned, "allowed") ? "allowed" : "not on this port", subject, json_text(learned, "name"),
	       json_number(learned, "left_seconds"));
}

static void print_notes(const json_t *view, bool by_name)
{
	const json_t *first = json_array_get(json_object_get(view, "answers"), 0);

	if (!json_flag(view, "governed"))
		printf("  (the policy says `set mode = off`: nothing is governed, so everything passes)\n");
	else if (by_name && !*json_text(first, "address"))
		printf("  (asked of the files alone: addresses and CIDR rules are not looked at)\n");
	if (json_flag(view, "audited"))
		printf("  (the instance only audits: everything passes)\n");
}

static void print(const json_t *view, bool by_name)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(view, "answers"), i, row)
		print_answer(view, row, by_name);
	json_array_foreach (json_object_get(view, "learned"), i, row)
		print_learned(row);
	json_array_foreach (json_object_get(view, "names_without_rule"), i, row)
		printf("  it was resolved as %s, and no rule has that name\n", json_string_value(row));
	print_notes(view, by_name);
}

static int show(const struct options *options, const struct explain_question *question)
{
	json_t *view = NULL;
	/* Not $EGRET_POLICY: in the DaemonSet's container it is always there. */
	int rc = options->policy_given ? ask_files(options, question, &view) : ask_kernel(options, question, &view);

	if (rc != EXIT_YES)
		return rc;
	rc = json_flag(view, "allowed") ? EXIT_YES : EXIT_NO;
	if (options->json) {
		json_print(view, options->json_lines);
		return rc;
	}
	print(view, question->name != NULL);
	json_decref(view);
	return rc;
}

int command_explain(const struct command *command, int argc, char **argv)
{
	struct explain_question question;
	struct options options;
	struct egret_addr addr;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = read_question(&options, &question, &addr, &error);
	rc = rc ? fail_to_answer(&options, rc, &error) : show(&options, &question);
	free((char *)question.name);
	return rc;
}
