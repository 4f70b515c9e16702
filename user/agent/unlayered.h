/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a release without layers ruled before, the layers of a policy that does not say what they shall do only audit:
 * an upgrade denies nothing that passed the day before. It is asked of the instance, not of the policy's rules, since a
 * new release brings new lists along. `status` tells it until a policy says `set layers`; there is no way back then.
 */
#ifndef EGRET_UNLAYERED_H
#define EGRET_UNLAYERED_H

#include "agent.h"

/* Is @policy such a one? Then its settings.layers is set, and @diag tells it. */
bool unlayered_check(const struct agent_options *options, struct policy *policy, struct diag *diag);

#endif
