// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "egret_reasons.h"
#include "json.h"
#include "reason.h"

bool completion_is_due(uint32_t reason)
{
	switch (reason) {
	case EGRET_REASON_NO_RULE:
	case EGRET_REASON_PORT:
	case EGRET_REASON_CLASS:
	case EGRET_REASON_EXPIRED:
	case EGRET_REASON_BEFORE_ATTACH:
		return true;
	default:
		return false;
	}
}

bool completion_find(const struct kernel *kernel, const struct denial *denial, struct egret_completion *ret)
{
	if (!denial->others && !kernel_get_completion(kernel, &denial->key, denial->drop.first_ns, ret))
		return true;
	*ret = (struct egret_completion){};
	return false;
}

static void set_over(json_t *row, const struct egret_completion *completion)
{
	bool known = completion->ttl_sec;

	json_object_set_new(row, "over_seconds", known ? json_integer(completion->over_sec) : json_null());
	json_object_set_new(row, "ttl_seconds", known ? json_integer(completion->ttl_sec) : json_null());
}

void json_set_completion(json_t *row, const struct egret_completion *completion, bool completed)
{
	char server[ADDR_TEXT_SIZE];

	json_object_set(row, "kernel_reason", json_object_get(row, "reason"));
	if (completion->cause)
		json_set_text(row, "reason", cause_label(completion->cause));
	json_set_flag(row, "completed", completed);
	json_set_text(row, "policy_name", completion->name);
	json_set_text(row, "given_to", completion->given_to);
	addr_format(&completion->server, server);
	json_set_text(row, "server", completion->cause == EGRET_CAUSE_UNTRUSTED_RESOLVER ? server : NULL);
	set_over(row, completion);
	json_set_text(row, "nearest_rule", completion->rule);
	json_set_text(row, "nearest_file", completion->file);
	json_object_set_new(row, "nearest_line", completion->line ? json_integer(completion->line) : json_null());
	json_set_text(row, "nearest_allows", completion->allows);
}

/* --- for people --- */

static bool is(const json_t *row, const char *label)
{
	return !strcmp(json_text(row, "reason"), label);
}

/* "node.rules:35", or in full; "" = no rule comes near. */
#define PLACE_SIZE 320
static const char *place(const json_t *row, bool in_full, char buf[static PLACE_SIZE])
{
	const char *file = json_text(row, "nearest_file"), *last = strrchr(file, '/');

	buf[0] = '\0';
	if (*file)
		snprintf(buf, PLACE_SIZE, "%.250s:%lld", last && !in_full ? last + 1 : file,
			 json_number(row, "nearest_line"));
	return buf;
}

/* The resolver of the policy, where a DNS server was asked that is none; "" = no such row. */
static const char *resolver_of(const json_t *row)
{
	const char *rule = json_text(row, "nearest_rule"), *word = "resolver ";

	return strncmp(rule, word, strlen(word)) != 0 ? "" : rule + strlen(word);
}

#define SPAN_SIZE 32
static const char *span(long long seconds, char buf[static SPAN_SIZE])
{
	if (seconds < 120)
		snprintf(buf, SPAN_SIZE, "%llds", seconds);
	else if (seconds < 7200)
		snprintf(buf, SPAN_SIZE, "%lldm", seconds / 60);
	else
		snprintf(buf, SPAN_SIZE, "%lldh", seconds / 3600);
	return buf;
}

static bool words_of_time(const json_t *row, char *buf, size_t size)
{
	char over[SPAN_SIZE], ttl[SPAN_SIZE];

	if (!json_number(row, "ttl_seconds"))
		return false;
	snprintf(buf, size, "expired %s (TTL %s)", span(json_number(row, "over_seconds"), over),
		 span(json_number(row, "ttl_seconds"), ttl));
	return true;
}

/* "tcp:443" is of the packet's own protocol, "for" and "udp:53" are not. */
static bool is_own(const json_t *row, const char *word, size_t len)
{
	const char *protocol = json_text(row, "protocol"), *colon = memchr(word, ':', len);
	size_t name = colon ? (size_t)(colon - word) : 0;

	if (!strcmp(protocol, "tcp") &&
	    ((name == 4 && !memcmp(word, "http", name)) || (name == 5 && !memcmp(word, "https", name))))
		return true;
	return name && name == strlen(protocol) && !memcmp(word, protocol, name);
}

static void append_ports(const json_t *row, const char *allows, bool own, char buf[static EGRET_WHO_SIZE])
{
	size_t len = strlen(buf);

	for (size_t word; *allows && len + 1 < EGRET_WHO_SIZE; allows += word + (allows[word] == ' ')) {
		size_t skip;

		word = strcspn(allows, " ");
		if (is_own(row, allows, word) != own)
			continue;
		skip = own ? strcspn(allows, ":") + 1 : 0;
		len += (size_t)snprintf(buf + len, EGRET_WHO_SIZE - len, "%s%.*s",
					!len  ? ""
					: own ? ","
					      : " ",
					(int)(word - skip), allows + skip);
	}
}

/* "443,5432 udp:53" of "https:443 udp:53 tcp:5432": what is of the packet's protocol comes first, and without it. */
static const char *own_first(const json_t *row, const char *allows, char buf[static EGRET_WHO_SIZE])
{
	buf[0] = '\0';
	append_ports(row, allows, true, buf);
	append_ports(row, allows, false, buf);
	return buf;
}

#define FEW_PORTS 8 /* octets: with more, the words around them have to be short */
static void words_of_port(const json_t *row, const char *allows, char *buf, size_t size)
{
	char ports[EGRET_WHO_SIZE];

	own_first(row, allows, ports);
	snprintf(buf, size, "port (%s %s)", strlen(ports) > FEW_PORTS ? "only" : "allowed:", ports);
}

