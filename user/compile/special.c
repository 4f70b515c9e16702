/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "egret_special.h"
#include "special.h"

#define KIND_V4(a, b, c, d, prefix_len, private, kind)                                                                 \
	if (egret_v4_is_in(v4, egret_v4_of(a, b, c, d), prefix_len))                                                   \
		return kind;
#define KIND_V6(first, second, third, last, prefix_len, private, kind)                                                 \
	if (egret_v6_is_in(high, low, egret_v6_high_of(first, second, third), last, prefix_len))                       \
		return kind;

/* The first row that holds the address. */
static const char *kind_v4(uint32_t v4)
{
	EGRET_SPECIAL_V4(KIND_V4)
	return NULL;
}

static const char *kind_v6(uint64_t high, uint64_t low)
{
	EGRET_SPECIAL_V6(KIND_V6)
	return NULL;
}

const char *addr_special_kind(const struct egret_addr *addr)
{
	if (egret_addr_is_mapped_v4(addr))
		return kind_v4((uint32_t)egret_half_of(addr, 1));
	return kind_v6(egret_half_of(addr, 0), egret_half_of(addr, 1));
}

/* What stands behind the destination of a rule, without `private`, which is about names. */
static void copy_rest(const char *rule_text, char *to, size_t size)
{
	static const char audit[] = "audit ";
	size_t len = 0, words = 0;

	if (!strncmp(rule_text, audit, strlen(audit)))
		rule_text += strlen(audit);
	for (const char *at = rule_text; *at; words++) {
		size_t word = strcspn(at, " ");

		if (words >= 2 && (word != strlen("private") || strncmp(at, "private", word) != 0) &&
		    len + word + 2 < size)
			len += (size_t)snprintf(to + len, size - len, " %.*s", (int)word, at);
		at += word;
		at += strspn(at, " ");
	}
	to[len] = '\0';
}

const char *special_line(const struct egret_addr *addr, const char *rule_text, char *buf, size_t size)
{
	char text[ADDR_TEXT_SIZE], rest[EGRET_RULE_TEXT_SIZE];

	copy_rest(rule_text, rest, sizeof(rest));
	snprintf(buf, size, "allow %s%s", addr_format(addr, text), rest);
	return buf;
}

const char *special_sentence(const char *name, const struct egret_addr *addr, const struct egret_addr *meant,
			     const char *rule_text, char buf[static SPECIAL_SENTENCE_SIZE])
{
	const char *kind = addr_special_kind(meant);
	char text[ADDR_TEXT_SIZE], v4_text[ADDR_TEXT_SIZE], line[SPECIAL_LINE_SIZE];
	bool translated = !addr_equal(addr, meant);

	snprintf(buf, SPECIAL_SENTENCE_SIZE, "names %s, but %s is %s%s%s, which a name may not bring in: add `%s`%s",
		 name, addr_format(addr, text), translated ? addr_format(meant, v4_text) : "",
		 translated ? " behind NAT64, " : "", kind ? kind : "an internal address",
		 special_line(addr, rule_text, line, sizeof(line)),
		 egret_addr_is_private(meant) ? ", or `private` behind the rule's ports" : ", if it is meant");
	return buf;
}
