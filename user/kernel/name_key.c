// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "name_key.h"

#include <stddef.h>
#include <string.h>

#include "egret_policy.h"

static uint64_t label_key(const char *label, size_t len, const __u64 *hash_keys)
{
	uint64_t key = egret_key_length((uint8_t)len);

	for (size_t i = 0; i < len; i++)
		key = egret_key_octet(key, (uint8_t)label[i], hash_keys);
	return key;
}

uint64_t name_key(const char *text, const __u64 *hash_keys)
{
	int is_pattern = !strncmp(text, "*.", 2);
	const char *first = is_pattern ? text + 2 : text, *end = first + strlen(first);
	uint64_t key = 0;

	/* From the root on, that is, the last label first. */
	while (end > first) {
		const char *label = end;

		while (label > first && label[-1] != '.')
			label--;
		key = egret_key_label(key, label_key(label, (size_t)(end - label), hash_keys), hash_keys);
		end = label > first ? label - 1 : first;
	}
	return is_pattern ? egret_key_pattern(key, hash_keys) : key;
}

void name_suffixes(const char *text, const __u64 *hash_keys, __u64 ret[static EGRET_SUFFIXES])
{
	size_t count = 0;

	memset(ret, 0, EGRET_SUFFIXES * sizeof(*ret));
	for (const char *dot = text + strlen(text); dot > text && count < EGRET_SUFFIXES;) {
		do
			dot--;
		while (dot > text && *dot != '.');
		if (dot > text)
			ret[count++] = name_key(dot + 1, hash_keys);
	}
}
