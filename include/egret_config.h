/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent tells the programs beside the tables: one value, read on the hot path, mapped into the agent. */
#ifndef EGRET_INCLUDE_CONFIG_H
#define EGRET_INCLUDE_CONFIG_H

#include "egret_device.h"
#include "egret_family.h"
#include "egret_nat64.h"
#include "egret_policy.h"
#include "egret_types.h"

/*
 * Of one policy. The settings stand in the slot of the policy's tables and are written before the policy rules: so one
 * store of the generation switches all of a policy, and no packet is judged by the tables of one and the settings of
 * another. Of a policy that rules only `audit` changes, by probation and its like.
 */
struct egret_settings {
	__u32 born;         /* the generation under which this policy began to rule */
	__u32 audit;        /* 1 = count what would be denied, and let it pass */
	__u32 has;          /* EGRET_HAS_*: what need not be looked for if the policy has none of it */
	__u32 bucket_shift; /* of its addresses: egret_bucket_index */
	__u32 dns_names;    /* 1 = only questions for names of the policy may leave */
	__u32 stale_ticks;  /* without a sign of life for so long, only the floor may pass; 0 = for any time */
	__u32 min_ttl_sec;
	__u32 max_ttl_sec;
	__u32 layers;          /* enum egret_layers_mode */
	__u32 deny_unlooked;   /* 1 = `set unlooked = deny` */
	__u64 families;        /* of pods' sockets: egret_family_bit, EGRET_FAMILIES_SEND_FRAMES */
	__u32 foreign_sources; /* enum egret_foreign_sources */
	__u32 pad;
};

/* Of unaccounted_cgroup: while another version's programs rule, no denial is counted. */
#define EGRET_UNACCOUNTED_ALL (~0ULL)

#define EGRET_HAS_DENY        (1U << 0)
#define EGRET_HAS_NAME_DENY   (1U << 1)
#define EGRET_HAS_INTERNAL    (1U << 2)
#define EGRET_HAS_AUDIENCES   (1U << 3) /* rules that are not for everybody */
#define EGRET_HAS_AUDITED     (1U << 4) /* EGRET_AUDIENCE_AUDITED */
#define EGRET_HAS_AUDIT_ALLOW (1U << 5)
#define EGRET_HAS_AUDIT_DENY  (1U << 6)

struct egret_config {
	__u32 generation; /* lowest bit = slot of the policy that rules; 0 = nothing yet */
	__u32 learned;    /* bumped when an address is added: denials are judged again */
	__u32 denials;    /* programs bump it when an answer brings a denial: all is judged again */
	__u32 pad;
	__u64 unaccounted_cgroup; /* of the self-test, or of a trial; 0 = none runs */
	__u64 alive_tick;         /* bpf_jiffies64 of the agent's last sign of life */
	struct egret_settings settings[EGRET_POLICY_SLOTS];
	struct egret_conntrack_places conntrack;
	/* Beside the settings, since only a first packet asks. */
	struct egret_nat64 nat64[EGRET_POLICY_SLOTS];
	__u32 keep_existing;
	/* Not for programs. */
	__u32 places_used[EGRET_POLICY_SLOTS];
	__u32 pad_end;
};

#endif
