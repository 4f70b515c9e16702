// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "reason.h"

#include <stddef.h>

#include <stdio.h>

#include "../compile/special.h"
#include "egret_reasons.h"

struct words {
	const char *label, *sentence;
};

static const struct words reasons[] = {[EGRET_REASON_NONE] = {"", ""},
#define REASON_WORDS(symbol, label, sentence) [EGRET_REASON_##symbol] = {label, sentence},
				       EGRET_REASONS(REASON_WORDS)
#undef REASON_WORDS
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

const char *reason_sentence(uint32_t reason)
{
	return reason < EGRET_REASON_COUNT ? reasons[reason].sentence : "a reason that this version does not know";
}

const char *reason_of_special(const struct egret_rule_text *text, const char *name, const struct egret_addr *addr,
			      char buf[static REASON_SPECIAL_SIZE])
{
	char sentence[SPECIAL_SENTENCE_SIZE];

	snprintf(buf, REASON_SPECIAL_SIZE, "%.250s:%u %s", text->file, text->line,
		 special_sentence(name, addr, text->text, sentence));
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
