// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "reason.h"

#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "../compile/special.h"
#include "egret_reasons.h"
#include "json.h"

struct words {
	const char *label, *sentence;
};

static const struct words reasons[] = {[EGRET_REASON_NONE] = {"", ""},
#define REASON_WORDS(symbol, label, sentence) [EGRET_REASON_##symbol] = {label, sentence},
				       EGRET_REASONS(REASON_WORDS)
#undef REASON_WORDS
};

static const struct words causes[] = {[EGRET_CAUSE_NONE] = {"", ""},
#define CAUSE_WORDS(symbol, label, sentence) [EGRET_CAUSE_##symbol] = {label, sentence},
				      EGRET_CAUSES(CAUSE_WORDS)
#undef CAUSE_WORDS
};

static const struct words builtins[] = {[EGRET_RULE_NONE] = {NULL, NULL},
#define RULE_WORDS(symbol, label, sentence) [EGRET_RULE_##symbol] = {label, sentence},
					EGRET_BUILTIN_RULES(RULE_WORDS)
#undef RULE_WORDS
};

const char *reason_label(uint32_t reason)
{
	return reason < EGRET_REASON_COUNT ? reasons[reason].label : "unknown";
}

const char *cause_label(uint32_t cause)
{
	return cause < EGRET_CAUSE_COUNT ? causes[cause].label : "unknown";
}

const char *reason_sentence(const char *label)
{
	for (size_t reason = 0; reason < EGRET_REASON_COUNT; reason++) {
		if (!strcmp(reasons[reason].label, label))
			return reasons[reason].sentence;
	}
	for (size_t cause = 0; cause < EGRET_CAUSE_COUNT; cause++) {
		if (!strcmp(causes[cause].label, label))
			return causes[cause].sentence;
	}
	return "a reason that this version does not know";
}

static void append_device(const json_t *row, char buf[static REASON_TEXT_SIZE])
{
	size_t len = strlen(buf);

	const char *device = json_text(row, "device");
	bool ownerless = !json_number(row, "cgroup_id") && !strcmp(json_text(row, "layer"), "device");

	if (*device)
		snprintf(buf + len, REASON_TEXT_SIZE - len, " (by device %s%s)", device,
			 ownerless ? ", when nobody knew whose it is" : "");
}

const char *reason_of_row(const json_t *row, char buf[static REASON_TEXT_SIZE])
{
	const char *label = json_text(row, "reason"), *rule = json_text(row, "rule");
	char sentence[SPECIAL_SENTENCE_SIZE];
	long long others = json_number(row, "others_total");
	struct egret_addr addr, meant;

	if (others)
		snprintf(buf, REASON_TEXT_SIZE, "%lld row%s of this subject made room for newer ones", others,
			 others == 1 ? "" : "s");
	else if (strcmp(label, reason_label(EGRET_REASON_SPECIAL_ADDRESS)) != 0 || !*rule ||
		 addr_parse(json_text(row, "address"), &addr))
		snprintf(buf, REASON_TEXT_SIZE, "%s", reason_sentence(label));
	else
		snprintf(buf, REASON_TEXT_SIZE, "%.250s:%lld %s", json_text(row, "file"), json_number(row, "line"),
			 special_sentence(json_text(row, "name"), &addr,
					  addr_parse(json_text(row, "nat64_address"), &meant) ? &addr : &meant, rule,
					  sentence));
	append_device(row, buf);
	return buf;
}

const char *builtin_label(uint32_t rule)
{
	return rule < EGRET_RULE_BUILTIN_COUNT ? builtins[rule].label : NULL;
}

const char *builtin_sentence(uint32_t rule)
{
	return rule < EGRET_RULE_BUILTIN_COUNT ? builtins[rule].sentence : NULL;
}
