/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a policy cannot rule, in one line for `status`. */
#ifndef EGRET_FINDING_H
#define EGRET_FINDING_H

#include "../base/diag.h"
#include "../base/error.h"
#include "egret_limits.h"

/* The first error of @diag, with its place; else @error. */
void finding_describe(const struct diag *diag, const struct error *error, char ret[static EGRET_PROBLEM_SIZE]);

/* @instead: what rules in the meantime, in a sentence; "" = what the files said before. */
void finding_tell_instead(const char *instead, const char *finding, char ret[static EGRET_PROBLEM_SIZE]);

#endif
