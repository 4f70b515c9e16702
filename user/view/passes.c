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

/* What an `audit deny` would take away passes; what an `audit allow` alone lets pass is not allowed. */
static bool is_allowed(const struct judgement *judgement)
{
	return judgement->allow || (judgement->told_only && judgement->reason == EGRET_REASON_DENY_RULE);
}

bool passes_now(const struct kernel *kernel, const struct denial *denial, const char *name,
		const struct egret_completion *completion)
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

	if (denial->key.reason == EGRET_REASON_DNS_NAME)
		return *name && kernel_may_ask(kernel, &denial->key.addr, name);
	/* Once its server is trusted the subject need only ask again. */
	if (completion->cause == EGRET_CAUSE_UNTRUSTED_RESOLVER && kernel_may_ask(kernel, &completion->server, NULL))
		return true;
	return passes_by_rules(denial->key.reason) && !kernel_decide(kernel, &packet, &judgement) &&
	       is_allowed(&judgement);
}
