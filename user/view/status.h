/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What runs, and what is wrong with it. */
#ifndef EGRET_VIEW_STATUS_H
#define EGRET_VIEW_STATUS_H

#include <jansson.h>

#include "../kernel/read.h"
#include "layers.h"

/*
 * view_health, what layers_add (layers.h) adds by @links, and {version, attached_time, cgroup, cgroup_gone, policy:
 * {path, hash, loaded_time, rules_count, warnings_count}, only_audited: {subjects_text, since_time},
 * probation: {ends_time, waiting_text}, names (names.h),
 * resolvers (resolvers.h), packets (packets.h), dns_total, existing: [{address, port, subject, cgroup_id}],
 * special_addresses (special.h), maps: [{map, entries_count, max_entries_count, memory_bytes, sized_to_policy, full}],
 * sockets: {each_max_bytes, shared_memory_bytes}}. version: of the Egret that loaded the policy; null as "policy" is
 * where none was loaded yet.
 */
json_t *view_status(const struct kernel *kernel, const char *instance, const struct egret_meta *meta,
		    const struct layer_links *links);

/* {subjects_text, since_time}; null: nobody is only audited, or all are. */
json_t *view_only_audited(const struct egret_meta *meta);

#endif
