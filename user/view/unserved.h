/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who answers in the name of resolvers that no `served by` speaks of: for `status`, with the line to write. */
#ifndef EGRET_VIEW_UNSERVED_H
#define EGRET_VIEW_UNSERVED_H

#include <jansson.h>

#include "../kernel/read.h"

/* [{address, packets_total, suggestion}]: a row for each resolver and class, under the policy that rules. */
json_t *view_unserved(const struct kernel *kernel);

#endif
