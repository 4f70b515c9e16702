/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "loader.h"
#include "egret_policy.h"

void rule_clear(struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->dest_count; i++)
		free(rule->dests[i].name);
	free(rule->dests);
	free(rule->ports);
	free(rule->class.path);
	free(rule->text);
	free(rule->purpose);
	free(rule->file);
	*rule = (struct policy_rule){0};
}

static int add_dest(struct loader *loader, const struct word *word, struct policy_rule *rule, size_t *capacity)
{
	struct policy_dest *dests;
	int error;

	if (loader->dests == EGRET_MAX_DESTS)
		report(loader, word->column, "the rules list more than %d destinations; write CIDRs for whole networks",
		       EGRET_MAX_DESTS);
	if (loader->dests >= EGRET_MAX_DESTS) {
		loader->dests = EGRET_MAX_DESTS + 1;
		return -EINVAL;
	}
	loader->dests++;
	dests = reserve(rule->dests, capacity, rule->dest_count + 1, sizeof(*dests));
	if (!dests)
		return -ENOMEM;
	rule->dests = dests;
	error = dest_parse(loader, word, &dests[rule->dest_count]);
	if (!error)
		rule->dest_count++;
	return error;
}

static int parse_dests(struct loader *loader, const struct word *word, struct policy_rule *rule)
{
	int error = variable_expand(loader, word, 1);
	size_t capacity = 0;

	for (size_t i = 0; !error && i < loader->words.count; i++) {
		struct word item;
		size_t at = 0;

		while (error != -ENOMEM && word_next_item(&loader->words.items[i], &at, &item))
			error = worse(error, add_dest(loader, &item, rule, &capacity));
	}
	return error;
}

static bool has_name(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->dest_count; i++) {
		if (rule->dests[i].kind != POLICY_DEST_CIDR)
			return true;
	}
	return false;
}

static bool has_pattern(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->dest_count; i++) {
		if (rule->dests[i].kind == POLICY_DEST_PATTERN)
			return true;
	}
	return false;
}

/* A variable may hold addresses, names or both, and the line that uses it is written once for all of these. */
static bool is_variable(const struct word *word)
{
	return word->len > 2 && word->text[0] == '$' && word->text[1] == '{';
}

/* The rule allows @dests: may it say `private`? */
static int check_private(struct loader *loader, const struct word *word, const struct word *dests,
			 const struct policy_rule *rule)
{
	if (rule->action == EGRET_DENY) {
		report(loader, word->column,
		       "`private` is for `allow`: a deny takes private addresses away as it is; leave the word out");
		return -EINVAL;
	}
	if (rule->audit) {
		report(
		    loader, word->column,
		    "`private` is for `allow` alone: what an `audit` line lets pass for a while brings in no private "
		    "addresses; write `audit allow ADDRESS`");
		return -EINVAL;
	}
	if (rule->dest_count && !has_name(rule) && !is_variable(dests)) {
		report(loader, word->column,
		       "`private` is about what a name resolves to, and this rule has addresses only, which it allows "
		       "as they are; leave the word out");
		return -EINVAL;
	}
	if (has_pattern(rule))
		diag_add(loader->diag, DIAG_WARNING, loader_place(loader, word->column),
			 "`private` on a pattern: whoever can answer for a name under it can point into your network; "
			 "write the names, if they are known");
	return 0;
}

/* Takes the word `private` out of @words, which are ports and for whom. */
static int take_private(struct loader *loader, struct words *words, const struct word *dests, struct policy_rule *rule)
{
	size_t at = 0;
	int error;

	while (at < words->count && !word_is(&words->items[at], "private"))
		at++;
	if (at == words->count || (at && word_is(&words->items[at - 1], "for")))
		return 0;
	if (rule->private) {
		report(loader, words->items[at].column, "`private` stands twice; write it once, behind the ports");
		return -EINVAL;
	}
	if (!at && words->count > 1) {
		report(loader, words->items[at].column, "`private` stands behind the ports; write those first");
		return -EINVAL;
	}
	error = check_private(loader, &words->items[at], dests, rule);
	if (error)
		return error;
	rule->private = true;
	words->count--;
	memmove(&words->items[at], &words->items[at + 1], (words->count - at) * sizeof(*words->items));
	return take_private(loader, words, dests, rule);
}

