// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "status.h"

#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "../base/clock.h"
#include "../base/text.h"
#include "../subject/cgroup.h"
#include "health.h"
#include "json.h"
#include "layers.h"
#include "names.h"
#include "packets.h"
#include "resolvers.h"
#include "special.h"
#include "subject_name.h"
#include "subjects.h"
#include "unserved.h"

/* Where it is, or where it was; null where nothing was governed yet. And who is below it, if it is there. */
static void set_cgroup(json_t *status, const struct kernel *kernel, const struct egret_meta *meta)
{
	char path[CGROUP_PATH_SIZE];
	bool gone = !meta->governed_cgroup || cgroup_path_of_id(meta->governed_cgroup, path, sizeof(path));

	if (gone)
		snprintf(path, sizeof(path), "%s", meta->cgroup_path);
	text_make_printable(path, sizeof(path));
	json_set_text(status, "cgroup", path);
	json_set_flag(status, "cgroup_gone", gone && path[0]);
	json_object_set_new(status, "subjects", view_subjects(kernel, gone ? "" : path));
}

/* No agent is needed to see it. */
static void add_problem_of_subjects(json_t *status)
{
	char text[EGRET_PROBLEM_SIZE];
	struct finding finding = {.kind = "kubepods"};

	if (!view_subjects_problem(json_object_get(status, "subjects"), text, sizeof(text)))
		return;
	snprintf(finding.text, sizeof(finding.text), "%s", text);
	json_array_append_new(json_object_get(status, "problems"), finding_to_json(&finding));
}

static json_t *policy_to_json(const struct egret_meta *meta)
{
	json_t *policy;

	if (!meta->version[0])
		return json_null();
	policy = json_object();
	json_set_text(policy, "path", meta->policy_path);
	json_set_text(policy, "hash", meta->policy_hash);
	json_set_time(policy, "loaded_time", meta->policy_ns);
	json_set_number(policy, "rules_count", meta->rules);
	json_set_number(policy, "warnings_count", meta->warnings);
	return policy;
}

json_t *view_only_audited(const struct egret_meta *meta)
{
	json_t *audited;

	if (!meta->audited[0] || meta->asked_audit)
		return json_null();
	audited = json_object();
	json_set_text(audited, "subjects_text", meta->audited);
	json_set_time(audited, "since_time", meta->audited_ns);
	return audited;
}

/* null when its time is over: where no agent lives, nobody has ended it, and it means nothing any more. */
static json_t *probation_to_json(const struct egret_meta *meta)
{
	json_t *probation;

	if (meta->probation_ends_ns < clock_realtime_ns())
		return json_null();
	probation = json_object();
	json_set_time(probation, "ends_time", meta->probation_ends_ns);
	json_set_text(probation, "waiting_text", meta->waiting);
	return probation;
}

/* What became of DNS answers, by enum egret_lesson_kind. */
static json_t *lessons_to_json(const struct kernel *kernel)
{
	static const char *const labels[] = {
#define LESSON_LABEL(symbol, label, sentence) label,
	    EGRET_LESSONS(LESSON_LABEL)
#undef LESSON_LABEL
	};
	json_t *lessons = json_object();
	struct egret_counter counter;

	for (uint32_t kind = 0; kind < EGRET_LESSON_COUNT; kind++) {
		if (!kernel_get_lesson(kernel, kind, &counter))
			json_set_number(lessons, labels[kind], counter.packets);
	}
	return lessons;
}

struct existing_list {
	const struct kernel *kernel;
	json_t *rows;
	struct subject_cache subjects;
};

static int add_existing(void *context, uint64_t cookie, const struct egret_existing *value)
{
	struct existing_list *list = context;
	char address[ADDR_TEXT_SIZE], port[16];
	json_t *row;

	(void)cookie;
	if (value->allowed)
		return 0;
	row = json_object();
	snprintf(port, sizeof(port), "tcp:%u", value->port);
	json_set_text(row, "address", addr_format(&value->addr, address));
	json_set_text(row, "port", port);
	json_set_subject(row, list->kernel, value->cgroup_id, 0, &list->subjects);
	return json_array_append_new(list->rows, row);
}

