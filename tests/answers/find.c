// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "find.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ares.h>

#include "base/addr.h"

#define HEADER       12
#define TYPE_A       1
#define TYPE_CNAME   5
#define TYPE_AAAA    28
#define TYPE_UNKNOWN 0xfff0 /* for private use: RFC 6895 section 3.1 */
#define CLASS_IN     1
#define MAX_RECORDS  96 /* as many as Egret reads */

struct record {
	char *owner;
	size_t at; /* of the type */
	uint16_t type, class, data_len;
	size_t data;
};

struct walk {
	const uint8_t *bytes;
	uint8_t *copy; /* where the aliases of strangers are taken out */
	size_t len, at;
	char *current; /* the asked name, or what it is an alias of */
	struct addr_set *ret;
	bool edited;    /* a stranger's alias was taken out */
	bool odd_alias; /* an alias is no host name */
};

static uint16_t word_at(const uint8_t *bytes, size_t at)
{
	return bytes[at] << 8 | bytes[at + 1];
}

static void put_word(uint8_t *bytes, size_t at, uint16_t value)
{
	bytes[at] = value >> 8;
	bytes[at + 1] = value;
}

bool addr_set_has(const struct addr_set *set, const struct egret_addr *addr)
{
	for (size_t i = 0; i < set->count; i++)
		if (addr_equal(&set->addrs[i], addr))
			return true;
	return false;
}

bool found_has(const struct found *found, const struct egret_addr *addr)
{
	return addr_set_has(&found->walked, addr) && (found->unparsed || addr_set_has(&found->parsed, addr));
}

static void set_add(struct addr_set *set, int family, const void *octets)
{
	struct egret_addr addr = {0};

	if (family == AF_INET) {
		memset(addr.bytes + 10, 0xff, 2);
		memcpy(addr.bytes + 12, octets, 4);
	} else {
		memcpy(addr.bytes, octets, 16);
	}
	if (set->count == FIND_MAX_ADDRS)
		abort();
	if (!addr_set_has(set, &addr))
		set->addrs[set->count++] = addr;
}

/* The name at *at, as c-ares reads it; *at moves behind it. NULL: it is none. */
static char *expand(const uint8_t *bytes, size_t len, size_t *at)
{
	char *name;
	long octets;

	if (*at >= len || ares_expand_name(bytes + *at, bytes, len, &name, &octets) != ARES_SUCCESS)
		return NULL;
	*at += octets;
	return name;
}

/* --- the walk --- */

static bool record_next(struct walk *walk, struct record *ret)
{
	size_t at = walk->at;

	ret->owner = expand(walk->bytes, walk->len, &at);
	if (!ret->owner)
		return false;
	if (at + 10 <= walk->len && at + 10 + word_at(walk->bytes, at + 8) <= walk->len) {
		ret->at = at;
		ret->type = word_at(walk->bytes, at);
		ret->class = word_at(walk->bytes, at + 2);
		ret->data_len = word_at(walk->bytes, at + 8);
		ret->data = at + 10;
		walk->at = ret->data + ret->data_len;
		return true;
	}
	ares_free_string(ret->owner);
	return false;
}

