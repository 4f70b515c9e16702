/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which id each rule has: its own from before, or one that nobody has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "egret_reasons.h"

/* A rule, to be found by what it says. */
struct known {
	const struct egret_rule_text *text;
	uint32_t at; /* its place among @texts of sort_known */
};

static int compare_texts(const struct egret_rule_text *a, const struct egret_rule_text *b)
{
	int order = strncmp(a->text, b->text, sizeof(a->text));

	if (!order)
		order = strncmp(a->file, b->file, sizeof(a->file));
	return order ? order : (a->dests_hash > b->dests_hash) - (a->dests_hash < b->dests_hash);
}

/* Of several that say the same, the first is the first. */
static int compare_known(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	int order = compare_texts(a->text, b->text);

	if (!order)
		order = (a->text->position > b->text->position) - (a->text->position < b->text->position);
	return order;
}

/* NULL: out of memory. */
static struct known *sort_known(const struct egret_rule_text *texts, size_t count, size_t *ret_count)
{
	struct known *known = calloc(count + 1, sizeof(*known));
	size_t found = 0;

	for (size_t i = 0; known && i < count; i++) {
		if (texts[i].text[0])
			known[found++] = (struct known){&texts[i], (uint32_t)i};
	}
	if (found)
		qsort(known, found, sizeof(*known), compare_known);
	*ret_count = found;
	return known;
}

/* Both are sorted the same way. */
static void keep_ids(struct compiled *out, const struct known *old, size_t old_count, const struct known *new,
		     size_t new_count)
{
	size_t o = 0, n = 0;

	while (o < old_count && n < new_count) {
		int order = compare_texts(old[o].text, new[n].text);

		if (!order) {
			out->ids[new[n].at] = EGRET_RULE_FIRST + old[o].at;
			out->kept[old[o].at] = true;
		}
		o += order <= 0;
		n += order >= 0;
	}
}

/* An id of the policy before is spared: connections of the rule that goes have it. */
static bool is_spared(const struct rules_before *before, size_t at)
{
	return at < before->count && before->texts[at].text[0];
}

/* All ids that no rule of this policy keeps, those that are spared last. */
static void list_free(const struct rules_before *before, const bool *kept, uint32_t *ret)
{
	for (int spared = 0; spared < 2; spared++) {
		for (size_t at = 0; at < EGRET_MAX_RULES; at++) {
			if (!kept[at] && is_spared(before, at) == spared)
				*ret++ = (uint32_t)(EGRET_RULE_FIRST + at);
		}
	}
}

/* There are at least as many ids as rules: rules_compile has seen to it. */
static int give_ids(struct compiled *out, const struct rules_before *before)
{
	uint32_t *all = calloc(EGRET_MAX_RULES, sizeof(*all)), *next = all;

	if (!all)
		return -ENOMEM;
	list_free(before, out->kept, all);
	for (size_t i = 0; i < out->rule_count; i++) {
		if (!out->ids[i])
			out->ids[i] = *next++;
	}
	free(all);
	return 0;
}

static size_t limit_of(const struct compiled *out)
{
	size_t limit = 0;

	for (size_t i = 0; i < out->rule_count; i++) {
		if (out->ids[i] - EGRET_RULE_FIRST >= limit)
			limit = out->ids[i] - EGRET_RULE_FIRST + 1;
	}
	return limit;
}

int rule_ids_give(struct compiler *compiler, const struct egret_rule_text *texts)
{
	const struct rules_before *before = &compiler->input->before;
	struct compiled *out = compiler->out;
	size_t old_count, new_count;
	struct known *old = sort_known(before->texts, before->count, &old_count);
	struct known *new = sort_known(texts, out->rule_count, &new_count);
	int rc = -ENOMEM;

	out->ids = calloc(out->rule_count + 1, sizeof(*out->ids));
	out->kept = calloc(EGRET_MAX_RULES, sizeof(*out->kept));
	if (old && new && out->ids && out->kept) {
		keep_ids(out, old, old_count, new, new_count);
		rc = give_ids(out, before);
		out->rule_limit = limit_of(out);
	}
	free(old);
	free(new);
	return rc;
}

uint32_t rule_born(const struct compiler *compiler, uint32_t index)
{
	uint32_t at = compiler->out->ids[index] - EGRET_RULE_FIRST;

	return compiler->out->kept[at] ? compiler->input->before.rules[at].born : compiler->input->generation;
}
