// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unresolved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "egret_policy.h"

#define MAX_REASONS 8 /* more share the last one's line */
#define MAX_NAMED   3

struct reason {
	char text[192];
	const char *named[MAX_NAMED];
	size_t count;
};

struct report {
	struct reason reasons[MAX_REASONS];
	size_t reason_count;
	size_t names, resolved, known; /* known: not answered, but by an agent before this one */
	const char **denied;           /* names of deny lines, sorted */
	size_t denied_count;
};

static struct reason *find(struct report *report, const char *text)
{
	for (size_t i = 0; i < report->reason_count; i++)
		if (!strcmp(report->reasons[i].text, text))
			return &report->reasons[i];
	if (report->reason_count == MAX_REASONS)
		return &report->reasons[MAX_REASONS - 1];
	snprintf(report->reasons[report->reason_count].text, sizeof(report->reasons[0].text), "%s", text);
	return &report->reasons[report->reason_count++];
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_denied(const struct report *report, const char *name)
{
	return bsearch(&name, report->denied, report->denied_count, sizeof(*report->denied), by_text);
}

/* What a name without addresses means for its rules; NULL = it has some that were answered. A `deny` that is not
 * resolved takes nothing away by itself: nobody must read that it does. */
static const char *describe(const struct resolver_name *name, bool denied)
{
	if (name->from_disk)
		return "it has the addresses from disk until it is resolved";
	if (name->recalled)
		return "it keeps the addresses that it had until an answer says otherwise";
	switch (name->state) {
	case RESOLVER_PENDING:
	case RESOLVER_FAILED:
		return denied ? "until it is resolved, its `deny` takes away only what DNS answers bring in"
			      : "until it is resolved, its rules allow only what DNS answers bring in";
	case RESOLVER_EMPTY:
		return denied ? "nothing is denied for it" : "nothing is allowed for it";
	default:
		return NULL;
	}
}

static const char *reason_of(const struct resolver_name *name)
{
	if (name->state == RESOLVER_EMPTY)
		return "does not exist, or has no address";
	return *name->error ? name->error : "not resolved yet";
}

static void add(void *context, const struct resolver_name *name)
{
	struct report *report = context;
	const char *means = describe(name, is_denied(report, name->name));
	struct reason *reason;
	char text[192];

	report->names++;
	report->known += name->recalled;
	if (!means) {
		report->resolved++;
		return;
	}
	snprintf(text, sizeof(text), "%s; %s", reason_of(name), means);
	reason = find(report, text);
	if (reason->count < MAX_NAMED)
		reason->named[reason->count] = name->name;
	reason->count++;
}

/* "a: why", or "14 names: why (a, b, c and 11 more)". */
static void tell(const struct reason *reason, struct progress *progress)
{
	char names[1024] = "";
	size_t len = 0;

	if (reason->count == 1) {
		progress_warn(progress, "%s: %s", reason->named[0], reason->text);
		return;
	}
	for (size_t i = 0; i < reason->count && i < MAX_NAMED && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "", reason->named[i]);
	if (reason->count > MAX_NAMED && len < sizeof(names))
		snprintf(names + len, sizeof(names) - len, " and %zu more", reason->count - MAX_NAMED);
	progress_warn(progress, "%zu names: %s (%s)", reason->count, reason->text, names);
}

static size_t denied_names(const struct policy *policy, const char **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t d = 0; rule->action == EGRET_DENY && d < rule->dest_count; d++) {
			if (rule->dests[d].kind != POLICY_DEST_NAME)
				continue;
			if (ret)
				ret[count] = rule->dests[d].name;
			count++;
		}
	}
	return count;
}

static int list_denied(struct report *report, const struct policy *policy)
{
	size_t count = denied_names(policy, NULL);

	report->denied = calloc(count + 1, sizeof(*report->denied));
	if (!report->denied)
		return -ENOMEM;
	report->denied_count = denied_names(policy, report->denied);
	qsort(report->denied, count, sizeof(*report->denied), by_text);
	return 0;
}

void unresolved_report(struct resolver *resolver, const struct policy *policy, size_t addresses,
		       struct progress *progress)
{
	struct report report = {};
	char known[64] = "";

	if (list_denied(&report, policy))
		return;
	resolver_each(resolver, add, &report);
	if (report.known)
		snprintf(known, sizeof(known), " (%zu have what was known before)", report.known);
	progress_say(progress, "resolved %zu of %zu names to %zu addresses%s", report.resolved, report.names, addresses,
		     known);
	for (size_t i = 0; i < report.reason_count; i++)
		tell(&report.reasons[i], progress);
	free(report.denied);
}
