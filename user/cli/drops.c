// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret drops: what was denied, by whom, why, worst first. */
#include "command.h"
#include "drops.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../kernel/kernel.h"
#include "reason.h"
#include "subject_name.h"
#include "table.h"

#define FOLLOW_INTERVAL_US 500000
#define SUMMARY_LINES      5

struct entry {
	struct egret_drop_key key;
	struct egret_drop drop;
};

struct entries {
	struct entry *all;
	size_t count, capacity;
};

static int collect(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct entries *entries = context;

	if (entries->count == entries->capacity) {
		size_t capacity = entries->capacity ? 2 * entries->capacity : 64;
		struct entry *all = realloc(entries->all, capacity * sizeof(*all));

		if (!all)
			return -ENOMEM;
		entries->all = all;
		entries->capacity = capacity;
	}
	entries->all[entries->count++] = (struct entry){*key, *drop};
	return 0;
}

static int worst_first(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->drop.packets != right->drop.packets)
		return left->drop.packets < right->drop.packets ? 1 : -1;
	if (left->drop.last_ns != right->drop.last_ns)
		return left->drop.last_ns < right->drop.last_ns ? 1 : -1;
	return memcmp(&left->key, &right->key, sizeof(left->key)); /* qsort wants one order */
}

static int collect_sorted(const struct kernel *kernel, struct entries *ret)
{
	int rc = kernel_each_drop(kernel, collect, ret);

	if (!rc && ret->count)
		qsort(ret->all, ret->count, sizeof(*ret->all), worst_first);
	return rc;
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

static json_t *entry_to_json(const struct kernel *kernel, const struct entry *entry)
{
	char address[ADDR_TEXT_SIZE], protocol[32], subject[512], process[64], rule[256], last[32];
	uint64_t now = clock_kernel_ns();
	char name[EGRET_NAME_SIZE];

	protocol_format(&entry->key, protocol, sizeof(protocol));
	subject_name(kernel, entry->key.cgroup_id, entry->drop.parent_cgroup_id, subject, sizeof(subject));
	process_format(&entry->drop, process, sizeof(process));
	rule_format(kernel, entry->key.rule, rule, sizeof(rule));
	name_format(kernel, &entry->drop, name, sizeof(name));
	return json_pack(
	    "{s:I, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "packets",
	    (json_int_t)entry->drop.packets, "audited", entry->drop.audited == entry->drop.packets, "address",
	    addr_format(&entry->key.addr, address), "port", protocol, "name", name, "reason",
	    reason_label(entry->key.reason), "why", reason_sentence(entry->key.reason), "rule", rule, "subject",
	    subject, "process", process, "last", age_format(entry->drop.last_ns, now, last, sizeof(last)),
	    "first_sec_ago", clock_seconds_between(entry->drop.first_ns, now), "last_sec_ago",
	    clock_seconds_between(entry->drop.last_ns, now), "cgroup_id", (json_int_t)entry->key.cgroup_id);
}

static const struct column columns[] = {
    {"packets", "DENIED", true}, {"address", "ADDRESS", false}, {"port", "PORT", false},
    {"name", "NAME", false},     {"subject", "BY", false},      {"process", "PROCESS", false},
    {"last", "LAST", false},     {"why", "WHY", false},         {"rule", "RULE", false},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static json_t *entries_to_json(const struct kernel *kernel, const struct entries *entries)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < entries->count; i++)
		json_array_append_new(rows, entry_to_json(kernel, &entries->all[i]));
	return rows;
}

/* What the reasons count and `drops` no longer holds was pushed out by newer denials. */
static void note_forgotten(const struct kernel *kernel, const struct entries *entries)
{
	uint64_t listed = 0, counted = 0;
	struct egret_counter counter;

	for (size_t i = 0; i < entries->count; i++)
		listed += entries->all[i].drop.packets;
	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++)
		if (!kernel_get_reason(kernel, reason, &counter))
			counted += counter.packets;
	if (counted > listed)
		printf("(and %llu more denied packets, older than the list of %d destinations can hold)\n",
		       (unsigned long long)(counted - listed), EGRET_MAX_DROPS);
}

