/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All packets by what became of them. Each is in one of three: what only audit lets through is not allowed. */
#ifndef EGRET_VIEW_PACKETS_H
#define EGRET_VIEW_PACKETS_H

#include <jansson.h>

#include "../kernel/read.h"

/* {allowed_total, denied_total, would_deny_total, denied_by_reason_total: {reason: n}, would_deny_by_reason_total} */
json_t *view_packets(const struct kernel *kernel);

#endif
