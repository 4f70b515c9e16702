// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/nameser.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

#define HEADER    12
#define CHAIN_MAX 32 /* as bpf/chain.h */

struct answer_record {
	char *owner;
	uint16_t type, class, data_len;
	uint32_t ttl_sec;
	size_t data;
};

/* What is read of the answer section, and where. */
struct section {
	const unsigned char *bytes;
	size_t len, first;
	unsigned int count;
	char *chain[CHAIN_MAX]; /* the asked name, and what it is an alias of */
	size_t chain_count;
	bool is_broken;
};

static uint16_t word_at(const unsigned char *bytes, size_t at)
{
	return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

/* The name at *at, and *at behind it; NULL: there is none. Its memory is c-ares'. */
static char *name_at(const struct section *section, size_t *at)
{
	char *name;
	long octets;

	if (*at >= section->len ||
	    ares_expand_name(section->bytes + *at, section->bytes, (int)section->len, &name, &octets) != ARES_SUCCESS)
		return NULL;
	*at += (size_t)octets;
	return name;
}

/* The record at *at, and *at behind it. False: it has no end. */
static bool record_at(const struct section *section, size_t *at, struct answer_record *ret)
{
	const unsigned char *bytes = section->bytes;
	char *owner = name_at(section, at);

	if (!owner)
		return false;
	if (*at + 10 > section->len || *at + 10 + word_at(bytes, *at + 8) > section->len) {
		ares_free_string(owner);
		return false;
	}
	*ret = (struct answer_record){
	    .owner = owner,
	    .type = word_at(bytes, *at),
	    .class = word_at(bytes, *at + 2),
	    .ttl_sec = (uint32_t)word_at(bytes, *at + 4) << 16 | word_at(bytes, *at + 6),
	    .data_len = word_at(bytes, *at + 8),
	    .data = *at + 10,
	};
	*at = ret->data + ret->data_len;
	return true;
}

static void chain_add(struct section *section, char *name)
{
	bool known = !name || section->chain_count == CHAIN_MAX;

	for (size_t i = 0; i < section->chain_count && !known; i++)
		known = !strcasecmp(section->chain[i], name);
	if (known)
		ares_free_string(name);
	else
		section->chain[section->chain_count++] = name;
}

static void addr_add(const unsigned char *data, enum family family, struct answer_addrs *ret)
{
	uint32_t v4;

	if (ret->count == NAME_MAX_ADDRS)
		return;
	if (family == FAMILY_A) {
		memcpy(&v4, data, sizeof(v4));
		ret->addrs[ret->count++] = addr_from_v4(v4);
	} else {
		memcpy(ret->addrs[ret->count++].bytes, data, sizeof(ret->addrs[0].bytes));
	}
}

/* A record of a name of the chain. Without a TTL that can be (RFC 2181 section 8) it is good for 0 s. */
static void record_take(struct section *section, const struct answer_record *record, enum family family,
			struct answer_addrs *ret)
{
	uint16_t type = family == FAMILY_A ? ns_t_a : ns_t_aaaa, len = family == FAMILY_A ? 4 : 16;
	uint32_t ttl_sec = record->ttl_sec > INT32_MAX ? 0 : record->ttl_sec;
	size_t data = record->data;

	if (record->type == ns_t_cname)
		chain_add(section, name_at(section, &data));
	else if (record->type == type && record->data_len == len)
		addr_add(section->bytes + data, family, ret);
	else
		return;
	if (ttl_sec < ret->ttl_sec)
		ret->ttl_sec = ttl_sec;
}

/* What all records say of one name of the chain. */
static void take_of(struct section *section, const char *name, enum family family, struct answer_addrs *ret)
{
	size_t at = section->first;

	for (unsigned int i = 0; i < section->count; i++) {
		struct answer_record record;

		if (!record_at(section, &at, &record)) {
			section->is_broken = true;
			return;
		}
		if (record.class == ns_c_in && !strcasecmp(record.owner, name))
			record_take(section, &record, family, ret);
		ares_free_string(record.owner);
	}
}

void answer_read(const unsigned char *answer, size_t len, enum family family, struct answer_addrs *ret)
{
	struct section section = {.bytes = answer, .len = len};
	size_t at = HEADER;

	ret->count = 0;
	ret->ttl_sec = UINT32_MAX;
	if (len < HEADER || word_at(answer, 4) != 1)
		return;
	section.count = word_at(answer, 6);
	chain_add(&section, name_at(&section, &at));
	section.first = at + 4;
	for (size_t i = 0; i < section.chain_count && !section.is_broken; i++)
		take_of(&section, section.chain[i], family, ret);
	for (size_t i = 0; i < section.chain_count; i++) {
		if (i && ret->alias && !section.is_broken)
			ret->alias(ret->context, section.chain[i]);
		ares_free_string(section.chain[i]);
	}
	if (section.is_broken)
		ret->count = 0;
}
