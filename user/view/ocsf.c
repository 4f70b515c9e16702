// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ocsf.h"

#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "../base/clock.h"
#include "json.h"
#include "reason.h"
#include "rows.h"

/* A number of the schema with its caption, as an event has them. */
struct choice {
	int id;
	const char *caption;
};

static const struct choice refuse = {5, "Refuse"}, traffic = {6, "Traffic"};
static const struct choice denied = {2, "Denied"}, allowed = {1, "Allowed"};
/* "Counted the request or activity but did not determine whether to allow it or block it": what audit does. */
static const struct choice blocked = {2, "Blocked"}, counted = {20, "Count"};
static const struct choice low = {2, "Low"}, informational = {1, "Informational"};
static const struct choice failure = {2, "Failure"}, success = {1, "Success"};

static void set_choice(json_t *object, const char *id_key, const char *key, const struct choice *choice)
{
	json_object_set_new(object, id_key, json_integer(choice->id));
	json_object_set_new(object, key, json_string(choice->caption));
}

/* The schema leaves out what is not known: it has no null. */
static void set_known(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_set_text(object, key, text);
}

static void copy_known(json_t *object, const char *key, const json_t *row, const char *row_key)
{
	json_t *value = json_object_get(row, row_key);

	if (value && !json_is_null(value))
		json_object_set(object, key, value);
}

static void set_object(json_t *event, const char *key, json_t *object)
{
	if (json_object_size(object))
		json_object_set_new(event, key, object);
	else
		json_decref(object);
}

/* Milliseconds since 1970, of a moment of CLOCK_MONOTONIC as maps have it. */
static void set_moment(json_t *event, const char *key, uint64_t kernel_ns)
{
	uint64_t now = clock_kernel_ns(), age = now > kernel_ns ? now - kernel_ns : 0;

	json_set_number(event, key, (clock_realtime_ns() - age) / CLOCK_NS_PER_MS);
}

static void set_class(json_t *event, bool audited)
{
	const struct choice *activity = audited ? &traffic : &refuse;

	json_set_number(event, "category_uid", 4);
	json_set_text(event, "category_name", "Network Activity");
	json_set_number(event, "class_uid", 4001);
	json_set_text(event, "class_name", "Network Activity");
	set_choice(event, "activity_id", "activity_name", activity);
	json_set_number(event, "type_uid", 400100 + (uint64_t)activity->id);
	set_choice(event, "action_id", "action", audited ? &allowed : &denied);
	set_choice(event, "disposition_id", "disposition", audited ? &counted : &blocked);
	set_choice(event, "severity_id", "severity", audited ? &informational : &low);
	set_choice(event, "status_id", "status", audited ? &success : &failure);
}

static void set_metadata(json_t *event)
{
	json_t *metadata = json_object(), *product = json_object();

	json_set_text(product, "name", "Egret");
	json_set_text(product, "vendor_name", "Egret");
	json_set_text(product, "version", EGRET_VERSION);
	json_set_text(metadata, "version", OCSF_VERSION);
	json_object_set_new(metadata, "product", product);
	json_object_set_new(metadata, "profiles", json_pack("[s, s, s]", "security_control", "host", "container"));
	json_set_text(metadata, "log_name", "denials");
	json_object_set_new(event, "metadata", metadata);
}

static void set_words(json_t *event, const json_t *row)
{
	char line[ROW_LINE_SIZE], sentence[REASON_TEXT_SIZE];

	json_set_text(event, "message", row_line(row, line));
	set_known(event, "status_code", json_text(row, "reason"));
	set_known(event, "status_detail", reason_of_row(row, sentence));
}

static json_t *container_of(const json_t *row)
{
	json_t *container = json_object();

	copy_known(container, "name", row, "container");
	copy_known(container, "uid", row, "container_id");
	if (json_object_size(container))
		copy_known(container, "pod_uuid", row, "pod_uid");
	return container;
}

