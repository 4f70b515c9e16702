// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "find.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ares.h>

#include "base/addr.h"
#include "hints.h"

#define HEADER       12
#define FLAG_CUT     0x0200
#define TYPE_A       1
#define TYPE_CNAME   5
#define TYPE_AAAA    28
#define TYPE_ANY     255
#define TYPE_UNKNOWN 0xfff0 /* for private use: RFC 6895 section 3.1 */
#define CLASS_IN     1
#define MAX_RECORDS  96 /* as many as Egret reads */

struct record {
	char *owner, *alias; /* alias: of a CNAME whose target can be read, else NULL */
	size_t at;           /* of the type */
	uint16_t type, class, data_len;
	size_t data;
	bool followed;
};

/* The answer section of a message. */
struct section {
	const uint8_t *bytes;
	size_t len;
	char *asked;
	struct record records[MAX_RECORDS];
	size_t count, end; /* of what is whole; where it ends */
	bool whole;        /* all records are */
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

static bool sets_equal(const struct addr_set *a, const struct addr_set *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!addr_set_has(b, &a->addrs[i]))
			return false;
	return a->count == b->count;
}

/* --- reading --- */

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

static bool record_read(struct section *section, struct record *ret)
{
	size_t at = section->end, data;

	*ret = (struct record){.owner = expand(section->bytes, section->len, &at)};
	if (!ret->owner)
		return false;
	if (at + 10 > section->len || at + 10 + word_at(section->bytes, at + 8) > section->len) {
		ares_free_string(ret->owner);
		return false;
	}
	ret->at = at;
	ret->type = word_at(section->bytes, at);
	ret->class = word_at(section->bytes, at + 2);
	ret->data_len = word_at(section->bytes, at + 8);
	data = ret->data = at + 10;
	if (ret->type == TYPE_CNAME && ret->class == CLASS_IN)
		ret->alias = expand(section->bytes, section->len, &data);
	section->end = ret->data + ret->data_len;
	if (ret->alias && data != section->end) {
		ares_free_string(ret->alias);
		ret->alias = NULL;
	}
	return true;
}

/* Is it an answer to @asked? */
static bool section_opens(struct section *section, const struct asked *asked)
{
	size_t at = HEADER;

	if (section->len < HEADER || word_at(section->bytes, 0) != asked->id || word_at(section->bytes, 4) != 1)
		return false;
	section->asked = expand(section->bytes, section->len, &at);
	section->end = at + 4;
	return section->asked && at + 4 <= section->len && !strcasecmp(section->asked, asked->name) &&
	       word_at(section->bytes, at) == asked->type;
}

static bool section_read(struct section *section, const uint8_t *bytes, size_t len, const struct asked *asked)
{
	size_t count;

	*section = (struct section){.bytes = bytes, .len = len};
	if (!section_opens(section, asked))
		return false;
	count = word_at(bytes, 6) < MAX_RECORDS ? word_at(bytes, 6) : MAX_RECORDS;
	while (section->count < count && record_read(section, &section->records[section->count]))
		section->count++;
	section->whole = section->count == count;
	return true;
}

static void section_free(struct section *section)
{
	for (size_t i = 0; i < section->count; i++) {
		ares_free_string(section->records[i].owner);
		ares_free_string(section->records[i].alias);
	}
	ares_free_string(section->asked);
}

/* --- what of it counts --- */

static void record_take(const struct section *section, const struct record *record, uint16_t asked_type,
			struct addr_set *ret)
{
	const uint8_t *data = section->bytes + record->data;

	if (record->class != CLASS_IN || (record->type != asked_type && asked_type != TYPE_ANY))
		return;
	if (record->type == TYPE_A && record->data_len == 4)
		set_add(ret, AF_INET, data);
	if (record->type == TYPE_AAAA && record->data_len == 16)
		set_add(ret, AF_INET6, data);
	if (record->type == TYPE_HTTPS || record->type == TYPE_SVCB)
		hints_each(data, record->data_len, set_add, ret);
}

/* The records of @name, and of all that it is an alias of, wherever they stand. */
static void take_from(struct section *section, const char *name, uint16_t asked_type, struct addr_set *ret)
{
	for (size_t i = 0; i < section->count; i++) {
		struct record *record = &section->records[i];

		if (strcasecmp(record->owner, name))
			continue;
		record_take(section, record, asked_type, ret);
		if (!record->alias || record->followed)
			continue;
		record->followed = true;
		take_from(section, record->alias, asked_type, ret);
	}
}