/* Takes over the list. @end: where ports would have stood. */
static int finish_ports(struct loader *loader, unsigned int end, struct port_list *list, struct policy_rule *rule)
{
	struct policy_port *items;

	if (!list->count && rule->action == EGRET_ALLOW) {
		if (!rule->dest_count) /* and that was told: "x:443" holds its port */
			return -EINVAL;
		report(loader, end, "`allow` without ports; say which ports, or `any`");
		return -EINVAL;
	}
	if (list->count > EGRET_MAX_PORTS_PER_DEST) {
		report(loader, end, "%zu ports are over the limit of %d for one destination; write ranges", list->count,
		       EGRET_MAX_PORTS_PER_DEST);
		return -EINVAL;
	}
	if (!list->count) {
		items = reserve(list->items, &list->capacity, 1, sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
		items[list->count++] = (struct policy_port){.l4_proto = EGRET_L4_ANY, .hi = UINT16_MAX};
	}
	/* An address shows no name that could be checked. */
	for (size_t i = 0; !has_name(rule) && i < list->count; i++)
		list->items[i].app = EGRET_APP_NONE;
	return 0;
}

/* loader->words[@at] is `for`. */
static int parse_for(struct loader *loader, size_t at, struct policy_class *ret)
{
	const struct words *words = &loader->words;
	const struct class_words said = {.words = &words->items[at + 1],
					 .count = words->count - at - 1,
					 .column = words->items[at].column,
					 .lead = "for",
					 .before = "ports"};

	return class_parse(loader, &said, ret);
}

/* Everything behind the destination: PORTS... [private] [for WHOM]. */
static int parse_rest(struct loader *loader, const struct statement *statement, struct policy_rule *rule)
{
	int error = variable_expand(loader, statement->words + 2, statement->count - 2);
	unsigned int end = statement->text.column + (unsigned int)statement->text.len;
	struct port_list list = {0};
	size_t i = 0;

	if (!error)
		error = take_private(loader, &loader->words, &statement->words[1], rule);
	if (error)
		return error;
	for (; i < loader->words.count && !word_is(&loader->words.items[i], "for"); i++) {
		error = worse(error, port_list_parse(loader, &loader->words.items[i], &list));
		if (error == -ENOMEM)
			goto out;
	}
	if (i < loader->words.count) {
		end = loader->words.items[i].column;
		error = worse(error, parse_for(loader, i, &rule->class));
	}
	if (!error)
		error = finish_ports(loader, end, &list, rule);
out:
	rule->ports = list.items;
	rule->port_count = list.count;
	return error;
}

/* Blanks, and what a terminal would act on, become one blank. */
static char *fold(const struct word *word)
{
	char *text = malloc(word->len + 1), *end = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < word->len; i++) {
		unsigned char c = (unsigned char)word->text[i];

		if (c > ' ' && c != 0x7f)
			*end++ = (char)c;
		else if (end > text && end[-1] != ' ')
			*end++ = ' ';
	}
	if (end > text && end[-1] == ' ')
		end--;
	*end = '\0';
	text_make_printable(text, word->len + 1); /* U+0080..9F */
	return text;
}

static int keep_text(struct loader *loader, const struct statement *statement, struct policy_rule *rule)
{
	rule->text = fold(&statement->text);
	rule->purpose = fold(&statement->comment);
	rule->file = strdup(loader->source->path);
	if (!rule->text || !rule->purpose || !rule->file)
		return -ENOMEM;
	if (strlen(rule->text) >= EGRET_RULE_TEXT_SIZE) {
		report(loader, statement->text.column,
		       "a rule of %zu bytes is over the limit of %d; `set` a variable to the list, and write that",
		       strlen(rule->text), EGRET_RULE_TEXT_SIZE - 1);
		return -EINVAL;
	}
	if (strlen(rule->purpose) >= EGRET_RULE_TEXT_SIZE) {
		report(
		    loader, statement->comment.column,
		    "a comment of %zu bytes behind a rule is over the limit of %d; put the rest on a line of its own",
		    strlen(rule->purpose), EGRET_RULE_TEXT_SIZE - 1);
		return -EINVAL;
	}
	return 0;
}

