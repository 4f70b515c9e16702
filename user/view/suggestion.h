/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The line of a policy that would have let through what was denied: for the end of `exec`, `drops` and
 * `explain`. It is only written down; whether it is wanted is for a person to say.
 */
#ifndef EGRET_SUGGESTION_H
#define EGRET_SUGGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "egret_addr.h"
#include "egret_policy.h"

struct denied {
	const char *name; /* that leads to the address; "" = none is known */
	struct egret_addr addr;
	enum egret_need need; /* what the policy makes this address ask of a name */
	uint8_t l4_proto;
	uint16_t port;
	uint32_t reason, audience;
	/* What the agent found out: enum egret_cause, and whom the subject asks. */
	uint32_t cause;
	struct egret_addr server;
	uint32_t age_sec;      /* EGRET_REASON_EXPIRED: of the answer; 0 = not known */
	uint32_t max_ttl_sec;  /* of the policy */
	bool at_device;        /* denied at the device of a pod or machine */
	uint64_t families;     /* that the policy gives to pods, as in egret_settings */
	const char *rule_text; /* EGRET_REASON_SPECIAL_ADDRESS: of the rule that has the name; "" = not known */
};

#define SUGGESTION_SIZE    512
#define SUGGESTION_COMMENT "  # " /* what stands between the line and what else there is to say */
/* Behind a line that is a guess: what begins the comment, and the line that helps in any case ends it. */
#define SUGGESTION_ELSE "a guess, or else: "
/* Without a line end. "" = no line would help: a rule denies it, or the packet itself is wrong. Returns @buf. */
const char *suggestion_line(const struct denied *denied, char buf[static SUGGESTION_SIZE]);

#endif
