// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "passes.h"

#include "egret_decide.h"
#include "egret_reasons.h"
#include "egret_subject.h"

/* Reasons that a rule can do something about. */
static bool is_of_rules(uint32_t reason)
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

/* Of a cgroup that is gone, as one of its kind that no rule names. */
static uint32_t audience_of(const struct kernel *kernel, const struct denial *denial)
{
	uint32_t audience = kernel_get_audience(kernel, denial->key.cgroup_id);

	if (audience == EGRET_AUDIENCE_UNKNOWN && denial->drop.audience)
		audience = EGRET_AUDIENCE_OF(0, egret_audience_kind(denial->drop.audience));
	return audience;
}

bool passes_now(const struct kernel *kernel, const struct denial *denial, const char *name)
{
	struct kernel_packet packet = {
	    .addr = denial->key.addr,
	    .l4_proto = denial->key.l4_proto,
	    .port = denial->key.port,
	    .audience = audience_of(kernel, denial),
	    .name = *name ? name : NULL,
	    .now_sec = kernel_sec_now(),
	};
	struct judgement judgement = {};

	return is_of_rules(denial->key.reason) && !kernel_decide(kernel, &packet, &judgement) && judgement.allow;
}
