// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "denials.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../view/reason.h"
#include "../view/subject_name.h"
#include "../view/suggestion.h"
#include "table.h"
#include "egret_limits.h"
#include "egret_reasons.h"

struct collecting {
	struct denials *denials;
	uint32_t policy_generation;
	bool audit;
};

static int collect(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	const struct collecting *collecting = context;
	struct denials *denials = collecting->denials;

	if (denials->count == denials->capacity) {
		size_t capacity = denials->capacity ? 2 * denials->capacity : 64;
		struct denial *all = realloc(denials->all, capacity * sizeof(*all));

		if (!all)
			return -ENOMEM;
		denials->all = all;
		denials->capacity = capacity;
	}
	/* Generations are counted on, and over: only their distance tells which is older. */
	denials->all[denials->count++] = (struct denial){
	    *key, *drop,
	    (int32_t)(drop->generation - collecting->policy_generation) < 0 || key->audited != collecting->audit};
	return 0;
}

static bool is_listed(const struct denials *denials, const struct egret_drop_key *key)
{
	for (size_t i = 0; i < denials->count; i++)
		if (!memcmp(&denials->all[i].key, key, sizeof(*key)))
			return true;
	return false;
}

/* Once the policy enforces, a connection from before the attach goes on until it closes, and can not be
 * made again: under audit that is told beforehand, though no packet of it was held. */
static int collect_existing(void *context, uint64_t cookie, const struct egret_existing *value)
{
	const struct collecting *collecting = context;
	struct egret_drop_key key = {
	    .cgroup_id = value->cgroup_id,
	    .addr = value->addr,
	    .port = value->port,
	    .l4_proto = IPPROTO_TCP,
	    .reason = value->reason ? value->reason : EGRET_REASON_NO_RULE,
	    .audited = 1,
	};
	struct egret_drop drop = {
	    .first_ns = value->seen_ns,
	    .last_ns = value->seen_ns,
	    .generation = collecting->policy_generation,
	};

	(void)cookie;
	if (value->allowed || is_listed(collecting->denials, &key))
		return 0;
	return collect(context, &key, &drop);
}

int denials_read(const struct kernel *kernel, struct denials *ret)
{
	struct collecting collecting = {.denials = ret, .audit = kernel_config(kernel)->audit};
	struct egret_meta meta = {};
	int rc;

	ret->count = 0;
	kernel_get_meta(kernel, &meta);
	collecting.policy_generation = meta.policy_generation;
	rc = kernel_each_drop(kernel, collect, &collecting);
	if (!rc && collecting.audit)
		rc = kernel_each_existing(kernel, collect_existing, &collecting);
	return rc;
}

static int worst_first(const void *a, const void *b)
{
	const struct denial *left = a, *right = b;

	if (left->older != right->older)
		return left->older - right->older;
	if (left->drop.packets != right->drop.packets)
		return left->drop.packets < right->drop.packets ? 1 : -1;
	if (left->drop.last_ns != right->drop.last_ns)
		return left->drop.last_ns < right->drop.last_ns ? 1 : -1;
	return memcmp(&left->key, &right->key, sizeof(left->key)); /* qsort wants one order */
}

void denials_sort(struct denials *denials)
{
	if (denials->count)
		qsort(denials->all, denials->count, sizeof(*denials->all), worst_first);
}

void denials_free(struct denials *denials)
{
	free(denials->all);
	*denials = (struct denials){};
}

static void protocol_format(const struct egret_drop_key *key, char *buf, size_t size)
{
	switch (key->l4_proto) {
	case IPPROTO_TCP:
		snprintf(buf, size, "tcp:%u", key->port);
		return;
	case IPPROTO_UDP:
		snprintf(buf, size, "udp:%u", key->port);
		return;
	case IPPROTO_SCTP:
		snprintf(buf, size, "sctp:%u", key->port);
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		snprintf(buf, size, "icmp");
		return;
	default:
		snprintf(buf, size, "protocol %u", key->l4_proto);
	}
}

/* The name of the policy, or else the one that was last resolved to the address. */
static void name_format(const struct kernel *kernel, const struct egret_drop *drop, char *buf, size_t size)
{
	struct egret_name name = {};
	struct egret_asked asked = {};

	if (drop->name_key && !kernel_get_asked(kernel, drop->name_key, &asked))
		snprintf(buf, size, "%s", asked.name);
	else if (drop->name && !kernel_get_name(kernel, drop->name, &name))
		snprintf(buf, size, "%s", name.name);
	else
		snprintf(buf, size, "%s", "");
}

static void process_format(const struct egret_drop *drop, char *buf, size_t size)
{
	if (drop->pid)
		snprintf(buf, size, "%.*s[%u]", (int)sizeof(drop->comm), drop->comm, drop->pid);
	else
		snprintf(buf, size, "%s", "");
}

static void rule_format(const struct kernel *kernel, uint32_t rule, char *buf, size_t size)
{
	struct egret_rule_text text;

	buf[0] = '\0';
	if (rule >= EGRET_RULE_FIRST && !kernel_get_text(kernel, rule, &text))
		snprintf(buf, size, "%.200s:%u", text.file, text.line);
}

static const char *why_format(const struct kernel *kernel, const struct denial *denial, const char *name,
			      char buf[static REASON_SPECIAL_SIZE])
{
	struct egret_rule_text text;

	if (denial->key.reason != EGRET_REASON_SPECIAL_ADDRESS || kernel_get_text(kernel, denial->key.rule, &text))
		return reason_sentence(denial->key.reason);
	return reason_of_special(&text, name, &denial->key.addr, buf);
}

