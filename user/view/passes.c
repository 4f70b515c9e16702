// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "passes.h"

#include "asker.h"
#include "egret_decide.h"
#include "egret_reasons.h"

bool passes_by_rules(uint32_t reason)
{
	switch (reason) {
	case EGRET_REASON_NO_RULE:
	case EGRET_REASON_PORT:
	case EGRET_REASON_CLASS:
	case EGRET_REASON_DENY_RULE:
	case EGRET_REASON_SPECIAL_ADDRESS:
	case EGRET_REASON_NOT_A_SOCKET:
	case EGRET_REASON_TUNNEL:
	case EGRET_REASON_REWRITTEN:
	case EGRET_REASON_SERVICE_OUTSIDE:
	case EGRET_REASON_EXPIRED:
	case EGRET_REASON_BEFORE_ATTACH:
		return true;
	default:
		return false;
	}
}

bool passes_now(const struct kernel *kernel, const struct denial *denial, const char *name)
{
	struct kernel_packet packet = {
	    .addr = denial->key.addr,
	    .l4_proto = denial->key.l4_proto,
	    .port = denial->key.port,
	    .audience = asker_audience(kernel, denial),
	    .name = *name ? name : NULL,
	    .now_sec = kernel_sec_now(),
	};
	struct judgement judgement = {};

	return passes_by_rules(denial->key.reason) && !kernel_decide(kernel, &packet, &judgement) && judgement.allow;
}
