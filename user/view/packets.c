// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "packets.h"

#include <string.h>

#include "json.h"
#include "reason.h"
#include "egret_reasons.h"

struct allowed {
	const struct kernel *kernel;
	uint64_t packets;
};

static int add_allowed(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	struct allowed *allowed = context;
	struct egret_counter counter;

	if (strncmp(text->text, "deny ", strlen("deny ")) != 0 && !kernel_get_counter(allowed->kernel, rule, &counter))
		allowed->packets += counter.packets;
	return 0;
}

static uint64_t allowed_total(const struct kernel *kernel)
{
	struct allowed allowed = {.kernel = kernel};
	struct egret_counter counter;

	for (uint32_t id = 1; id < EGRET_RULE_BUILTIN_COUNT; id++)
		if (id != EGRET_RULE_AUDITED && !kernel_get_counter(kernel, id, &counter))
			allowed.packets += counter.packets;
	kernel_each_rule(kernel, add_allowed, &allowed);
	return allowed.packets;
}

static json_t *by_reason(const struct kernel *kernel, bool audited, uint64_t *ret_total)
{
	json_t *reasons = json_object();
	struct egret_counter counter;

	*ret_total = 0;
	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++) {
		if (kernel_get_reason(kernel, reason, audited, &counter))
			continue;
		*ret_total += counter.packets;
		json_set_number(reasons, reason_label(reason), counter.packets);
	}
	return reasons;
}

json_t *view_packets(const struct kernel *kernel)
{
	uint64_t denied_total, would_deny_total;
	json_t *denied = by_reason(kernel, false, &denied_total);
	json_t *would_deny = by_reason(kernel, true, &would_deny_total);
	json_t *packets = json_object();

	json_set_number(packets, "allowed_total", allowed_total(kernel));
	json_set_number(packets, "denied_total", denied_total);
	json_set_number(packets, "would_deny_total", would_deny_total);
	json_object_set_new(packets, "denied_by_reason_total", denied);
	json_object_set_new(packets, "would_deny_by_reason_total", would_deny);
	return packets;
}