static json_t *existing_to_json(const struct kernel *kernel)
{
	struct existing_list list = {.kernel = kernel, .rows = json_array()};

	/* With `existing = cut` they do not go on once the policy enforces. */
	if (kernel_config(kernel)->keep_existing || kernel_settings(kernel)->audit)
		kernel_each_existing(kernel, add_existing, &list);
	subject_cache_clear(&list.subjects);
	return list.rows;
}

/* A map of one entry, and one that was made to the policy's size, may well be full. */
static bool is_full(const struct kernel_map_fill *fill)
{
	return !fill->sized_to_policy && fill->entries > 1 &&
	       (uint64_t)fill->entries * 10 >= (uint64_t)fill->max_entries * 9;
}

static json_t *maps_to_json(const struct kernel *kernel)
{
	struct kernel_map_fill fills[KERNEL_MAP_FILLS];
	size_t count = kernel_map_fill(kernel, fills);
	json_t *maps = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object();

		json_set_text(row, "map", fills[i].name);
		json_object_set_new(row, "entries_count",
				    fills[i].counted ? json_integer(fills[i].entries) : json_null());
		json_set_number(row, "max_entries_count", fills[i].max_entries);
		json_set_number(row, "memory_bytes", fills[i].memory_bytes);
		json_set_flag(row, "sized_to_policy", fills[i].sized_to_policy);
		json_set_flag(row, "full", is_full(&fills[i]));
		json_array_append_new(maps, row);
	}
	return maps;
}

/* A line each, as the agent wrote them; some may have found no room. */
static json_t *absent_to_json(const struct egret_meta *meta)
{
	char paths[EGRET_ABSENT_SIZE], *rest = paths, *path;
	json_t *absent = json_array();

	snprintf(paths, sizeof(paths), "%s", meta->absent_cgroups);
	while ((path = strsep(&rest, "\n")) && *path) {
		text_make_printable(path, strlen(path) + 1);
		json_array_append_new(absent, json_string(path));
	}
	return absent;
}

static uint64_t memory_of(const json_t *maps)
{
	uint64_t bytes = 0;
	const json_t *map;
	size_t i;

	json_array_foreach (maps, i, map)
		bytes += (uint64_t)json_number(map, "memory_bytes");
	return bytes;
}

static json_t *sockets_to_json(const struct kernel *kernel)
{
	json_t *sockets = json_object();
	struct kernel_socket_memory memory;

	kernel_socket_memory(kernel, &memory);
	json_set_number(sockets, "each_max_bytes", memory.each_bytes);
	json_set_number(sockets, "shared_memory_bytes", memory.shared_bytes);
	return sockets;
}

json_t *view_status(const struct kernel *kernel, const char *instance, const struct egret_meta *meta,
		    const struct layer_links *links)
{
	json_t *status = view_health(kernel, instance, meta);

	layers_add(status, kernel, instance, meta, links);
	json_set_text(status, "version", meta->version);
	json_set_time(status, "attached_time", meta->attached_ns);
	set_cgroup(status, kernel, meta);
	add_problem_of_subjects(status);
	json_object_set_new(status, "absent_cgroups", absent_to_json(meta));
	json_set_number(status, "absent_cgroups_count", meta->absent_cgroup_count);
	json_object_set_new(status, "policy", policy_to_json(meta));
	json_object_set_new(status, "only_audited", view_only_audited(meta));
	json_object_set_new(status, "probation", probation_to_json(meta));
	json_object_set_new(status, "names", view_names(kernel));
	json_object_set_new(status, "resolvers", view_resolvers(meta));
	json_object_set_new(status, "unserved", view_unserved(kernel));
	json_object_set_new(status, "packets", view_packets(kernel));
	json_object_set_new(status, "dns_total", lessons_to_json(kernel));
	json_object_set_new(status, "existing", existing_to_json(kernel));
	json_object_set_new(status, "special_addresses", view_special_addresses(kernel));
	json_object_set_new(status, "maps", maps_to_json(kernel));
	json_set_number(status, "maps_memory_bytes", memory_of(json_object_get(status, "maps")));
	json_object_set_new(status, "sockets", sockets_to_json(kernel));
	return status;
}
