// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "refusal.h"

#include <stdio.h>
#include <string.h>

#include "egret_family.h"
#include "egret_reasons.h"

static const char *const families_by_number[EGRET_FAMILY_MOST + 1] = {
#define FAMILY(number, word) [number] = word,
    EGRET_FAMILIES(FAMILY)
#undef FAMILY
};

static const char *const options_by_number[EGRET_OPTION_COUNT] = {
#define OPTION(symbol, word) [EGRET_OPTION_##symbol] = word,
    EGRET_OPTIONS(OPTION)
#undef OPTION
};

bool refusal_is(uint32_t reason)
{
	return reason == EGRET_REASON_FAMILY || reason == EGRET_REASON_OPTION;
}

/* NULL: a number without a word. */
static const char *word_of(uint32_t family)
{
	return family <= EGRET_FAMILY_MOST ? families_by_number[family] : NULL;
}

const char *refusal_words(uint32_t reason, uint32_t number, char buf[static REFUSAL_SIZE])
{
	uint32_t family = number & (EGRET_FAMILY_SENDS - 1);
	char unnamed[16];
	const char *word = word_of(family);

	snprintf(unnamed, sizeof(unnamed), "%u", family);
	word = word ? word : unnamed;
	if (reason == EGRET_REASON_OPTION)
		snprintf(buf, REFUSAL_SIZE, "option %s",
			 number < EGRET_OPTION_COUNT && number ? options_by_number[number] : "unknown");
	else if (number == EGRET_PROTOCOL_L2TP + EGRET_FAMILY_PROTOCOL)
		snprintf(buf, REFUSAL_SIZE, "protocol l2tp");
	else if (number & EGRET_FAMILY_SENDS)
		snprintf(buf, REFUSAL_SIZE, "%s sends", word);
	else
		snprintf(buf, REFUSAL_SIZE, "socket %s", word);
	return buf;
}

static void append(const char *word, char *buf, size_t size)
{
	size_t len = strlen(buf);

	if (len < size)
		snprintf(buf + len, size - len, " %s", word);
}

static void families_line(uint64_t families, char *buf, size_t size)
{
	snprintf(buf, size, "set families =");
	for (uint32_t family = 0; family <= EGRET_FAMILY_MOST; family++) {
		if (!word_of(family) || !(families & egret_family_bit(family)))
			continue;
		if (family == EGRET_FAMILY_PACKET && !(families & EGRET_FAMILIES_SEND_FRAMES))
			append("packet-listen", buf, size);
		else
			append(word_of(family), buf, size);
	}
}

void refusal_line(uint32_t reason, uint32_t number, uint64_t families, bool is_pod, char *buf, size_t size)
{
	uint32_t family = number & (EGRET_FAMILY_SENDS - 1);

	buf[0] = '\0';
	if (reason == EGRET_REASON_OPTION && !egret_option_leads_past(number)) {
		snprintf(buf, size, "set foreign_sources = %s", is_pod ? "all" : "host");
	} else if (reason == EGRET_REASON_FAMILY && number < EGRET_FAMILY_PROTOCOL && word_of(family)) {
		families |= egret_family_bit(family);
		if (family == EGRET_FAMILY_PACKET && number & EGRET_FAMILY_SENDS)
			families |= EGRET_FAMILIES_SEND_FRAMES;
		families_line(families, buf, size);
	}
}
