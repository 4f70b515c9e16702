// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "suggestion.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/addr.h"
#include "../compile/special.h"
#include "../policy/policy.h"
#include "egret_limits.h"
#include "egret_reasons.h"
#include "egret_subject.h"
#include "refusal.h"

#define DNS_PORT 53

/* Names come from DNS answers: what no rules file may hold is not written into one. */
static bool is_writable(const char *name)
{
	char *normal;
	const char *why;

	if (policy_name_normalise(name, strlen(name), &normal, &why))
		return false;
	free(normal);
	return true;
}

/* "" = the language has no word for it. Of a name that a web server has, the word that checks more. */
static const char *port_words(const struct denied *denied, bool by_name, char buf[static 16])
{
	const char *protocol = denied->l4_proto == IPPROTO_UDP ? "udp" : "sctp";

	switch (denied->l4_proto) {
	case IPPROTO_TCP:
		protocol = by_name && denied->port == 443 ? "https" : by_name && denied->port == 80 ? "http" : "tcp";
		break;
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	default:
		return "any"; /* of other protocols the language knows no single one */
	}
	if (!denied->port)
		return "";
	snprintf(buf, 16, "%s:%u", protocol, denied->port);
	return buf;
}

static const char *subject_words(const struct denied *denied)
{
	static const char *const words[EGRET_KINDS] = {
	    [EGRET_KIND_HOST] = " for host",
	    [EGRET_KIND_POD] = " for pods",
	    [EGRET_KIND_HOSTNETWORK] = " for hostnetwork",
	};

	if (denied->reason != EGRET_REASON_CLASS || !denied->audience)
		return "";
	return words[egret_audience_kind(denied->audience)];
}

/* What else would help, or harm. */
static void add_comment(const char *comment, char buf[static SUGGESTION_SIZE])
{
	size_t len = strlen(buf);

	if (len)
		snprintf(buf + len, SUGGESTION_SIZE - len, "%s%s",
			 strstr(buf, SUGGESTION_COMMENT) ? "; " : SUGGESTION_COMMENT, comment);
}

/* False: the language has no such line. */
static bool write_allow(const struct denied *denied, bool by_name, char buf[static SUGGESTION_SIZE])
{
	char address[ADDR_TEXT_SIZE], port[16];
	const char *words = port_words(denied, by_name, port);

	buf[0] = '\0';
	addr_format(&denied->addr, address);
	if (*words)
		snprintf(buf, SUGGESTION_SIZE, "allow %s %s%s%s", by_name ? denied->name : address, words,
			 by_name && denied->need == EGRET_NEED_PRIVATE ? " private" : "", subject_words(denied));
	return strlen(buf) < EGRET_RULE_TEXT_SIZE;
}

static void allow_line(const struct denied *denied, char buf[static SUGGESTION_SIZE])
{
	bool by_name = denied->need != EGRET_NEED_ADDRESS && is_writable(denied->name);

	if (write_allow(denied, by_name, buf)) {
		if (by_name && denied->need == EGRET_NEED_PRIVATE)
			add_comment("private: whoever answers for the name may lead it to any private address", buf);
		return;
	}
	write_allow(denied, false, buf);
	add_comment("an address, its name is too long for a rule", buf);
}

/* For all, whatever the name. */
static void address_line(const struct denied *denied, char buf[static SUGGESTION_SIZE])
{
	allow_line(
	    &(struct denied){.name = "", .addr = denied->addr, .l4_proto = denied->l4_proto, .port = denied->port},
	    buf);
}

static void resolver_line(const struct denied *denied, const char *name, char buf[static SUGGESTION_SIZE])
{
	char address[ADDR_TEXT_SIZE];

	snprintf(buf, SUGGESTION_SIZE, "resolver %s%s%s", addr_format(&denied->addr, address), *name ? " " : "", name);
}

/* Of whom nobody knows no class can be written. */
static void served_line(const struct denied *denied, char buf[static SUGGESTION_SIZE])
{
	static const char *const words[EGRET_KINDS] = {
	    [EGRET_KIND_HOST] = "host",
	    [EGRET_KIND_POD] = "pods",
	    [EGRET_KIND_HOSTNETWORK] = "hostnetwork",
	};
	char address[ADDR_TEXT_SIZE];

	if (denied->audience)
		snprintf(buf, SUGGESTION_SIZE, "resolver %s served by %s", addr_format(&denied->addr, address),
			 words[egret_audience_kind(denied->audience)]);
}

