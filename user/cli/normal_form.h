/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `check` prints beside the rules. Read again it is the same policy: settings that are not the usual ones,
 * resolvers, requirements.
 */
#ifndef EGRET_NORMAL_FORM_H
#define EGRET_NORMAL_FORM_H

#include "../compile/compile.h"

void normal_form_print_settings(const struct policy *policy);
/* @compiled: NULL where nothing is governed. */
void normal_form_print_resolvers(const struct policy *policy, const struct compiled *compiled);
void normal_form_print_requires(const struct policy *policy);

#endif
