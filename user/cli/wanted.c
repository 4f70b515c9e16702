// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wanted.h"

#include <stdio.h>

#include "../view/reason.h"
#include "egret_reasons.h"

static struct rows_wanted wanted_of(const struct options *options)
{
	return (struct rows_wanted){
	    .namespace = options->namespace,
	    .pod = options->pod,
	    .name = options->name,
	    .reasons = options->reason,
	    .since = options->since,
	};
}

bool wanted_any(const struct options *options)
{
	struct rows_wanted wanted = wanted_of(options);

	return rows_any_asked(&wanted);
}

bool wanted_has(const struct options *options, const json_t *row)
{
	struct rows_wanted wanted = wanted_of(options);

	return rows_is_wanted(&wanted, row);
}

void wanted_keep(const struct options *options, json_t *rows)
{
	struct rows_wanted wanted = wanted_of(options);

	rows_keep(rows, &wanted);
}

bool wanted_is_right(const struct options *options)
{
	char word[64];

	if (!options->reason || !rows_check_reasons(options->reason, word, sizeof(word)))
		return true;
	fprintf(stderr, "egret: --reason \"%s\" is no reason; there are", word);
	for (uint32_t reason = EGRET_REASON_NONE + 1; reason < EGRET_REASON_COUNT; reason++)
		fprintf(stderr, "%s %s", reason > EGRET_REASON_NONE + 1 ? "," : "", reason_label(reason));
	for (uint32_t cause = EGRET_CAUSE_NONE + 1; cause < EGRET_CAUSE_PORT_OF_NAME; cause++)
		fprintf(stderr, ", %s", cause_label(cause));
	fputc('\n', stderr);
	return false;
}