/* What c-ares takes for one. A label of one NUL octet ends the text that it makes. */
static bool is_host_name(const char *name)
{
	static const char octets[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/";
	size_t len = strlen(name);

	return len && name[len - 1] != '.' && strspn(name, octets) == len;
}

/* The records of the name that the aliases before them lead to: c-ares' parser looks for no others. All other aliases
 * are taken out of @copy. False: an alias is no host name. */
static bool take_in_order(const struct section *section, uint16_t asked_type, uint8_t *copy, struct addr_set *ret)
{
	const char *current = section->asked;
	bool host_names = true;

	for (size_t i = 0; i < section->count; i++) {
		const struct record *record = &section->records[i];
		bool ours = !strcasecmp(record->owner, current);

		if (ours)
			record_take(section, record, asked_type, ret);
		if (record->type != TYPE_CNAME || record->class != CLASS_IN)
			continue;
		if (!ours || !record->alias) {
			put_word(copy, record->at, TYPE_UNKNOWN);
			continue;
		}
		current = record->alias;
		host_names &= is_host_name(current);
	}
	return host_names;
}

/* --- c-ares' parser --- */

static void take_host(struct hostent *host, struct addr_set *ret)
{
	for (char **addr = host->h_addr_list; *addr; addr++)
		set_add(ret, host->h_addrtype, *addr);
	ares_free_hostent(host);
}

/* False: it says nothing of this answer. */
static bool parse(const uint8_t *bytes, size_t len, uint16_t asked_type, struct addr_set *ret)
{
	struct hostent *host;
	int status;

	if (asked_type == TYPE_A)
		status = ares_parse_a_reply(bytes, len, &host, NULL, NULL);
	else
		status = ares_parse_aaaa_reply(bytes, len, &host, NULL, NULL);
	if (status == ARES_SUCCESS)
		take_host(host, ret);
	return status != ARES_EBADRESP;
}

/* Is an alias that was left in gone, because its name lies behind the last record? An alias of itself leads to the same
 * addresses all the same. */
static bool loses_alias(const struct section *edited, const struct section *section)
{
	for (size_t i = 0; i < edited->count; i++) {
		if (edited->records[i].type == TYPE_CNAME && !edited->records[i].alias && section->records[i].alias)
			return true;
	}
	return false;
}

/* A name may lie in what was taken out, or go on behind the last record: then the records of the copy read otherwise.
 */
static bool is_entangled(const uint8_t *copy, const struct section *section, const struct asked *asked,
			 const struct addr_set *before)
{
	struct addr_set again = {.count = 0};
	struct section edited;
	bool same = section_read(&edited, copy, section->end, asked) && edited.count == section->count &&
		    !loses_alias(&edited, section);

	if (same)
		take_from(&edited, edited.asked, asked->type, &again);
	section_free(&edited);
	return !same || !sets_equal(&again, before);
}

/* Of a section whose addresses were found: what the parser says of them, where the order is one that it follows. */
static void find_by_parser(const struct section *section, const struct asked *asked, struct found *ret)
{
	static uint8_t copy[FIND_MAX_MESSAGE];
	struct addr_set in_order = {.count = 0};
	bool host_names;

	ret->unparsed = true;
	if (asked->type != TYPE_A && asked->type != TYPE_AAAA)
		return;
	memcpy(copy, section->bytes, section->len);
	put_word(copy, 6, section->count);
	host_names = take_in_order(section, asked->type, copy, &in_order);
	if (!sets_equal(&in_order, &ret->walked) || is_entangled(copy, section, asked, &ret->walked))
		return;
	ret->unparsed = !parse(copy, section->end, asked->type, &ret->parsed) && !host_names;
}

void find_addrs(const uint8_t *answer, size_t len, const struct asked *asked, struct found *ret)
{
	struct section section;
	bool is_cut;

	ret->walked.count = ret->parsed.count = 0;
	ret->unparsed = false;
	if (len < HEADER || len > FIND_MAX_MESSAGE)
		return;
	is_cut = word_at(answer, 2) & FLAG_CUT || len >= EGRET_DNS_BYTES;
	if (len > EGRET_DNS_BYTES)
		len = EGRET_DNS_BYTES;
	if (section_read(&section, answer, len, asked) && (section.whole || is_cut)) {
		take_from(&section, section.asked, asked->type, &ret->walked);
		find_by_parser(&section, asked, ret);
	}
	section_free(&section);
}