/* "for app.service only node.rules:35", of "for cgroup /system.slice/app.service". */
static void words_of_class(const json_t *row, const char *allows, char *buf, size_t size)
{
	const char *cgroup = "for cgroup /", *last = strrchr(allows, '/');
	bool short_path = !strncmp(allows, cgroup, strlen(cgroup)) && last[1];
	char where[PLACE_SIZE];

	snprintf(buf, size, "%s%s only %s", short_path ? "for " : "", short_path ? last + 1 : allows,
		 place(row, false, where));
}

bool completion_words(const json_t *row, char *buf, size_t size)
{
	const char *allows = json_text(row, "nearest_allows"), *given_to = json_text(row, "given_to");

	if (!json_flag(row, "completed"))
		return false;
	if (is(row, "expired"))
		return words_of_time(row, buf, size);
	if (is(row, "port") && *allows)
		words_of_port(row, allows, buf, size);
	else if (is(row, "class") && *allows)
		words_of_class(row, allows, buf, size);
	else if (is(row, "not-asked") && *given_to)
		snprintf(buf, size, "not-asked (given to %s)", given_to);
	else if (is(row, "untrusted-resolver"))
		snprintf(buf, size, "untrusted-resolver %s", json_text(row, "server"));
	else if (is(row, "alias"))
		snprintf(buf, size, "alias of %s", json_text(row, "policy_name"));
	else if (is(row, "address-not-in-policy") && *resolver_of(row))
		snprintf(buf, size, "no resolver (%s is)", resolver_of(row));
	else
		return false;
	return true;
}

/* --- as a sentence --- */

static void sentence_of_alias(const json_t *row, const char *where, char *buf, size_t size)
{
	snprintf(buf, size, "%s is an alias of %s, which %s allows: the name that is asked for must be allowed",
		 json_text(row, "name"), json_text(row, "policy_name"), *where ? where : "a rule");
}

static void sentence_of_given(const json_t *row, const char *where, char *buf, size_t size)
{
	const char *given_to = json_text(row, "given_to");

	snprintf(buf, size,
		 "an address of %s, which %s allows to who asks for it: it was given to %s, and this subject did not "
		 "ask",
		 json_text(row, "policy_name"), *where ? where : "a rule", *given_to ? given_to : "others");
}

static void sentence_of_server(const json_t *row, const char *where, char *buf, size_t size)
{
	const char *resolver = resolver_of(row);
	int len = snprintf(buf, size,
			   "no rule has this address; the subject may have it from the DNS server %s, which is no "
			   "`resolver`: its answers allow nothing",
			   json_text(row, "server"));

	if (*resolver && (size_t)len < size)
		snprintf(buf + len, size - (size_t)len, "; the policy has resolver %s (%s)", resolver, where);
}

static bool sentence_of_time(const json_t *row, const char *where, char *buf, size_t size)
{
	char over[SPAN_SIZE], ttl[SPAN_SIZE];

	if (!json_number(row, "ttl_seconds"))
		return false;
	snprintf(buf, size,
		 "%s allows %s, but the answer with this address was over for %s (TTL %s): whoever uses it must ask "
		 "for the name again",
		 *where ? where : "a rule", json_text(row, "policy_name"), span(json_number(row, "over_seconds"), over),
		 span(json_number(row, "ttl_seconds"), ttl));
	return true;
}

/* Of a rule that has another address of the name. */
static bool has_other_address(const json_t *row)
{
	struct egret_addr ignored;

	return !addr_parse(json_text(row, "nearest_allows"), &ignored);
}

static bool sentence_of_nothing(const json_t *row, const char *where, char *buf, size_t size)
{
	const char *rule = json_text(row, "nearest_rule"), *resolver = resolver_of(row);
	const char *meaning = reason_sentence(json_text(row, "reason"));

	if (*resolver)
		snprintf(buf, size, "no trusted resolver; the policy has resolver %s (%s)", resolver, where);
	else if (has_other_address(row))
		snprintf(buf, size, "%s; another address of it, %s, is allowed by %s `%s`", meaning,
			 json_text(row, "nearest_allows"), where, rule);
	else
		snprintf(buf, size, "%s; nearest is %s `%s`", meaning, where, rule);
	return *where;
}

/* What the rule that has the destination would allow: of ports, that and all others. */
static bool sentence_of_rule(const json_t *row, const char *where, char *buf, size_t size)
{
	bool by_class = is(row, "class");

	snprintf(buf, size, "%s: %s `%s`%s %s", reason_sentence(json_text(row, "reason")), where,
		 json_text(row, "nearest_rule"), by_class ? " is" : "; allowed:", json_text(row, "nearest_allows"));
	return *where;
}

bool completion_sentence(const json_t *row, char *buf, size_t size)
{
	char where[PLACE_SIZE];

	if (!json_flag(row, "completed"))
		return false;
	place(row, true, where);
	if (is(row, "expired"))
		return sentence_of_time(row, where, buf, size);
	if (is(row, "name-not-in-policy") || is(row, "address-not-in-policy"))
		return sentence_of_nothing(row, where, buf, size);
	if (is(row, "port") || is(row, "class"))
		return sentence_of_rule(row, where, buf, size);
	if (is(row, "alias"))
		sentence_of_alias(row, where, buf, size);
	else if (is(row, "not-asked"))
		sentence_of_given(row, where, buf, size);
	else if (is(row, "untrusted-resolver"))
		sentence_of_server(row, where, buf, size);
	else
		return false;
	return true;
}