static int warn_double(struct loader *loader, unsigned int column, const struct policy_rule *rule)
{
	struct seen_rule *seen;

	HASH_FIND_STR(loader->seen_rules, rule->text, seen);
	if (seen) {
		diag_add(loader->diag, DIAG_WARNING, loader_place(loader, column),
			 "the same rule stands at %s:%u; remove one", seen->source->path, seen->line);
		return 0;
	}
	seen = arena_alloc(&loader->arena, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	*seen = (struct seen_rule){.text = rule->text, .source = loader->source, .line = loader->line};
	HASH_ADD_KEYPTR(hh, loader->seen_rules, seen->text, (unsigned int)strlen(seen->text), seen);
	return seen->hh.tbl ? 0 : -ENOMEM;
}

/* Takes over @rule on success. */
static int add_rule(struct loader *loader, unsigned int column, const struct policy_rule *rule)
{
	struct policy *policy = loader->policy;
	struct policy_rule *rules;

	if (policy->rule_count == EGRET_MAX_RULES) {
		if (!loader->too_many_rules)
			report(loader, column, "more than %d rules; put destinations with the same ports into one list",
			       EGRET_MAX_RULES);
		loader->too_many_rules = true;
		return -EINVAL;
	}
	rules = reserve(policy->rules, &loader->rule_capacity, policy->rule_count + 1, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	policy->rules = rules;
	if (warn_double(loader, column, rule))
		return -ENOMEM;
	rules[policy->rule_count++] = *rule;
	return 0;
}

/* @statement begins with `allow` or `deny`; its text is that of the whole line. */
static int parse(struct loader *loader, const struct statement *statement, uint8_t action, bool audit)
{
	struct policy_rule rule = {
	    .action = action,
	    .audit = audit,
	    .floor = loader->source->floor && !audit,
	    .line = loader->line,
	};
	unsigned int column = statement->words[0].column;
	int error;

	if (statement->count < 2) {
		report(loader, column,
		       "`%.*s` names no destination; write a name, `*.name`, an address or a CIDR behind it",
		       EXCERPT(&statement->words[0]));
		return -EINVAL;
	}
	error = parse_dests(loader, &statement->words[1], &rule);
	if (error != -ENOMEM)
		error = worse(error, parse_rest(loader, statement, &rule));
	if (!error)
		error = keep_text(loader, statement, &rule);
	if (!error)
		error = add_rule(loader, column, &rule);
	if (error)
		rule_clear(&rule);
	return error;
}

int rule_parse(struct loader *loader, const struct statement *statement, uint8_t action)
{
	return parse(loader, statement, action, false);
}

static int report_audit(struct loader *loader, const struct word *word)
{
	struct nearest nearest = {.loader = loader, .word = word};

	nearest_try(&nearest, "allow");
	nearest_try(&nearest, "deny");
	if (word_is(word, "audit"))
		report(loader, word->column, "`audit` stands twice; write it once, before `allow` or `deny`");
	else if (nearest.best)
		report(loader, word->column, "`audit` stands before `allow` or `deny`; did you mean `audit %s`?",
		       nearest.best);
	else
		report(loader, word->column,
		       "`audit` stands before `allow` or `deny`, and not before `%.*s`; write `audit deny DEST`, or "
		       "`set mode = audit` for the whole policy",
		       EXCERPT(word));
	return -EINVAL;
}

int rule_parse_audit(struct loader *loader, const struct statement *statement)
{
	struct statement rest = *statement;

	if (statement->count < 2) {
		report(loader, statement->words[0].column,
		       "`audit` stands before a rule; write `audit allow DEST PORTS`, `audit deny DEST`, or `set mode "
		       "= audit` for the whole policy");
		return -EINVAL;
	}
	rest.words++;
	rest.count--;
	if (word_is(&rest.words[0], "allow"))
		return parse(loader, &rest, EGRET_ALLOW, true);
	if (word_is(&rest.words[0], "deny"))
		return parse(loader, &rest, EGRET_DENY, true);
	return report_audit(loader, &rest.words[0]);
}
