// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret explain: would it pass, by which rule, or for what reason not. */
#include "command.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../compile/compile.h"
#include "../compile/special.h"
#include "../kernel/kernel.h"
#include "../subject/cgroup.h"
#include "../subject/classes.h"
#include "asked_subject.h"
#include "../resolve/lookup.h"
#include "../view/json.h"
#include "../view/reason.h"
#include "../view/rule_text.h"
#include "../view/subject_name.h"
#include "table.h"
#include "egret_reasons.h"

struct question {
	const char *destination;
	struct asked_subject subject;
	bool is_name;
	char *name;
	struct egret_addr addr;
	struct policy_port port;
};

/* Of one address, or of a name that only the files were asked about. */
struct answer {
	struct judgement judgement;
	struct egret_addr addr;
	struct egret_rule_text text; /* of the rule, if there is one */
	char name[EGRET_NAME_SIZE];  /* EGRET_REASON_SPECIAL_ADDRESS: that the rule has */
};

struct answers {
	struct answer *all;
	size_t count;
	bool by_address; /* of a name: each is one of its addresses */
	/* Of an address that no rule allows: by whom it was learned, and as which name; and the names
	 * without a rule that were resolved to it. */
	json_t *learned, *outside;
	const char *note;
	bool audited; /* what is not allowed passes all the same */
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
	size_t count = options->argument_count;
	const char *why = "";
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (count != 2 && !(count > 3 && !strcmp(words[2], "for")))
		return error_set(error, -EINVAL, "ask like this: egret explain mcr.microsoft.com tcp:443 [for pods]");
	ret->destination = words[0];
	/* Without a subject the answer is for the host, which every node has. */
	rc = count > 3 ? asked_subject_read(words + 3, count - 3, !options->policy_given, &ret->subject, error) : 0;
	if (rc)
		return rc;
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

static uint32_t classes_in_files(const struct asked_subject *subject, const struct compiled *compiled)
{
	if (subject->kind != ASKED_CGROUP)
		return subject->kind == ASKED_PODS ? EGRET_CLASS_PODS : EGRET_CLASS_HOST;
	return classes_of_path(subject->path, (const char *const *)compiled->cgroups, compiled->cgroup_count);
}

/* The bits of the cgroup and of all above it, as the programs gather them. */
static uint32_t classes_of_cgroups(const struct kernel *kernel, const char *path)
{
	uint32_t mask = classes_of_path(path, NULL, 0), bits;
	char above[CGROUP_PATH_SIZE];
	struct error ignored;
	char *slash;

	snprintf(above, sizeof(above), "%s", path);
	while ((slash = strrchr(above, '/')) && slash != above) {
		uint64_t id;
		int fd;

		if (!cgroup_open(above, &fd, &ignored)) {
			if (!cgroup_id(fd, &id) && !kernel_get_class(kernel, id, &bits))
				mask |= bits;
			close(fd);
		}
		*slash = '\0';
	}
	return mask;
}

static uint32_t classes_in_kernel(const struct kernel *kernel, const struct asked_subject *subject)
{
	if (subject->kind != ASKED_CGROUP)
		return subject->kind == ASKED_PODS ? EGRET_CLASS_PODS : EGRET_CLASS_HOST;
	return classes_of_cgroups(kernel, subject->path);
}

static int make_room(struct answers *answers, size_t count)
{
	answers->all = calloc(count, sizeof(*answers->all));
	answers->count = answers->all ? count : 0;
	return answers->all ? 0 : -ENOMEM;
}

static void judge_in_files(struct compiled *compiled, const struct question *question, uint32_t classes,
			   struct answer *answer)
{
	const char *const names[] = {question->name};
	struct egret_dest dest;

	if (compiled_address(compiled, &answer->addr, names, 1, &dest))
		return;
	answer->judgement = compiled_judge_dest(compiled, &dest, question->port.l4_proto, question->port.lo, classes);
	if (answer->judgement.rule >= EGRET_RULE_FIRST)
		answer->text = compiled->texts[answer->judgement.rule - EGRET_RULE_FIRST];
	snprintf(answer->name, sizeof(answer->name), "%s", question->name);
}

/* The files allow the name. Has it addresses now that it may not bring in? Then each is judged. */
static void find_special_addresses(struct compiled *compiled, const struct question *question, uint32_t classes,
				   struct answers *answers)
{
	struct answers found = {.by_address = true};
	struct egret_addr *addrs = NULL;
	struct error ignored;
	size_t count = 0;
	bool special = false;

