// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "finding.h"

#include <stdio.h>

void finding_describe(const struct diag *diag, const struct error *error, char ret[static EGRET_PROBLEM_SIZE])
{
	size_t i = 0;

	while (i < diag->count && diag->entries[i].severity != DIAG_ERROR)
		i++;
	if (i < diag->count && diag->entries[i].line)
		snprintf(ret, EGRET_PROBLEM_SIZE, "%s:%u:%u: %s", diag->entries[i].file, diag->entries[i].line,
			 diag->entries[i].column, diag->entries[i].text);
	else if (i < diag->count)
		snprintf(ret, EGRET_PROBLEM_SIZE, "%s: %s", diag->entries[i].file, diag->entries[i].text);
	else
		snprintf(ret, EGRET_PROBLEM_SIZE, "%s", error->text);
}

void finding_tell_instead(const char *instead, const char *finding, char ret[static EGRET_PROBLEM_SIZE])
{
	snprintf(ret, EGRET_PROBLEM_SIZE, "%s%s%s", instead, *instead ? ": " : "", finding);
}