/* What c-ares takes for one. A label of one NUL octet ends the text that it makes. */
static bool is_host_name(const char *name)
{
	static const char octets[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/";
	size_t len = strlen(name);

	return len && name[len - 1] != '.' && strspn(name, octets) == len;
}

static bool follow(struct walk *walk, size_t at)
{
	char *alias = expand(walk->bytes, walk->len, &at);

	if (!alias)
		return false;
	walk->odd_alias |= !is_host_name(alias);
	ares_free_string(walk->current);
	walk->current = alias;
	return true;
}

static bool record_take(struct walk *walk, const struct record *record)
{
	bool ours = !strcasecmp(record->owner, walk->current);

	if (record->class != CLASS_IN)
		return true;
	if (record->type == TYPE_CNAME) {
		if (ours)
			return follow(walk, record->data);
		put_word(walk->copy, record->at, TYPE_UNKNOWN);
		walk->edited = true;
		return true;
	}
	if (ours && record->type == TYPE_A && record->data_len == 4)
		set_add(walk->ret, AF_INET, walk->bytes + record->data);
	if (ours && record->type == TYPE_AAAA && record->data_len == 16)
		set_add(walk->ret, AF_INET6, walk->bytes + record->data);
	return true;
}

static bool walk_records(struct walk *walk)
{
	size_t count = word_at(walk->bytes, 6);

	for (size_t i = 0; i < count && i < MAX_RECORDS; i++) {
		struct record record;
		bool good;

		if (!record_next(walk, &record))
			return false;
		good = record_take(walk, &record);
		ares_free_string(record.owner);
		if (!good)
			return false;
	}
	return true;
}

/* Is it an answer to @asked? Then @walk stands at the first record. */
static bool walk_opens(struct walk *walk, const struct asked *asked)
{
	size_t at = HEADER;

	if (walk->len < HEADER || word_at(walk->bytes, 0) != asked->id || word_at(walk->bytes, 4) != 1)
		return false;
	walk->current = expand(walk->bytes, walk->len, &at);
	if (!walk->current || at + 4 > walk->len || strcasecmp(walk->current, asked->name) ||
	    word_at(walk->bytes, at) != asked->type)
		return false;
	walk->at = at + 4;
	return true;
}

/* False: this is no answer to @asked, or it ends within a record. */
static bool walk_answer(struct walk *walk, const struct asked *asked)
{
	bool whole = walk_opens(walk, asked) && walk_records(walk);

	ares_free_string(walk->current);
	if (!whole)
		walk->ret->count = 0;
	return whole;
}

/* --- c-ares' parser --- */

static void take_host(struct hostent *host, struct addr_set *ret)
{
	for (char **addr = host->h_addr_list; *addr; addr++)
		set_add(ret, host->h_addrtype, *addr);
	ares_free_hostent(host);
}

static void parse(const uint8_t *bytes, size_t len, bool odd_alias, struct found *ret)
{
	struct hostent *host;
	int status = ares_parse_a_reply(bytes, len, &host, NULL, NULL);

	if (status == ARES_SUCCESS)
		take_host(host, &ret->parsed);
	ret->unparsed = status == ARES_EBADRESP && odd_alias;
	if (ares_parse_aaaa_reply(bytes, len, &host, NULL, NULL) == ARES_SUCCESS)
		take_host(host, &ret->parsed);
}

static bool sets_equal(const struct addr_set *a, const struct addr_set *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!addr_set_has(b, &a->addrs[i]))
			return false;
	return a->count == b->count;
}

/* A name may lie in what was taken out: then the records of the copy read otherwise. */
static bool is_entangled(uint8_t *copy, size_t len, const struct asked *asked, const struct addr_set *before)
{
	struct addr_set again = {.count = 0};
	struct walk walk = {.bytes = copy, .copy = copy, .len = len, .ret = &again};

	return !walk_answer(&walk, asked) || walk.edited || !sets_equal(&again, before);
}

void find_addrs(const uint8_t *answer, size_t len, const struct asked *asked, struct found *ret)
{
	static uint8_t copy[FIND_MAX_MESSAGE];
	struct walk walk = {.bytes = answer, .copy = copy, .len = len, .ret = &ret->walked};

	ret->walked.count = ret->parsed.count = 0;
	ret->unparsed = false;
	if (len < HEADER || len > sizeof(copy))
		return;
	memcpy(copy, answer, len);
	if (word_at(copy, 6) > MAX_RECORDS)
		put_word(copy, 6, MAX_RECORDS);
	if (!walk_answer(&walk, asked))
		return;
	if (walk.edited && is_entangled(copy, len, asked, &ret->walked))
		ret->unparsed = true;
	else
		parse(copy, len, walk.odd_alias, ret);
}
