/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `set families`: what pods' sockets may be. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "loader.h"

/* AF_PACKET that only listens; its own word gives sending, too. */
#define LISTEN "packet-listen"
/* All words of the language, and a blank behind each, take 234 bytes. */
#define FAMILIES_LINE_SIZE 512

static const struct family {
	unsigned int number;
	const char *word;
} families[] = {
#define FAMILY(number, word) {number, word},
    EGRET_FAMILIES(FAMILY)
#undef FAMILY
};
#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

#define USUAL "unix inet inet6 netlink packet-listen"

/* What people call a family elsewhere; NULL = by no name that is known here. */
static const char *meant(const struct word *word)
{
	static const char *const others[][2] = {
	    {"ip", "inet"},   {"ip4", "inet"},   {"ipv4", "inet"},  {"inet4", "inet"},
	    {"ip6", "inet6"}, {"ipv6", "inet6"}, {"local", "unix"}, {"nl", "netlink"},
	};
	const bool prefixed = word->len > 3 && !strncasecmp(word->text, "AF_", 3);
	const struct word bare = prefixed ? word_part(word, 3, word->len - 3) : *word;

	for (size_t i = 0; i < FAMILY_COUNT; i++)
		if (bare.len == strlen(families[i].word) && !strncasecmp(bare.text, families[i].word, bare.len))
			return families[i].word;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (bare.len == strlen(others[i][0]) && !strncasecmp(bare.text, others[i][0], bare.len))
			return others[i][1];
	return NULL;
}

static bool says_how_many(const struct word *word)
{
	return word_is(word, "all") || word_is(word, "any") || word_is(word, "none") || word_is(word, "*");
}

static int report_unknown(struct loader *loader, const struct word *word)
{
	struct nearest nearest = {.loader = loader, .word = word};

	if (!word->len) {
		report(loader, word->column, "no family stands beside this comma; remove the comma");
		return -EINVAL;
	}
	if (says_how_many(word)) {
		report(loader, word->column, "no word stands for %.*s; list the families, like `" USUAL "`",
		       EXCERPT(word));
		return -EINVAL;
	}
	nearest_try(&nearest, LISTEN);
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		nearest_try(&nearest, families[i].word);
	if (meant(word))
		nearest.best = meant(word);
	if (nearest.best)
		report(loader, word->column, "unknown family `%.*s`; did you mean `%s`?", EXCERPT(word), nearest.best);
	else
		report(loader, word->column,
		       "unknown family `%.*s`; write what pods' sockets may be, like `" USUAL
		       "`; a variable of your own takes another name than `families`, which is a setting",
		       EXCERPT(word));
	return -EINVAL;
}

static int add(struct loader *loader, const struct word *word)
{
	uint64_t *list = &loader->policy->settings.families;

	if (word_is(word, LISTEN)) {
		*list |= egret_family_bit(AF_PACKET);
		return 0;
	}
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		if (!word_is(word, families[i].word))
			continue;
		*list |= egret_family_bit(families[i].number);
		if (families[i].number == AF_PACKET)
			*list |= EGRET_FAMILIES_SEND_FRAMES;
		return 0;
	}
	return report_unknown(loader, word);
}

void families_write(const struct policy_settings *values, FILE *out)
{
	const char *blank = "";

	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		bool listens = families[i].number == AF_PACKET && !(values->families & EGRET_FAMILIES_SEND_FRAMES);

		if (!(values->families & egret_family_bit(families[i].number)))
			continue;
		fprintf(out, "%s%s", blank, listens ? LISTEN : families[i].word);
		blank = " ";
	}
}

/* Addresses of interfaces (getifaddrs(3), Go's net) come by netlink. */
static void warn_if_few(struct loader *loader, const struct word *first)
{
	const uint64_t most_need = EGRET_FAMILIES_USUAL & ~egret_family_bit(AF_PACKET) & ~egret_family_bit(AF_INET6);
	struct policy_settings more = {.families = EGRET_FAMILIES_USUAL | loader->policy->settings.families};
	char line[FAMILIES_LINE_SIZE] = "";
	FILE *out;

	if ((loader->policy->settings.families & most_need) == most_need)
		return;
	out = fmemopen(line, sizeof(line), "w");
	if (!out)
		return;
	families_write(&more, out);
	fclose(out);
	diag_add(
	    loader->diag, DIAG_WARNING, loader_place(loader, first->column),
	    "`families` lists all that pods' sockets may be: without `unix`, `inet` and `netlink` most pods do not "
	    "run; `set families = %s` has these, too",
	    line);
}

int families_apply(struct loader *loader, const struct variable *setting)
{
	int error;

	loader->policy->settings.families = 0;
	error = each_item(loader, setting->values, setting->count, add);
	if (!error)
		warn_if_few(loader, &setting->values[0]);
	return error;
}