	if (!answers->all->judgement.allow || lookup_addresses(question->name, &addrs, &count, &ignored) ||
	    make_room(&found, count))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		found.all[i].addr = addrs[i];
		judge_in_files(compiled, question, classes, &found.all[i]);
		special |= found.all[i].judgement.reason == EGRET_REASON_SPECIAL_ADDRESS;
	}
	free(addrs);
	free(special ? answers->all : found.all);
	if (special)
		*answers = found;
}

static int ask_files(const struct options *options, const struct question *question, struct answers *ret)
{
	const struct policy_port *port = &question->port;
	struct compiled *compiled;
	struct policy *policy;
	struct answer *answer;
	struct diag diag = {};
	uint32_t classes;
	int rc;

	if (make_room(ret, 1))
		return EXIT_CANNOT;
	answer = ret->all;
	rc = load_offline(options, &policy, &compiled, &diag);
	if (rc)
		rc = fail_by_findings(options, rc, &diag);
	diag_clear(&diag);
	if (rc)
		return rc;
	answer->addr = question->addr;
	if (!compiled) {
		answer->judgement.allow = true;
		ret->note = "the policy says `set mode = off`: nothing is governed, so everything passes";
		policy_free(policy);
		return EXIT_YES;
	}
	classes = classes_in_files(&question->subject, compiled);
	if (question->is_name)
		answer->judgement = compiled_judge_name(compiled, question->name, port->l4_proto, port->lo, classes);
	else
		answer->judgement = compiled_judge_addr(compiled, &answer->addr, port->l4_proto, port->lo, classes);
	if (answer->judgement.rule >= EGRET_RULE_FIRST)
		answer->text = compiled->texts[answer->judgement.rule - EGRET_RULE_FIRST];
	if (question->is_name) {
		ret->note = "asked of the files alone: addresses and CIDR rules are not looked at";
		find_special_addresses(compiled, question, classes, ret);
	}
	compiled_free(compiled);
	policy_free(policy);
	return EXIT_YES;
}

/* A name is judged by its addresses, as the kernel does it. */
static int find_addresses(const struct question *question, struct answers *ret, struct error *error)
{
	struct egret_addr *addrs = NULL;
	size_t count = 1;
	int rc = question->is_name ? lookup_addresses(question->name, &addrs, &count, error) : 0;

	if (rc)
		return rc;
	rc = make_room(ret, count);
	for (size_t i = 0; i < ret->count; i++)
		ret->all[i].addr = addrs ? addrs[i] : question->addr;
	ret->by_address = question->is_name;
	free(addrs);
	return rc ? error_set(error, rc, "no memory") : 0;
}

static struct kernel_packet packet_of(const struct question *question, const struct egret_addr *addr, uint32_t classes)
{
	return (struct kernel_packet){
	    .addr = *addr,
	    .l4_proto = question->port.l4_proto,
	    .port = question->port.lo,
	    .classes = classes,
	    .now_tick = kernel_tick_now(),
	};
}

/* Of an address that is denied, and that nobody can learn, since it is special: the name that it was resolved for says
 * more, in whatever network namespace that was. */
struct special_search {
	const struct kernel *kernel;
	const struct question *question;
	struct answer *answer;
	uint32_t classes;
};

static void judge_seen(void *context, const struct egret_seen *seen)
{
	const struct special_search *search = context;
	struct answer *answer = search->answer;
	struct kernel_packet packet = packet_of(search->question, &answer->addr, search->classes);
	struct judgement judgement;
	struct egret_asked asked;

	packet.scope = seen->key.scope;
	if (!addr_equal(&seen->key.addr, &answer->addr) || answer->judgement.reason == EGRET_REASON_SPECIAL_ADDRESS ||
	    kernel_get_asked(search->kernel, seen->name, &asked) ||
	    kernel_decide(search->kernel, &packet, &judgement) || judgement.reason != EGRET_REASON_SPECIAL_ADDRESS)
		return;
	answer->judgement = judgement;
	snprintf(answer->name, sizeof(answer->name), "%s", asked.name);
}

static void judge_special(const struct kernel *kernel, const struct question *question, uint32_t classes,
			  struct answer *answer)
{
	struct special_search search = {kernel, question, answer, classes};
	struct egret_name name = {};

	if (answer->judgement.allow || answer->judgement.reason == EGRET_REASON_DENY_RULE)
		return;
	if (question->is_name)
		snprintf(answer->name, sizeof(answer->name), "%s", question->name);
	else
		kernel_each_seen(kernel, judge_seen, &search);
	if (!answer->name[0] && !kernel_get_name(kernel, kernel_addr_name(kernel, &answer->addr), &name))
		snprintf(answer->name, sizeof(answer->name), "%.*s", (int)sizeof(name.name) - 1, name.name);
}

