// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a person reads of a row of drops, short enough for a line. */
#include <stdio.h>
#include <string.h>

#include "completion.h"
#include "denials.h"
#include "json.h"
#include "rows.h"

/* The last word of a unit's path says it all; of another cgroup, which may be called anything, the whole path. */
static const char *path_words(const char *path)
{
	static const char *const units[] = {".service", ".scope", ".socket", ".slice"};
	const char *last = strrchr(path, '/');
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t end = strlen(units[i]);

		if (last && len > end && !strcmp(path + len - end, units[i]) && strlen(last) > end + 1)
			return last + 1;
	}
	return path;
}

/* At an uplink the sender is behind another device than the one that is told. */
static void somebody(const json_t *row, char buf[static ROW_WORDS_SIZE])
{
	const char *device = json_text(row, "device"), *owner = json_text(row, "device_subject");

	if (!strcmp(json_text(row, "layer"), "uplink"))
		snprintf(buf, ROW_WORDS_SIZE, "unknown");
	else if (*owner)
		snprintf(buf, ROW_WORDS_SIZE, "%s?", owner);
	else
		snprintf(buf, ROW_WORDS_SIZE, "behind %s", device);
}

static void pod_words(const json_t *row, char buf[static ROW_WORDS_SIZE])
{
	const char *namespace = json_text(row, "namespace"), *container = json_text(row, "container");

	if (*namespace)
		snprintf(buf, ROW_WORDS_SIZE, "%s/%s%s%s", namespace, json_text(row, "pod"), *container ? ":" : "",
			 container);
	else
		snprintf(buf, ROW_WORDS_SIZE, "pod %s", json_text(row, "pod_uid"));
}

const char *row_who(const json_t *row, char buf[static ROW_WORDS_SIZE])
{
	const char *workload = json_text(row, "workload");
	size_t len;

	if (json_number(row, "pods_count"))
		snprintf(buf, ROW_WORDS_SIZE, "%s", workload);
	else if (*json_text(row, "pod_uid"))
		pod_words(row, buf);
	else if (*workload)
		snprintf(buf, ROW_WORDS_SIZE, "%s", path_words(workload));
	else if (!json_number(row, "cgroup_id") && *json_text(row, "device"))
		somebody(row, buf);
	else
		snprintf(buf, ROW_WORDS_SIZE, "cgroup %lld", json_number(row, "cgroup_id"));
	len = strlen(buf);
	snprintf(buf + len, ROW_WORDS_SIZE - len, "%s", json_flag(row, "hostnetwork") ? " (hostnet)" : "");
	return buf;
}

const char *row_who_short(const json_t *row, size_t width, char buf[static ROW_WORDS_SIZE])
{
	const char *workload = json_text(row, "workload"), *name = strchr(workload, '/');
	const char *container = json_text(row, "container"),
		   *hostnet = json_flag(row, "hostnetwork") ? " (hostnet)" : "";
	const char *pod = json_text(row, "pod"), *others;
	const struct {
		const char *name, *container, *hostnet;
	} steps[] = {{workload, container, hostnet},
		     {workload, "", hostnet},
		     {name, "", hostnet},
		     {workload, "", ""},
		     {name, "", ""}};

	row_who(row, buf);
	if (!*json_text(row, "namespace") || !name)
		return buf;
	others = *pod && strcmp(pod, name + 1) != 0 ? "*" : "";
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && strlen(buf) > width; i++)
		snprintf(buf, ROW_WORDS_SIZE, "%s%s%s%s%s%s", steps[i].name == name ? "*" : "", steps[i].name, others,
			 *steps[i].container ? ":" : "", steps[i].container, steps[i].hostnet);
	return buf;
}

const char *denial_address(const json_t *row)
{
	const char *call = json_text(row, "call");

	if (json_number(row, "others_total"))
		return "other destinations";
	return *call ? call : json_text(row, "address");
}

const char *row_destination(const json_t *row, char buf[static ROW_WORDS_SIZE])
{
	const char *name = json_text(row, "name"), *address = denial_address(row), *port = json_text(row, "port");

	if (!*address)
		snprintf(buf, ROW_WORDS_SIZE, "a frame");
	else
		snprintf(buf, ROW_WORDS_SIZE, "%s%s%s", *name ? name : address, *port ? " " : "", port);
	return buf;
}

const char *row_why(const json_t *row, char buf[static ROW_WORDS_SIZE])
{
	const char *file = json_text(row, "file"), *last = strrchr(file, '/'), *device = json_text(row, "device");
	const char *reason = json_text(row, "reason");
	char completed[ROW_WORDS_SIZE / 2];
	bool all_said = completion_words(row, completed, sizeof(completed));
	long long others = json_number(row, "others_total");
	int len = 0;

	buf[0] = '\0';
	if (others)
		len = snprintf(buf, ROW_WORDS_SIZE, "%lld more destinations", others);
	else if (all_said)
		len = snprintf(buf, ROW_WORDS_SIZE, "%s", completed);
	else
		len = snprintf(buf, ROW_WORDS_SIZE, "%s", strcmp(reason, "deny-rule") || !*file ? reason : "deny");
	if (*file && !all_said)
		len += snprintf(buf + len, ROW_WORDS_SIZE - (size_t)len, " %.200s:%lld", last ? last + 1 : file,
				json_number(row, "line"));
	if (*device)
		len += snprintf(buf + len, ROW_WORDS_SIZE - (size_t)len, " at %.32s", device);
	if (json_flag(row, "outdated"))
		snprintf(buf + len, ROW_WORDS_SIZE - (size_t)len, "%s",
			 json_flag(row, "passes_now") ? " (passes now)" : " (older)");
	return buf;
}
