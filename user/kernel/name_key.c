// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "name_key.h"

#include <stddef.h>
#include <string.h>

#include "egret_policy.h"
#include "egret_subject.h"

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

uint64_t path_key(const char *path, const __u64 *hash_keys)
{
	uint64_t key = egret_path_key_begin(hash_keys);

	for (; path[0] && strcmp(path, "/") != 0; path++)
		key = egret_key_octet(key, (uint8_t)*path, hash_keys);
	return egret_path_key_end(key);
}

size_t name_domains(const char *text, const __u64 *hash_keys, __u64 *ret, size_t max)
{
	const char *end = text + strlen(text);
	uint64_t key = 0;
	size_t count = 0;

	while (count < max) {
		const char *label = end;

		while (label > text && label[-1] != '.')
			label--;
		if (label == text) /* the name itself */
			break;
		key = egret_key_label(key, label_key(label, (size_t)(end - label), hash_keys), hash_keys);
		ret[count++] = key;
		end = label - 1;
	}
	return count;
}

uint64_t name_speaker(uint64_t name, const __u64 *domains, size_t count, const __u64 *hash_keys,
		      bool (*has)(const void *policy, uint64_t key), const void *policy)
{
	uint64_t found = 0;

	if (name && has(policy, name))
		return name;
	for (size_t i = 0; i < count && domains[i]; i++) {
		uint64_t pattern = egret_key_pattern(domains[i], hash_keys);

		if (has(policy, pattern))
			found = pattern;
	}
	return found;
}
