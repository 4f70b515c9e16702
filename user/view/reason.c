// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "reason.h"

#include <string.h>

#include "egret_reasons.h"

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

const char *builtin_label(uint32_t rule)
{
	return rule < EGRET_RULE_BUILTIN_COUNT ? builtins[rule].label : NULL;
}

const char *builtin_sentence(uint32_t rule)
{
	return rule < EGRET_RULE_BUILTIN_COUNT ? builtins[rule].sentence : NULL;
}
