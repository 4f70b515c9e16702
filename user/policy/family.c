/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `set families`: what pods' sockets may be. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "loader.h"

/* AF_PACKET that only listens; its own word gives sending, too. */
#define LISTEN "packet-listen"

static const struct family {
	unsigned int number;
	const char *word;
} families[] = {
#define FAMILY(number, word) {number, word},
    EGRET_FAMILIES(FAMILY)
#undef FAMILY
};
#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

static int report_unknown(struct loader *loader, const struct word *word)
{
	struct nearest nearest = {.loader = loader, .word = word};

	nearest_try(&nearest, LISTEN);
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		nearest_try(&nearest, families[i].word);
	if (nearest.best)
		report(loader, word->column, "unknown family `%.*s`; did you mean `%s`?", EXCERPT(word), nearest.best);
	else
		report(loader, word->column,
		       "unknown family `%.*s`; write what pods' sockets may be, like "
		       "`unix inet inet6 netlink packet-listen`",
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

static void warn_if_few(struct loader *loader, const struct word *first)
{
	const uint64_t most_need = egret_family_bit(AF_UNIX) | egret_family_bit(AF_INET);

	if ((loader->policy->settings.families & most_need) != most_need)
		diag_add(
		    loader->diag, DIAG_WARNING, loader_place(loader, first->column),
		    "`families` lists all that pods' sockets may be: without `unix` and `inet` most pods do not "
		    "run; write new ones behind the usual ones, as in `unix inet inet6 netlink packet-listen %.*s`",
		    EXCERPT(first));
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