static const char *allow_format(const struct kernel *kernel, const struct denial *denial, const char *name,
				char buf[static SUGGESTION_SIZE])
{
	const struct egret_drop_key *key = &denial->key;
	struct egret_rule_text text = {};
	struct denied denied = {
	    .name = name,
	    .addr = key->addr,
	    .need = EGRET_NEED_NOTHING,
	    .l4_proto = key->l4_proto,
	    .port = key->port,
	    .reason = key->reason,
	    .classes = denial->drop.classes,
	    .rule_text = text.text,
	};

	if (kernel_addr_need(kernel, &key->addr, &denied.need))
		denied.need = EGRET_NEED_NOTHING;
	if (key->reason == EGRET_REASON_SPECIAL_ADDRESS && kernel_get_text(kernel, key->rule, &text))
		text.text[0] = '\0';
	return suggestion_line(&denied, buf);
}

/* RFC 3339, in UTC. The map has CLOCK_MONOTONIC. */
static void time_format(uint64_t then_ns, uint64_t now_ns, char *buf, size_t size)
{
	time_t seconds = time(NULL) - (time_t)clock_seconds_between(then_ns, now_ns);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(buf, size, "%s", "");
}

const char *denial_verdict(const struct denial *denial)
{
	return denial->key.audited ? "WOULD DENY" : "DENIED";
}

json_t *denial_to_json(const struct kernel *kernel, const struct denial *denial)
{
	char address[ADDR_TEXT_SIZE], protocol[32], subject[512], process[64], rule[256], last[32], when[32];
	const struct egret_drop_key *key = &denial->key;
	const struct egret_drop *drop = &denial->drop;
	char name[EGRET_NAME_SIZE], why[REASON_SPECIAL_SIZE], allow[SUGGESTION_SIZE];
	uint64_t now = clock_kernel_ns();

	protocol_format(key, protocol, sizeof(protocol));
	subject_name(kernel, key->cgroup_id, drop->parent_cgroup_id, subject, sizeof(subject));
	process_format(drop, process, sizeof(process));
	rule_format(kernel, key->rule, rule, sizeof(rule));
	name_format(kernel, drop, name, sizeof(name));
	time_format(drop->last_ns, now, when, sizeof(when));
	return json_pack("{s:I, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}",
			 "packets", (json_int_t)drop->packets, "allow", allow_format(kernel, denial, name, allow),
			 "audited", key->audited, "policy", denial->older ? "older" : "running", "address",
			 addr_format(&key->addr, address), "port", protocol, "name", name, "reason",
			 reason_label(key->reason), "why", why_format(kernel, denial, name, why), "rule", rule,
			 "subject", subject, "process", process, "last",
			 age_format(drop->last_ns, now, last, sizeof(last)), "last_time", when, "first_sec_ago",
			 clock_seconds_between(drop->first_ns, now), "last_sec_ago",
			 clock_seconds_between(drop->last_ns, now), "cgroup_id", (json_int_t)key->cgroup_id);
}

static void summary_line(const struct kernel *kernel, const struct denial *denial)
{
	char address[ADDR_TEXT_SIZE], protocol[32], name[EGRET_NAME_SIZE], why[REASON_SPECIAL_SIZE],
	    allow[SUGGESTION_SIZE];

	protocol_format(&denial->key, protocol, sizeof(protocol));
	name_format(kernel, &denial->drop, name, sizeof(name));
	fprintf(stderr, "  %s %s%s%s%s, %llu packet%s: %s\n", addr_format(&denial->key.addr, address), protocol,
		name[0] ? " (" : "", name, name[0] ? ")" : "", (unsigned long long)denial->drop.packets,
		denial->drop.packets == 1 ? "" : "s", why_format(kernel, denial, name, why));
	if (*allow_format(kernel, denial, name, allow))
		fprintf(stderr, "    add: %s\n", allow);
}

static void summary_of(const struct kernel *kernel, const struct denials *denials, bool audited)
{
	size_t count = 0;

	for (size_t i = 0; i < denials->count; i++) {
		if (denials->all[i].key.audited != audited)
			continue;
		if (!count)
			fprintf(stderr, "egret: %s:\n", audited ? "would have been denied" : "denied");
		count++;
		summary_line(kernel, &denials->all[i]);
	}
}

void denials_summary(const struct kernel *kernel)
{
	struct denials denials = {};

	if (!denials_read(kernel, &denials)) {
		denials_sort(&denials);
		summary_of(kernel, &denials, false);
		summary_of(kernel, &denials, true);
	}
	denials_free(&denials);
}

int denials_report(const struct kernel *kernel, FILE *file)
{
	struct denials denials = {};
	json_t *rows = json_array();
	int rc;

	rc = denials_read(kernel, &denials);
	denials_sort(&denials);
	for (size_t i = 0; i < denials.count && !rc; i++)
		if (json_array_append_new(rows, denial_to_json(kernel, &denials.all[i])))
			rc = -ENOMEM;
	if (!rc && (json_dumpf(rows, file, JSON_INDENT(2)) || fputc('\n', file) == EOF || fflush(file)))
		rc = -errno;
	json_decref(rows);
	denials_free(&denials);
	return rc;
}
