// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unresolved.h"

#include <stdio.h>
#include <string.h>

#define MAX_REASONS 8 /* more share the last one's line */
#define MAX_NAMED   3

struct reason {
	char text[160];
	const char *named[MAX_NAMED];
	size_t count;
};

struct report {
	struct reason reasons[MAX_REASONS];
	size_t reason_count;
	size_t names, resolved;
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

static void add(void *context, const struct resolver_name *name)
{
	struct report *report = context;
	struct reason *reason;
	char text[160];

	report->names++;
	if (name->recalled)
		snprintf(text, sizeof(text), "%s; it has the addresses from disk until it is resolved",
			 *name->error ? name->error : "not resolved yet");
	else if (name->state == RESOLVER_PENDING)
		snprintf(text, sizeof(text), "not resolved yet; denied until then");
	else if (name->state == RESOLVER_FAILED)
		snprintf(text, sizeof(text), "%s; denied until resolved", name->error);
	else if (name->state == RESOLVER_EMPTY)
		snprintf(text, sizeof(text), "does not exist, or has no address; nothing is allowed for it");
	if (name->state != RESOLVER_PENDING && name->state != RESOLVER_FAILED && name->state != RESOLVER_EMPTY) {
		report->resolved++;
		return;
	}
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

void unresolved_report(struct resolver *resolver, size_t addresses, struct progress *progress)
{
	struct report report = {};

	resolver_each(resolver, add, &report);
	progress_say(progress, "resolved %zu of %zu names to %zu addresses", report.resolved, report.names, addresses);
	for (size_t i = 0; i < report.reason_count; i++)
		tell(&report.reasons[i], progress);
}