/* Who learned the address that was asked about, and may therefore reach it. */
struct learners {
	const struct kernel *kernel;
	const struct question *question;
	json_t *list;
};

static void add_learner(const struct learners *learners, const struct egret_learned *learned,
			const struct egret_lesson *lesson)
{
	struct kernel_packet packet = packet_of(learners->question, &learners->question->addr, EGRET_CLASS_ALL);
	uint32_t slot = kernel_config(learners->kernel)->generation & (EGRET_POLICY_SLOTS - 1);
	int64_t left = kernel_seconds_until(lesson->expires_tick);
	struct judgement judgement = {};
	struct egret_asked asked;
	json_t *row;

	packet.lesson = lesson;
	if (!lesson->name || left < 0 || !lesson->rule_names[slot] ||
	    kernel_get_asked(learners->kernel, lesson->name, &asked) ||
	    kernel_decide(learners->kernel, &packet, &judgement))
		return;
	row = json_pack("{s:s, s:b, s:I}", "name", asked.name, "allowed", judgement.allow, "seconds_left",
			(json_int_t)left);
	json_set_subject(row, learners->kernel, learned->subject, 0);
	json_array_append_new(learners->list, row);
}

static int visit_learned(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	const struct learners *learners = context;

	for (size_t i = 0; i < EGRET_LEARNED_NAMES && addr_equal(&key->addr, &learners->question->addr); i++)
		add_learner(learners, learned, &learned->lessons[i]);
	return 0;
}

static void add_outside(void *context, const struct egret_seen *seen)
{
	const struct learners *learners = context;
	struct egret_asked asked;

	if (addr_equal(&seen->key.addr, &learners->question->addr) &&
	    !kernel_get_asked(learners->kernel, seen->name, &asked) &&
	    !kernel_name_has_rule(learners->kernel, asked.name))
		json_array_append_new(learners->list, json_string(asked.name));
}

/* A name is judged by each of its addresses, as for whoever resolves it now. */
static int judge_one(const struct kernel *kernel, const struct question *question, uint32_t classes,
		     struct answer *answer)
{
	struct kernel_packet packet = packet_of(question, &answer->addr, classes);
	struct egret_lesson lesson;
	int rc = question->is_name ? kernel_lesson_of(kernel, question->name, &answer->addr, &lesson) : 0;

	if (rc)
		return rc;
	packet.lesson = question->is_name ? &lesson : NULL;
	return kernel_decide(kernel, &packet, &answer->judgement);
}

static int judge_all(const struct kernel *kernel, const struct question *question, const struct answers *answers)
{
	uint32_t classes = classes_in_kernel(kernel, &question->subject);

	for (size_t i = 0; i < answers->count; i++) {
		struct answer *answer = &answers->all[i];
		int rc = judge_one(kernel, question, classes, answer);

		if (rc)
			return rc;
		judge_special(kernel, question, classes, answer);
		if (answer->judgement.rule >= EGRET_RULE_FIRST)
			kernel_get_text(kernel, answer->judgement.rule, &answer->text);
	}
	return 0;
}

static int ask_kernel(const struct options *options, const struct question *question, struct answers *ret)
{
	struct kernel *kernel;
	struct error error;
	int rc = kernel_open(options->instance, &kernel, &error);

	if (rc)
		return fail_to_look(rc, &error);
	rc = find_addresses(question, ret, &error);
	if (!rc) {
		rc = judge_all(kernel, question, ret);
		if (rc)
			error_set(&error, rc, "cannot read instance %s: %s", options->instance, strerror(-rc));
	}
	ret->learned = json_array();
	ret->outside = json_array();
	if (!rc && !question->is_name && !ret->all->judgement.allow) {
		kernel_each_learned(kernel, visit_learned, &(struct learners){kernel, question, ret->learned});
		kernel_each_seen(kernel, add_outside, &(struct learners){kernel, question, ret->outside});
	}
	ret->audited = kernel_config(kernel)->audit;
	if (ret->audited)
		ret->note = "the instance only audits: everything passes";
	kernel_free(kernel);
	return rc ? fail(rc, &error) : EXIT_YES;
}

static bool all_allowed(const struct answers *answers)
{
	for (size_t i = 0; i < answers->count; i++) {
		if (!answers->all[i].judgement.allow)
			return false;
	}
	return answers->count > 0;
}

static const char *why(const struct answer *answer, char buf[static REASON_TEXT_SIZE])
{
	json_t *row = json_object();
	char address[ADDR_TEXT_SIZE];

	json_set_text(row, "name", answer->name);
	json_set_text(row, "address", addr_format(&answer->addr, address));
	json_set_text(row, "reason", reason_label(answer->judgement.reason));
	json_set_rule_text(row, &answer->text);
	reason_of_row(row, buf);
	json_decref(row);
	return buf;
}