static void set_source(json_t *event, const json_t *row, const char *hostname)
{
	json_t *source = json_object();
	char who[ROW_WORDS_SIZE];

	json_set_text(source, "name", row_who(row, who));
	set_known(source, "hostname", hostname);
	copy_known(source, "interface_name", row, "device");
	set_object(source, "container", container_of(row));
	json_object_set_new(event, "src_endpoint", source);
}

/* Of what is no packet there is only the call. */
static void set_target(json_t *event, const json_t *row)
{
	json_t *target = json_object();
	char destination[ROW_WORDS_SIZE];

	copy_known(target, "ip", row, "address");
	copy_known(target, "hostname", row, "name");
	copy_known(target, "port", row, "port_number");
	if (!json_object_size(target))
		json_set_text(target, "name", row_destination(row, destination));
	json_object_set_new(event, "dst_endpoint", target);
}

static void set_connection(json_t *event, const struct denial *denial, const json_t *row)
{
	const char *address = json_text(row, "address");
	json_t *connection = json_object();

	json_set_number(connection, "direction_id", 2);
	json_set_text(connection, "direction", "Outbound");
	if (!strchr(json_text(row, "protocol"), ':')) /* "protocol:47" is no name */
		copy_known(connection, "protocol_name", row, "protocol");
	if (*address) {
		json_set_number(connection, "protocol_num", denial->key.l4_proto);
		json_set_number(connection, "protocol_ver_id", addr_is_v4(&denial->key.addr) ? 4 : 6);
	}
	json_object_set_new(event, "connection_info", connection);
}

static void set_policy(json_t *event, const json_t *row, const struct egret_meta *meta)
{
	json_t *policy = json_object(), *rule = json_object();
	char place[512];

	set_known(policy, "name", meta->policy_path);
	set_known(policy, "uid", meta->policy_hash);
	if (json_object_size(policy))
		json_set_flag(policy, "is_applied", !json_flag(row, "audited"));
	set_object(event, "policy", policy);
	copy_known(rule, "name", row, "rule");
	if (json_object_size(rule)) {
		snprintf(place, sizeof(place), "%.400s:%lld", json_text(row, "file"), json_number(row, "line"));
		json_set_text(rule, "uid", place);
	}
	set_object(event, "firewall_rule", rule);
}

static void set_host(json_t *event, const json_t *row, const char *hostname)
{
	json_t *device = json_object(), *process = json_object();

	set_known(device, "hostname", hostname);
	json_set_number(device, "type_id", 1);
	json_set_text(device, "type", "Server");
	json_object_set_new(event, "device", device);
	copy_known(process, "pid", row, "pid");
	if (!json_object_size(process)) {
		json_decref(process);
		return;
	}
	copy_known(process, "name", row, "process");
	json_object_set_new(event, "actor", json_pack("{s: o}", "process", process));
}

static void set_unmapped(json_t *event, const json_t *row, const char *instance)
{
	static const char *const keys[] = {
	    "subject",      "namespace",      "pod",           "workload",    "hostnetwork",   "gone",
	    "cgroup_id",    "layer",          "call",          "reason",      "kernel_reason", "policy_name",
	    "given_to",     "server",         "over_seconds",  "ttl_seconds", "nearest_rule",  "nearest_file",
	    "nearest_line", "nearest_allows", "nat64_address", "suggestion"};
	json_t *unmapped = json_object();

	set_known(unmapped, "instance", instance);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		copy_known(unmapped, keys[i], row, keys[i]);
	json_object_set_new(event, "unmapped", unmapped);
}

json_t *ocsf_event(const struct denial *denial, const json_t *row, const struct egret_meta *meta, const char *hostname)
{
	json_t *event = json_object();

	set_moment(event, "time", denial->drop.last_ns);
	set_moment(event, "start_time", denial->drop.first_ns);
	set_moment(event, "end_time", denial->drop.last_ns);
	json_set_number(event, "count", denial->drop.packets);
	set_class(event, json_flag(row, "audited"));
	set_metadata(event);
	set_words(event, row);
	set_source(event, row, hostname);
	set_target(event, row);
	set_connection(event, denial, row);
	set_policy(event, row, meta);
	set_host(event, row, hostname);
	set_unmapped(event, row, meta->instance);
	return event;
}
