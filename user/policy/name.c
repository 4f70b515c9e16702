/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

#define TEXT(x)    TEXT_OF(x)
#define TEXT_OF(x) #x

/* RFC 5890 section 2.3.1 (LDH labels), and the underscore that service names use (RFC 2782). */
static bool is_label_byte(unsigned char c)
{
	return isdigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static const char *byte_fault(const char *text, size_t len, size_t *ret_offset)
{
	size_t at = 0;

	while (at < len && (is_label_byte((unsigned char)text[at]) || text[at] == '.'))
		at++;
	*ret_offset = at;
	if (at == len)
		return NULL;
	if (len - at > 1 && !memcmp(text + at, "\xc2\xa0", 2))
		return "holds a no-break space, as web pages do; write a plain blank";
	if ((unsigned char)text[at] >= 0x80)
		return "is not in ASCII; write its A-label, which begins with xn--";
	return "holds a character that no name has; use letters, digits, hyphens, underscores and dots";
}

static const char *label_fault(const char *label, size_t len)
{
	if (!len)
		return "has an empty label; write one dot between two labels, and none in front";
	if (len > EGRET_LABEL_MAX)
		return "has a label of more than " TEXT(EGRET_LABEL_MAX) " bytes; no such name can exist (RFC 1035)";
	if (label[0] == '-' || label[len - 1] == '-')
		return "has a label that begins or ends with a hyphen; hyphens stand inside a label";
	return NULL;
}

/* Such a name would be taken for an address by one program and for a name by the next. */
static bool is_number(const char *label, size_t len)
{
	size_t at = 0;

	while (at < len && isdigit((unsigned char)label[at]))
		at++;
	return at == len;
}

const char *name_fault(const char *text, size_t len, size_t *ret_offset)
{
	const char *fault = byte_fault(text, len, ret_offset);
	size_t start = 0;

	if (fault)
		return fault;
	*ret_offset = 0;
	if (len > 1 && text[len - 1] == '.')
		len--;
	if (len > EGRET_NAME_MAX)
		return "is longer than " TEXT(EGRET_NAME_MAX) " bytes; no such name can exist (RFC 1035)";
	for (size_t at = 0; at <= len; at++) {
		if (at < len && text[at] != '.')
			continue;
		fault = label_fault(text + start, at - start);
		if (fault) {
			*ret_offset = start;
			return fault;
		}
		if (at == len && is_number(text + start, at - start))
			return "ends in a number, so it is an address, but not a valid one; "
			       "an IPv4 address has four numbers from 0 to 255";
		start = at + 1;
	}
	return NULL;
}

int policy_name_normalise(const char *text, size_t len, char **ret, const char **why)
{
	size_t offset;
	const char *fault = name_fault(text, len, &offset);
	char *name;

	if (fault) {
		*why = fault;
		return -EINVAL;
	}
	if (text[len - 1] == '.')
		len--;
	name = strndup(text, len);
	if (!name)
		return -ENOMEM;
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	*ret = name;
	return 0;
}

bool policy_dest_matches_name(const struct policy_dest *dest, const char *name)
{
	size_t name_len = strlen(name), suffix_len;

	if (dest->kind == POLICY_DEST_NAME)
		return strcmp(dest->name, name) == 0;
	if (dest->kind != POLICY_DEST_PATTERN)
		return false;
	suffix_len = strlen(dest->name);
	return name_len > suffix_len + 1 && name[name_len - suffix_len - 1] == '.' &&
	       strcmp(name + name_len - suffix_len, dest->name) == 0;
}
