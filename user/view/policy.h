/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A policy as `check` reads it from its files. */
#ifndef EGRET_VIEW_POLICY_H
#define EGRET_VIEW_POLICY_H

#include <jansson.h>

#include "../compile/compile.h"

/*
 * {mode, audited: [WHOM], settings: {NAME: text}, resolvers: [address], resolver_lines: [{resolver, served_by, file,
 * line}], names_to_ask: [name], requires: [{destinations, port, file, line}], rules: [{action, audit, destinations,
 * ports, private, for, floor, purpose, file, line}]}. Settings are as the language writes them; served_by is null where
 * a line does not say. @compiled: NULL where the policy is off, which has no resolvers then.
 */
json_t *view_policy(const struct policy *policy, const struct compiled *compiled);

#endif