/* Who is not known counts as a pod. */
static bool is_host(const struct denied *denied)
{
	return denied->audience && egret_audience_kind(denied->audience) == EGRET_KIND_HOST;
}

static bool is_dns(const struct denied *denied)
{
	return denied->port == DNS_PORT && (denied->l4_proto == IPPROTO_UDP || denied->l4_proto == IPPROTO_TCP);
}

/* The answer would have lived that long, and a little more: whoever keeps an address keeps it longer the next time. */
static uint32_t min_ttl_for(uint32_t age_sec)
{
	static const uint32_t steps[] = {60, 300, 900, 1800, 3600, 7200, 21600, 43200};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (age_sec < steps[i])
			return steps[i];
	return (age_sec / 86400 + 1) * 86400;
}

/* Where no answer may live that long, the address itself is what helps. */
static void time_line(const struct denied *denied, char buf[static SUGGESTION_SIZE])
{
	uint32_t min_ttl_sec = min_ttl_for(denied->age_sec);

	if (denied->age_sec && min_ttl_sec <= denied->max_ttl_sec)
		snprintf(buf, SUGGESTION_SIZE, "set min_ttl = %u", min_ttl_sec);
	else
		address_line(denied, buf);
}

/* What a server that is no resolver answered nobody knows: the address may be of another source. */
static void guessed_line(const struct denied *denied, char buf[static SUGGESTION_SIZE])
{
	struct denied server = {.addr = denied->server};
	char line[SUGGESTION_SIZE], comment[SUGGESTION_SIZE];

	resolver_line(&server, "", buf);
	address_line(denied, line);
	snprintf(comment, sizeof(comment), SUGGESTION_ELSE "%.400s", line);
	add_comment(comment, buf);
}

/* No rule allows the destination, or not on this port or for this subject. */
static void nothing_line(const struct denied *denied, char buf[static SUGGESTION_SIZE])
{
	if (denied->cause == EGRET_CAUSE_UNTRUSTED_RESOLVER)
		guessed_line(denied, buf);
	else if (denied->cause == EGRET_CAUSE_NOT_ASKED)
		address_line(denied, buf);
	else if (is_dns(denied))
		resolver_line(denied, "", buf);
	else
		allow_line(denied, buf);
}

const char *suggestion_line(const struct denied *denied, char buf[static SUGGESTION_SIZE])
{
	buf[0] = '\0';
	switch (denied->reason) {
	case EGRET_REASON_NO_RULE:
	case EGRET_REASON_PORT:
	case EGRET_REASON_CLASS:
	case EGRET_REASON_BEFORE_ATTACH:
		nothing_line(denied, buf);
		break;
	case EGRET_REASON_EXPIRED:
		if (denied->cause == EGRET_CAUSE_ALIAS || denied->cause == EGRET_CAUSE_NAME_NOT_IN_POLICY)
			allow_line(denied, buf);
		else
			time_line(denied, buf);
		break;
	case EGRET_REASON_NOT_A_SOCKET:
		allow_line(denied, buf);
		add_comment("or take the capability NET_RAW from its container", buf);
		break;
	case EGRET_REASON_TUNNEL:
		allow_line(denied, buf);
		if (!denied->at_device)
			add_comment("or `set overlay = DEVICE`, where the node makes this tunnel", buf);
		break;
	case EGRET_REASON_REWRITTEN:
	case EGRET_REASON_SERVICE_OUTSIDE:
		allow_line(denied, buf);
		break;
	case EGRET_REASON_FAMILY:
	case EGRET_REASON_OPTION:
		refusal_line(denied->reason, denied->port, denied->families, !is_host(denied), buf, SUGGESTION_SIZE);
		break;
	case EGRET_REASON_NOT_SERVER:
		served_line(denied, buf);
		add_comment("only if this is your resolver", buf);
		break;
	case EGRET_REASON_DNS_NAME:
		if (is_writable(denied->name))
			resolver_line(denied, denied->name, buf);
		break;
	case EGRET_REASON_SPECIAL_ADDRESS:
		/* A line with a variable means the same only in the file of the rule, where the variable has its value.
		 */
		if (*denied->rule_text && !strchr(denied->rule_text, '$'))
			special_line(&denied->addr, denied->rule_text, buf, SUGGESTION_SIZE);
		else
			address_line(denied, buf);
		break;
	default:
		break;
	}
	return buf;
}
