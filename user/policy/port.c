/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "loader.h"
#include "egret_policy.h"

static const struct port_kind {
	const char *name;
	uint8_t l4_proto, app;
	bool numbered;
	const char *example; /* when the port is missing */
} kinds[] = {
    {"tcp", IPPROTO_TCP, EGRET_APP_NONE, true, "tcp:443` or `tcp:1-65535"},
    {"udp", IPPROTO_UDP, EGRET_APP_NONE, true, "udp:123` or `udp:1-65535"},
    {"sctp", IPPROTO_SCTP, EGRET_APP_NONE, true, "sctp:3868` or `sctp:1-65535"},
    {"https", IPPROTO_TCP, EGRET_APP_HTTPS, true, "https:443"},
    {"http", IPPROTO_TCP, EGRET_APP_HTTP, true, "http:80"},
    {"icmp", IPPROTO_ICMP, EGRET_APP_NONE, false, NULL},
    {"any", EGRET_L4_ANY, EGRET_APP_NONE, false, NULL},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* Without case: tables that people copy from write "HTTPS:443". */
static const struct port_kind *find_kind(const char *text, size_t len)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strlen(kinds[i].name) == len && !strncasecmp(kinds[i].name, text, len))
			return &kinds[i];
	}
	return NULL;
}

static struct policy_port all_ports(const struct port_kind *kind)
{
	return (struct policy_port){.l4_proto = kind->l4_proto, .app = kind->app, .lo = 0, .hi = UINT16_MAX};
}

static const char *number_fault(const char *text, size_t len, uint16_t *ret)
{
	unsigned int value = 0;

	if (!len)
		return "has no number; write it without blanks, like `tcp:443`, `tcp:80,443` or `tcp:8000-8999`";
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return "is not a port number; write one from 1 to 65535, a range `8000-8999` or a list "
			       "`80,443`";
		value = value * 10 + (unsigned int)(text[i] - '0');
		if (value > UINT16_MAX)
			return "is more than a port can be; the last one is 65535";
	}
	if (!value)
		return "is no port that a packet can be sent to; the first one is 1";
	*ret = (uint16_t)value;
	return NULL;
}

/* "N" or "N-M". @ret_offset is where the fault stands. */
static const char *range_fault(const char *text, size_t len, size_t *ret_offset, struct policy_port *ret)
{
	const char *dash = memchr(text, '-', len);
	size_t lo_len = dash ? (size_t)(dash - text) : len;
	const char *fault = number_fault(text, lo_len, &ret->lo);

	*ret_offset = 0;
	if (fault)
		return fault;
	ret->hi = ret->lo;
	if (!dash)
		return NULL;
	*ret_offset = lo_len + 1;
	fault = number_fault(dash + 1, len - lo_len - 1, &ret->hi);
	if (fault)
		return fault;
	*ret_offset = 0;
	return ret->lo > ret->hi ? "is a reversed range; write the lower port first" : NULL;
}

int policy_port_parse(const char *text, struct policy_port *ret)
{
	const char *colon = strchrnul(text, ':');
	const struct port_kind *kind = find_kind(text, (size_t)(colon - text));
	struct policy_port port;
	size_t offset;

	if (!kind || kind->numbered != (*colon == ':'))
		return -EINVAL;
	port = all_ports(kind);
	if (kind->numbered && range_fault(colon + 1, strlen(colon + 1), &offset, &port))
		return -EINVAL;
	*ret = port;
	return 0;
}

static int add_port(struct port_list *list, struct policy_port port)
{
	struct policy_port *items = reserve(list->items, &list->capacity, list->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count++] = port;
	return 0;
}

static void report_kind(struct loader *loader, const struct word *word, const struct word *name)
{
	struct nearest nearest = {.loader = loader, .word = name};
	uint16_t port;

	if (!number_fault(name->text, name->len, &port)) {
		report(loader, word->column, "`%.*s` does not say the protocol; write `tcp:%u` or `udp:%u`",
		       EXCERPT(word), port, port);
		return;
	}
	for (size_t i = 0; i < KIND_COUNT; i++)
		nearest_try(&nearest, kinds[i].name);
	nearest_try(&nearest, "private");
	if (nearest.best)
		report(loader, word->column, "`%.*s` is not a port; did you mean `%s`?", EXCERPT(word), nearest.best);
	else
		report(loader, word->column,
		       "`%.*s` is not a port; write tcp:N, udp:N, sctp:N, https:N, http:N, icmp or any, and several "
		       "destinations as `a,b` without blanks",
		       EXCERPT(word));
}

static int parse_ranges(struct loader *loader, const struct word *ranges, const struct port_kind *kind,
			struct port_list *list)
{
	struct word item;
	size_t at = 0;
	int error = 0;

	while (error != -ENOMEM && word_next_item(ranges, &at, &item)) {
		struct policy_port port = all_ports(kind);
		size_t offset;
		const char *fault = range_fault(item.text, item.len, &offset, &port);
		struct word wrong;

		if (!fault) {
			error = worse(error, add_port(list, port));
			continue;
		}
		wrong = word_part(&item, offset, item.len - offset);
		report(loader, wrong.column, "`%.*s` %s", EXCERPT(&wrong), fault);
		error = -EINVAL;
	}
	return error;
}

int port_list_parse(struct loader *loader, const struct word *word, struct port_list *list)
{
	const char *colon = memchr(word->text, ':', word->len);
	size_t name_len = colon ? (size_t)(colon - word->text) : word->len;
	struct word name = word_part(word, 0, name_len), ranges;
	const struct port_kind *kind = find_kind(name.text, name.len);

	if (!kind) {
		report_kind(loader, word, &name);
		return -EINVAL;
	}
	if (!colon && kind->numbered) {
		report(loader, word->column, "`%.*s` needs a port; write `%s`", EXCERPT(word), kind->example);
		return -EINVAL;
	}
	if (colon && !kind->numbered) {
		report(loader, word->column + (word->expanded ? 0 : (unsigned int)name_len),
		       "`%s` takes no port; write `%s` alone", kind->name, kind->name);
		return -EINVAL;
	}
	if (!colon)
		return add_port(list, all_ports(kind));
	ranges = word_part(word, name_len + 1, word->len - name_len - 1);
	return parse_ranges(loader, &ranges, kind, list);
}

const char *policy_port_format(const struct policy_port *port, char buf[static 24])
{
	const struct port_kind *kind = kinds;

	while (kind < kinds + KIND_COUNT && (kind->l4_proto != port->l4_proto || kind->app != port->app))
		kind++;
	if (kind == kinds + KIND_COUNT)
		snprintf(buf, 24, "protocol %u", port->l4_proto);
	else if (!kind->numbered)
		snprintf(buf, 24, "%s", kind->name);
	else if (port->lo == port->hi)
		snprintf(buf, 24, "%s:%u", kind->name, port->lo);
	else
		snprintf(buf, 24, "%s:%u-%u", kind->name, port->lo, port->hi);
	return buf;
}