static json_t *answer_json(const struct question *question, const struct answer *answer)
{
	char addr[ADDR_TEXT_SIZE], port[24], buf[REASON_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:i}", "destination",
			 question->is_name ? addr_format(&answer->addr, addr) : question->destination, "port",
			 policy_port_format(&question->port, port), "allowed", answer->judgement.allow, "reason",
			 reason_label(answer->judgement.reason), "why", why(answer, buf), "rule", answer->text.text,
			 "purpose", answer->text.purpose, "file", answer->text.file, "line", (int)answer->text.line);
}

static const char *subject_words(const struct asked_subject *subject)
{
	if (subject->kind == ASKED_CGROUP)
		return subject->path;
	return subject->kind == ASKED_PODS ? "pods" : "host";
}

static void print_json(const struct question *question, const struct answers *answers)
{
	json_t *value = answer_json(question, answers->all), *list;

	json_object_set_new(value, "destination", json_string(question->destination));
	json_object_set_new(value, "audited", json_boolean(answers->audited));
	json_object_set_new(value, "subject", json_string(subject_words(&question->subject)));
	if (answers->learned)
		json_object_set(value, "learned", answers->learned);
	if (answers->outside)
		json_object_set(value, "names_without_rule", answers->outside);
	if (answers->by_address) {
		list = json_array();
		for (size_t i = 0; i < answers->count; i++)
			json_array_append_new(list, answer_json(question, &answers->all[i]));
		json_object_set_new(value, "addresses", list);
		json_object_set_new(value, "allowed", json_boolean(all_allowed(answers)));
	}
	json_print(value);
}

static void print_answer(const char *destination, const char *port, const struct answer *answer, bool audited)
{
	const struct judgement *judgement = &answer->judgement;
	const char *denied = audited ? "would be denied" : "denied";
	char buf[REASON_TEXT_SIZE];

	printf("%s %s: %s%s%s\n", destination, port, judgement->allow ? "allowed" : denied,
	       judgement->allow ? "" : ": ", judgement->allow ? "" : why(answer, buf));
	if (answer->text.text[0] && judgement->reason != EGRET_REASON_SPECIAL_ADDRESS)
		printf("  by %s:%u: %s%s%s\n", answer->text.file, answer->text.line, answer->text.text,
		       answer->text.purpose[0] ? "   # " : "", answer->text.purpose);
}

static void print_answers(const struct question *question, const struct answers *answers)
{
	char port[24], addr[ADDR_TEXT_SIZE], destination[EGRET_NAME_SIZE + ADDR_TEXT_SIZE + 4];
	const json_t *learned, *name;
	char subject[CELL_SIZE];
	size_t i;

	policy_port_format(&question->port, port);
	for (i = 0; i < answers->count; i++) {
		snprintf(destination, sizeof(destination), "%s", question->destination);
		if (answers->by_address)
			snprintf(destination, sizeof(destination), "%s (%s)", question->name,
				 addr_format(&answers->all[i].addr, addr));
		print_answer(destination, port, &answers->all[i], answers->audited);
	}
	json_array_foreach (answers->learned, i, learned) {
		cell_subject(learned, subject);
		printf("  but %s for %s, which learned it as %s, %lld s more\n",
		       json_is_true(json_object_get(learned, "allowed")) ? "allowed" : "not on this port", subject,
		       json_string_value(json_object_get(learned, "name")),
		       (long long)json_integer_value(json_object_get(learned, "seconds_left")));
	}
	json_array_foreach (answers->outside, i, name)
		printf("  it was resolved as %s, and no rule has that name\n", json_string_value(name));
	if (answers->note)
		printf("  (%s)\n", answers->note);
}

int command_explain(const struct command *command, int argc, char **argv)
{
	struct question question;
	struct answers answers = {};
	struct options options;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = read_question(&options, &question, &error);
	if (rc)
		return fail(rc, &error);
	/* Not $EGRET_POLICY: in the DaemonSet's container it is always there. */
	rc =
	    options.policy_given ? ask_files(&options, &question, &answers) : ask_kernel(&options, &question, &answers);
	if (rc == EXIT_YES && answers.all) {
		if (options.json)
			print_json(&question, &answers);
		else
			print_answers(&question, &answers);
		rc = all_allowed(&answers) ? EXIT_YES : EXIT_NO;
	}
	json_decref(answers.learned);
	json_decref(answers.outside);
	free(answers.all);
	free(question.name);
	return rc;
}
