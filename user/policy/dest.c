/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "loader.h"

/* "*.", a name, its trailing dot and the NUL. */
#define DEST_TEXT_SIZE (EGRET_NAME_MAX + 4)

bool cidr_swallows_v4(const struct cidr *cidr)
{
	const struct cidr mapped = {.addr = addr_from_v4(0), .prefix_len = 96};

	return cidr->prefix_len < mapped.prefix_len && cidr_covers(cidr, &mapped);
}

/* A pasted URL: says the statement that it stands for. */
static int report_url(struct loader *loader, const struct word *word, const char *separator)
{
	const char *end = word->text + word->len, *host = separator + 3, *stop = host;
	bool plain = !strncasecmp(word->text, "http:", 5);
	int port_len = 0;

	while (stop < end && !strchr("/:?#,", *stop))
		stop++;
	while (stop + 1 + port_len < end && isdigit((unsigned char)stop[1 + port_len]))
		port_len++;
	if (stop == end || *stop != ':')
		port_len = 0;
	report(loader, word->column, "a destination is a name or an address, not a URL; write `%.*s %s:%.*s`",
	       (int)(stop - host < EXCERPT_MAX ? stop - host : EXCERPT_MAX), host, plain ? "http" : "https",
	       port_len ? port_len : (plain ? 2 : 3), port_len ? stop + 1 : (plain ? "80" : "443"));
	return -EINVAL;
}

/* "x:443", "[::1]:443", "tcp:443", or not an address. */
static int report_colon(struct loader *loader, const struct word *word)
{
	const char *colon = memchr(word->text, ':', word->len), *bracket = memchr(word->text, ']', word->len);
	size_t host_len = colon ? (size_t)(colon - word->text) : word->len;
	struct word host = word_part(word, 0, host_len);
	struct policy_port port;

	if (word->text[0] == '[' && bracket) {
		host = word_part(word, 1, (size_t)(bracket - word->text) - 1);
		report(loader, word->column, "an address stands without brackets and port; write `%.*s tcp:443`",
		       EXCERPT(&host));
	} else if (!colon || memchr(colon + 1, ':', word->len - host_len - 1)) {
		report(loader, word->column, "`%.*s` is not an IPv6 address; write one like 2001:db8::1",
		       EXCERPT(word));
	} else if (!policy_port_parse(word->text, &port)) {
		report(loader, word->column, "`%.*s` is a port where the destination belongs; write `DEST %.*s`",
		       EXCERPT(word), EXCERPT(word));
	} else {
		struct word tail = word_part(word, host_len + 1, word->len - host_len - 1);

		report(loader, word_part(word, host_len, 0).column,
		       "the port stands behind the destination; write `%.*s tcp:%.*s`", EXCERPT(&host), EXCERPT(&tail));
	}
	return -EINVAL;
}

static int parse_cidr(struct loader *loader, const struct word *word, struct policy_dest *ret)
{
	size_t host_len = strcspn(word->text, "/");
	struct word host = word_part(word, 0, host_len), prefix = word_part(word, host_len, word->len - host_len);
	char right[ADDR_TEXT_SIZE], head[DEST_TEXT_SIZE];
	struct egret_addr addr;
	struct cidr cidr;
	int error = cidr_parse(word->text, &cidr);

	if (error == -EDOM) {
		report(loader, word->column, "`%.*s` has bits set behind its prefix; write `%s`", EXCERPT(word),
		       cidr_format(&cidr, right));
		return -EINVAL;
	}
	if (!error && cidr_swallows_v4(&cidr)) {
		report(loader, word->column,
		       "`%.*s` holds all of IPv4 too, in its mapped form; write `2000::/3` for the IPv6 internet, "
		       "`0.0.0.0/0` for IPv4",
		       EXCERPT(word));
		return -EINVAL;
	}
	if (!error) {
		*ret = (struct policy_dest){.kind = POLICY_DEST_CIDR, .cidr = cidr};
		return 0;
	}

	memcpy(head, host.text, host.len);
	head[host.len] = '\0';
	if (!addr_parse(head, &addr))
		report(loader, prefix.column, "`%.*s` is not a prefix length; write /0 to /%d", EXCERPT(&prefix),
		       strchr(head, ':') ? 128 : 32);
	else if (strspn(head, "0123456789.") == host.len || strchr(head, ':'))
		report(loader, word->column, "`%.*s` is not a CIDR; write one like 10.0.0.0/8 or 2001:db8::/32",
		       EXCERPT(word));
	else
		report(loader, prefix.column, "a name has no path; write `%.*s`", EXCERPT(&host));
	return -EINVAL;
}

