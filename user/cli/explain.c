// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret explain: would it pass, by which rule, or for what reason not. */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/value.h"
#include "../kernel/read.h"
#include "../resolve/lookup.h"
#include "../view/denials.h"
#include "../view/explain.h"
#include "../view/json.h"
#include "../view/reason.h"
#include "../view/rows.h"
#include "egret_reasons.h"
#include "asked_addresses.h"
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
		return error_set(error, -EINVAL,
				 "ask like this: egret explain mcr.microsoft.com tcp:443 [for pods], or with the "
				 "number of a row of `egret drops`: egret explain 4711");
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

static int ask_with_addresses(const struct kernel *kernel, const struct options *options,
			      const struct explain_question *question, json_t **ret, struct error *error)
{
	struct explain_question full = *question;
	struct egret_addr *addrs = NULL;
	int rc = view_explain_learned(kernel, question, &full.learned);

	if (rc)
		error_set(error, rc, "cannot read what instance %s learned: %s", options->instance, strerror(-rc));
	else if (question->name)
		rc = asked_addresses(kernel, &full, &addrs, error);
	if (!rc) {
		full.addrs = addrs ? addrs : question->addrs;
		rc = view_explain_kernel(kernel, &full, ret);
		if (rc)
			error_set(error, rc, "cannot read instance %s: %s", options->instance, strerror(-rc));
	}
	free(addrs);
	explain_learned_free(&full.learned);
	return rc;
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

/* What becomes of it then, by the rule that the answer has. */
static const char *once_asked(const json_t *answer)
{
	static const char audit[] = "audit ";

	return strncmp(json_text(answer, "rule"), audit, strlen(audit)) ? "is allowed" : "passes";
}

/* Not yet, and why not. */
static void print_must_ask(const json_t *view, const json_t *answer, const char *denied)
{
	const char *who = json_text(view, "who");

	if (json_flag(answer, "audit_line"))
		printf("%s, and passes for who has asked a resolver of the policy for it\n", denied);
	else if (!strcmp(json_text(answer, "reason"), reason_label(EGRET_REASON_EXPIRED)))
		printf("%s now: the answer that %s was given is over, and it %s once it asks a resolver of the policy "
		       "again\n",
		       denied, who, once_asked(answer));
	else
		printf("%s now: %s has not asked a resolver of the policy for it, and %s once it does\n", denied, who,
		       once_asked(answer));
}

/* "allowed", "denied: WHY", "denied now: WHO has not asked ..." */
static void print_verdict(const json_t *view, const json_t *answer)
{
	bool passes = json_flag(view, "audited") || json_flag(answer, "audit_line");
	const char *denied = passes ? "would be denied" : "denied";
	bool must_ask = json_flag(answer, "must_ask");
	char why[REASON_TEXT_SIZE];

	if (json_flag(answer, "allowed"))
		puts(must_ask ? "allowed, for who has asked a resolver of the policy for it" : "allowed");
	else if (must_ask)
		print_must_ask(view, answer, denied);
	else
		printf("%s: %s\n", denied, reason_of_row(answer, why));
}

/* The rule that decides. The sentence of a special address says its rule. */
static void print_rule(const json_t *answer)
{
	const char *rule = json_text(answer, "rule"), *purpose = json_text(answer, "purpose");
	char place[CELL_SIZE];
	bool by_line = json_flag(answer, "audit_line");

	if (!*rule || !strcmp(json_text(answer, "reason"), reason_label(EGRET_REASON_SPECIAL_ADDRESS)))
		return;
	cell_place(answer, place);
	printf("  %sby %s: %s%s%s\n", by_line ? "passes, and is counted, " : "", place, rule, *purpose ? "   # " : "",
	       purpose);
}

/* The way: all of it, or what the lines above do not say. */
static bool is_worth_telling(const json_t *answer, const json_t *step)
{
	const char *kind = json_text(step, "step"), *source = json_text(step, "source");
	bool denied = !json_flag(answer, "allowed");

	if (!strcmp(kind, "address"))
		return !strcmp(source, "answer") || (denied && !strcmp(source, "agent"));
	return denied && !*json_text(answer, "rule") && !strncmp(kind, "rule-of-", strlen("rule-of-"));
}

static void print_steps(const json_t *answer, bool all)
{
	const json_t *step;
	size_t i;

	json_array_foreach (json_object_get(answer, "steps"), i, step) {
		if (all || is_worth_telling(answer, step))
			printf("  %s\n", json_text(step, "text"));
	}
}

static void print_suggestion(const json_t *answer)
{
	if (*json_text(answer, "suggestion"))
		printf("  to allow it: %s\n", json_text(answer, "suggestion"));
}

static void print_answer(const json_t *view, const json_t *answer, bool by_name, bool wide)
{
	const char *address = json_text(answer, "address");

	by_name &= *address != '\0';
	printf("%s%s%s%s %s: ", json_text(view, "destination"), by_name ? " (" : "", by_name ? address : "",
	       by_name ? ")" : "", json_text(view, "port"));
	print_verdict(view, answer);
	if (*json_text(answer, "nat64_address"))
		printf("  behind NAT64 it is %s: judged by the rules of either address\n",
		       json_text(answer, "nat64_address"));
	print_rule(answer);
	print_steps(answer, wide);
	print_suggestion(answer);
}

static void print_learned(const json_t *learned)
{
	char subject[CELL_SIZE];

	cell_subject(learned, subject);
	printf("  but %s %s, which learned it as %s, %lld s more\n",
	       json_flag(learned, "allowed")      ? "allowed for"
	       : json_flag(learned, "audit_line") ? "passes, by a line of `audit`, for"
						  : "not on this port for",
	       subject, json_text(learned, "name"), json_number(learned, "left_seconds"));
}

/* Of a name that must be asked for: who has. */
static void print_askers(const json_t *learned)
{
	char who[ROW_WORDS_SIZE], age[SHORT_AGE_SIZE];
	const json_t *row;
	size_t i;

	if (!json_array_size(learned))
		puts("  nobody has asked for it so far");
	json_array_foreach (learned, i, row) {
		printf("  %s has, and reaches %s (%s left)%s\n", row_who(row, who), json_text(row, "address"),
		       short_age(json_number(row, "left_seconds"), age),
		       json_flag(row, "allowed") ? "" : ", not on this port");
	}
}

static void print_notes(const json_t *view, bool by_name)
{
	const json_t *first = json_array_get(json_object_get(view, "answers"), 0);

	if (!json_flag(view, "governed"))
		printf("  (the policy says `set mode = off`: nothing is governed, so everything passes)\n");
	else if (!strcmp(json_text(view, "addresses_from"), EXPLAIN_FROM_NODE))
		puts("  (no resolver of /etc/resolv.conf gave an address: these are what this node knows of the name)");
	else if (!strcmp(json_text(view, "addresses_from"), EXPLAIN_FROM_NOWHERE))
		puts("  (neither /etc/resolv.conf's resolvers nor this node know an address of it: judged by its name "
		     "alone)");
	else if (by_name && !*json_text(first, "address"))
		printf("  (asked of the files alone: addresses and CIDR rules are not looked at)\n");
	if (json_flag(view, "audited_subject"))
		printf("  (the policy only audits %s: everything of theirs passes)\n", json_text(view, "who"));
	else if (json_flag(view, "audited"))
		printf("  (the instance only audits: everything passes)\n");
}

static void print(const json_t *view, bool by_name, bool wide)
{
	const json_t *row, *learned = json_object_get(view, "learned");
	size_t i;

	json_array_foreach (json_object_get(view, "answers"), i, row)
		print_answer(view, row, by_name, wide);
	if (by_name && learned && json_flag(view, "allowed") && json_flag(view, "must_ask"))
		print_askers(learned);
	json_array_foreach (learned, i, row) {
		if (!by_name)
			print_learned(row);
	}
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
	print(view, question->name != NULL, options->wide);
	json_decref(view);
	return rc;
}

/* --- a row of drops, by its number --- */

static void print_times(const json_t *row)
{
	char age[SHORT_AGE_SIZE];
	time_t last = 0;

	json_time(row, "last_time", &last);
	printf("row %lld: %s, %lld packet%s, last %s (%s ago), first %s\n", json_number(row, "number"),
	       json_flag(row, "audited") ? "would have been denied, and passed" : "denied",
	       json_number(row, "packets_total"), json_number(row, "packets_total") == 1 ? "" : "s",
	       json_text(row, "last_time"), short_age(time(NULL) - last, age),
	       *json_text(row, "first_time") ? json_text(row, "first_time") : "not known");
}

static void print_row(const json_t *row)
{
	char who[ROW_WORDS_SIZE], why[REASON_TEXT_SIZE], subject[CELL_SIZE];
	const char *name = json_text(row, "name"), *kernel_reason = json_text(row, "kernel_reason");
	const char *port = json_text(row, "port"), *reason = json_text(row, "reason");

	cell_subject(row, subject);
	print_times(row);
	printf("  who: %s, %s\n", row_who(row, who), subject);
	if (json_number(row, "pid"))
		printf("  process: %s[%lld]\n", json_text(row, "process"), json_number(row, "pid"));
	printf("  to: %s%s%s%s%s\n", denial_address(row), *port ? " " : "", port, *name ? ", name " : "", name);
	printf("  why: %s%s%s\n", reason, *reason ? ": " : "", reason_of_row(row, why));
	if (strcmp(kernel_reason, reason) != 0)
		printf("  the kernel said: %s\n", kernel_reason);
	print_rule(row);
	if (*json_text(row, "nearest_rule"))
		printf("  nearest rule: %s:%lld: %s\n", json_text(row, "nearest_file"),
		       json_number(row, "nearest_line"), json_text(row, "nearest_rule"));
	print_suggestion(row);
}

/* "still" is what was so before. */
static const char *denied_now(const json_t *row, const json_t *now)
{
	bool passed = json_flag(row, "audited");

	if (json_flag(now, "audited") || json_flag(now, "audit_line"))
		return passed ? "would still be denied" : "would be denied";
	return passed ? "denied" : "still denied";
}

static const char *passes_by_mode(const json_t *now)
{
	return json_flag(now, "audited") ? " (only audited: passes)" : "";
}

/* What the policy that rules says of the same. */
static void print_now(const json_t *row, bool wide)
{
	const json_t *now = json_object_get(row, "now");
	char who[ROW_WORDS_SIZE];

	if (json_is_null(now)) {
		puts("now: no rule decides about this; `egret drops --follow` shows whether it goes on");
		return;
	}
	if (json_flag(now, "allowed"))
		puts("now: allowed");
	else if (json_flag(now, "must_ask"))
		printf("now: %s, and %s once %s asks a resolver of the policy for %s%s\n", denied_now(row, now),
		       once_asked(now), row_who(row, who), json_text(now, "name"), passes_by_mode(now));
	else
		printf("now: %s: %s%s\n", denied_now(row, now), json_text(now, "reason"), passes_by_mode(now));
	print_rule(now);
	print_steps(now, wide);
}

static bool all_pass(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!json_flag(json_object_get(row, "now"), "allowed"))
			return false;
	}
	return true;
}

