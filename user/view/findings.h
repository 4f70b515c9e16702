/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is wrong with a policy, or with a question, as `check --json` and `explain --json` have it. */
#ifndef EGRET_VIEW_FINDINGS_H
#define EGRET_VIEW_FINDINGS_H

#include <jansson.h>

#include "../base/diag.h"
#include "../base/error.h"

/*
 * {findings: [{file, line, column, severity, text}]}, in the order of the files; severity: error, warning.
 * line is null of a whole file, column of a whole line.
 */
json_t *view_findings(const struct diag *diag);
/* The same of an error that stands in no file. */
json_t *view_error(const struct error *error);

#endif