static int parse_name(struct loader *loader, const struct word *word, char **ret)
{
	size_t offset;
	const char *fault = name_fault(word->text, word->len, &offset);

	if (fault) {
		report(loader, word_part(word, offset, 0).column, "`%.*s` %s", EXCERPT(word), fault);
		return -EINVAL;
	}
	return policy_name_normalise(word->text, word->len, ret, &fault);
}

static int parse_pattern(struct loader *loader, const struct word *word, struct policy_dest *ret)
{
	const char *star = memchr(word->text, '*', word->len);
	struct word below, tail = word_part(word, word->len, 0);
	unsigned int column = word_part(word, (size_t)(star - word->text), 0).column;
	bool more = strchr(star + 1, '*') != NULL;
	int error;

	if (word->len > 2 && word->text[0] == '*' && word->text[1] == '.' && !more) {
		below = word_part(word, 2, word->len - 2);
		error = parse_name(loader, &below, &ret->name);
		if (!error)
			ret->kind = POLICY_DEST_PATTERN;
		return error;
	}
	if (word->len <= 2 && star == word->text && !more) {
		report(loader, column,
		       "`%.*s` would be every name; write `*.x` for the names below x, or CIDRs for addresses",
		       EXCERPT(word));
		return -EINVAL;
	}

	tail = word_part(word, strspn(word->text, "*."), 0);
	tail.len = word->len - (size_t)(tail.text - word->text);
	if (more)
		report(loader, column, "one `*` takes any number of labels already; write `*.x` with a single one");
	else if (star == word->text)
		report(loader, column,
		       "`%.*s` would be names like `evil%.*s` too; write `*.%.*s`, and `%.*s` itself if it is meant",
		       EXCERPT(word), EXCERPT(&tail), EXCERPT(&tail), EXCERPT(&tail));
	else if (star[1] == '\0' || !strcmp(star + 1, "."))
		report(loader, column, "`%.*s` would be names under every top-level domain; name each of them",
		       EXCERPT(word));
	else
		report(loader, column, "a `*` stands for whole labels, and only in front; write `*.x`");
	return -EINVAL;
}

/* A word that is neither name nor address: the finding says what it looks like. */
static int refuse_foreign(struct loader *loader, const struct word *word)
{
	const char *url = memmem(word->text, word->len, "://", 3);

	if (!word->len) {
		report(loader, word->column, "a destination is empty; write a list as `a,b`, without blanks");
		return -EINVAL;
	}
	if (url)
		return report_url(loader, word, url);
	if (word_is(word, "any")) {
		report(loader, word->column, "`any` is no destination; write `0.0.0.0/0,2000::/3` for every address");
		return -EINVAL;
	}
	if (word->len >= DEST_TEXT_SIZE) {
		report(loader, word->column, "`%.*s...` is longer than a name can be; at most %d bytes (RFC 1035)",
		       EXCERPT(word), EGRET_NAME_MAX);
		return -EINVAL;
	}
	return 0;
}

/* fe80::1%eth0, or fe80::%eth0/64. */
static int refuse_zone(struct loader *loader, const struct word *word, const char *text)
{
	size_t address_len = strcspn(text, "%"), zone_len = strcspn(text + address_len, "/");
	struct word zone = word_part(word, address_len, zone_len);

	report(loader, zone.column, "only a `resolver` has a zone (`%.*s`), a rule is for all links; write `%.*s%s`",
	       EXCERPT(&zone), (int)address_len, text, text + address_len + zone_len);
	return -EINVAL;
}

int dest_parse(struct loader *loader, const struct word *word, struct policy_dest *ret)
{
	struct policy_dest dest = {0};
	char text[DEST_TEXT_SIZE];
	struct word copy = *word;
	int error = refuse_foreign(loader, word);

	if (error)
		return error;
	memcpy(text, word->text, word->len);
	text[word->len] = '\0';
	copy.text = text;

	if (strchr(text, '%') && strchr(text, ':'))
		return refuse_zone(loader, word, text);
	if (!addr_parse(text, &dest.cidr.addr))
		dest.cidr.prefix_len = 128;
	else if (strchr(text, '*'))
		error = parse_pattern(loader, &copy, &dest);
	else if (strchr(text, '/'))
		error = parse_cidr(loader, &copy, &dest);
	else if (strpbrk(text, ":["))
		error = report_colon(loader, &copy);
	else if (!(error = parse_name(loader, &copy, &dest.name)))
		dest.kind = POLICY_DEST_NAME;
	if (!error)
		*ret = dest;
	return error;
}

const char *policy_dest_format(const struct policy_dest *dest, char buf[static 256])
{
	if (dest->kind == POLICY_DEST_CIDR)
		return cidr_format(&dest->cidr, buf);
	snprintf(buf, 256, "%s%s", dest->kind == POLICY_DEST_PATTERN ? "*." : "", dest->name);
	return buf;
}
