/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EGRET_ONCE_H
#define EGRET_ONCE_H

#include "command.h"

/*
 * egret run --once, for a unit that starts before the DaemonSet's agent can: attaches the policy
 * and ends. A policy that has ruled here before is enforced, any other is audited. Nothing is
 * done where an agent lives, where something is attached, or where a person opened the instance.
 */
int run_once(const struct options *words, struct agent_options *options);

#endif