static int show_once(const struct kernel *kernel, bool json)
{
	struct entries entries = {};
	json_t *rows;
	int rc = collect_sorted(kernel, &entries);

	if (rc) {
		free(entries.all);
		return rc;
	}
	rows = entries_to_json(kernel, &entries);
	if (json) {
		json_print(rows);
	} else {
		if (!entries.count)
			puts(kernel_config(kernel)->audit ? "nothing would have been denied" : "nothing was denied");
		else
			table_print(rows, columns, COLUMN_COUNT);
		note_forgotten(kernel, &entries);
		json_decref(rows);
	}
	free(entries.all);
	return 0;
}

static uint64_t packets_before(const struct entries *before, const struct egret_drop_key *key)
{
	for (size_t i = 0; i < before->count; i++)
		if (!memcmp(&before->all[i].key, key, sizeof(*key)))
			return before->all[i].drop.packets;
	return 0;
}

static void print_line(const struct kernel *kernel, const struct entry *entry, bool json)
{
	json_t *row = entry_to_json(kernel, entry);

	if (json) {
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		const char *name = json_string_value(json_object_get(row, "name"));

		printf("%s %s%s%s%s by %s %s: %s\n", json_string_value(json_object_get(row, "address")),
		       json_string_value(json_object_get(row, "port")), name[0] ? " (" : "", name, name[0] ? ")" : "",
		       json_string_value(json_object_get(row, "subject")),
		       json_string_value(json_object_get(row, "process")),
		       json_string_value(json_object_get(row, "why")));
	}
	fflush(stdout);
	json_decref(row);
}

/* Until interrupted. What was denied before is not shown. */
static int follow(const struct kernel *kernel, bool json)
{
	struct entries before = {}, now = {};
	int rc = collect_sorted(kernel, &before);

	while (!rc) {
		usleep(FOLLOW_INTERVAL_US);
		now.count = 0;
		rc = collect_sorted(kernel, &now);
		for (size_t i = 0; i < now.count && !rc; i++)
			if (now.all[i].drop.packets > packets_before(&before, &now.all[i].key))
				print_line(kernel, &now.all[i], json);
		struct entries swap = before;

		before = now;
		now = swap;
	}
	free(before.all);
	free(now.all);
	return rc;
}

void drops_summary(const struct kernel *kernel)
{
	struct entries entries = {};

	if (collect_sorted(kernel, &entries) || !entries.count) {
		free(entries.all);
		return;
	}
	fprintf(stderr, "egret: %s:\n", kernel_config(kernel)->audit ? "would have been denied" : "denied");
	for (size_t i = 0; i < entries.count && i < SUMMARY_LINES; i++) {
		const struct entry *entry = &entries.all[i];
		char address[ADDR_TEXT_SIZE], protocol[32];
		char name[EGRET_NAME_SIZE];

		protocol_format(&entry->key, protocol, sizeof(protocol));
		name_format(kernel, &entry->drop, name, sizeof(name));
		fprintf(stderr, "  %s %s%s%s%s, %llu packet%s: %s\n", addr_format(&entry->key.addr, address), protocol,
			name[0] ? " (" : "", name, name[0] ? ")" : "", (unsigned long long)entry->drop.packets,
			entry->drop.packets == 1 ? "" : "s", reason_sentence(entry->key.reason));
	}
	if (entries.count > SUMMARY_LINES)
		fprintf(stderr, "  and %zu more destinations\n", entries.count - SUMMARY_LINES);
	free(entries.all);
}

int command_drops(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct kernel *kernel;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail(rc, &error);
	rc = options.follow ? follow(kernel, options.json) : show_once(kernel, options.json);
	kernel_free(kernel);
	if (!rc)
		return EXIT_YES;
	error_set(&error, rc, "cannot read what was denied: %s", strerror(-rc));
	return fail(rc, &error);
}