static int print_rows(const struct options *options, json_t *rows)
{
	int code = all_pass(rows) ? EXIT_YES : EXIT_NO;
	const json_t *row;
	size_t i;

	if (options->json) {
		json_print(rows, options->json_lines);
		return code;
	}
	json_array_foreach (rows, i, row) {
		if (i)
			putchar('\n');
		print_row(row);
		print_now(row, options->wide);
	}
	json_decref(rows);
	return code;
}

static int show_rows(const struct options *options, uint32_t number)
{
	const struct kernel *kernel;
	struct error error;
	json_t *rows = NULL;
	int rc = kernel_open(options->instance, &kernel, &error);

	if (rc)
		return options->json ? fail_to_answer(options, rc, &error) : fail_to_look(options, rc, &error);
	rc = view_explain_rows(kernel, number, &rows);
	kernel_close(kernel);
	if (rc)
		error_set(&error, rc, "cannot read what was denied: %s", strerror(-rc));
	else if (!json_array_size(rows))
		rc =
		    error_set(&error, -ENOENT,
			      "no row of `egret drops` has the number %u: it made room for newer ones, was cleared, or "
			      "is of another node",
			      number);
	if (!rc)
		return print_rows(options, rows);
	json_decref(rows);
	return fail_to_answer(options, rc, &error);
}

/* Digits, and "#" before them, as the column is called; 0 = it is none. */
static unsigned int row_asked(const struct options *options)
{
	const char *word = options->argument_count == 1 ? options->arguments[0] : "";
	unsigned int number;

	if (value_number(word + (*word == '#'), INT_MAX, &number))
		return 0;
	return number;
}

int command_explain(const struct command *command, int argc, char **argv)
{
	struct explain_question question;
	struct options options;
	struct egret_addr addr;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	if (row_asked(&options) && !options.policy_given)
		return show_rows(&options, row_asked(&options));
	rc = read_question(&options, &question, &addr, &error);
	rc = rc ? fail_to_answer(&options, rc, &error) : show(&options, &question);
	free((char *)question.name);
	return rc;
}
