/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses that names of the policy have and may not bring in: for `status`, and when `exec` starts. */
#ifndef EGRET_VIEW_SPECIAL_H
#define EGRET_VIEW_SPECIAL_H

#include <jansson.h>

#include "../kernel/read.h"

/* [{name, address, reason, rule, file, line}]: those that the agent resolved, then those that only denials tell of. */
json_t *view_special_addresses(const struct kernel *kernel);

#endif
