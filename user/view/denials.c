// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "denials.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "../kernel/layer.h"
#include "../policy/policy.h"
#include "asker.h"
#include "completion.h"
#include "json.h"
#include "passes.h"
#include "reason.h"
#include "refusal.h"
#include "rows.h"
#include "rule_text.h"
#include "subject_name.h"
#include "suggestion.h"
#include "egret_reasons.h"
#include "egret_limits.h"
#include "egret_subject.h"

struct collecting {
	const struct kernel *kernel;
	struct denials *denials;
	uint32_t policy_generation;
	bool audit, layers_audit;
};

static bool is_of_layer(const struct denial *denial)
{
	return denial->drop.ifindex || refusal_is(denial->key.reason);
}

/* What made room may have been of the hook and of layers; and of some reasons the hook denies what follows `set
 * layers`, too. */
static bool is_of_both(const struct denial *denial)
{
	return denial->others || denial->key.reason == EGRET_REASON_FOREIGN_SOURCE ||
	       denial->key.reason == EGRET_REASON_NOT_SERVER || denial->key.reason == EGRET_REASON_FORGED ||
	       denial->key.reason == EGRET_REASON_IPSEC;
}

/* A line of `audit` lets it pass, in any mode. */
static bool is_of_audit_line(const struct kernel *kernel, const struct denial *denial)
{
	struct egret_rule_text text;

	return denial->key.audited && denial->key.rule >= EGRET_RULE_FIRST &&
	       !kernel_get_text(kernel, denial->key.rule, &text) && rule_is_audit(&text);
}

/* Is its subject only audited now? Of a cgroup that is gone, as the policy under which it was denied last had it. */
static bool is_audited_now(const struct kernel *kernel, const struct denial *denial)
{
	bool gone = kernel_get_audience(kernel, denial->key.cgroup_id) == EGRET_AUDIENCE_UNKNOWN;

	if (!(kernel_settings(kernel)->has & EGRET_HAS_AUDITED))
		return false;
	return kernel_audits(kernel, gone ? denial->drop.audience : asker_audience(kernel, denial));
}

/* Was it denied, or only audited, as it would be now? */
static bool is_of_mode(const struct collecting *collecting, const struct denial *denial)
{
	bool audited = denial->key.audited;

	if (is_of_audit_line(collecting->kernel, denial))
		return true;
	if (is_audited_now(collecting->kernel, denial))
		return audited;
	/* In any mode: where the policy does not say who serves a resolver. */
	if (denial->key.reason == EGRET_REASON_NOT_SERVER && audited)
		return true;
	if (is_of_both(denial))
		return audited == collecting->audit || audited == collecting->layers_audit;
	return audited == (is_of_layer(denial) ? collecting->layers_audit : collecting->audit);
}

static int add(const struct collecting *collecting, struct denial denial)
{
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
	denial.outdated =
	    (int32_t)(denial.drop.generation - collecting->policy_generation) < 0 || !is_of_mode(collecting, &denial);
	denials->all[denials->count++] = denial;
	return 0;
}

static int collect(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	return add(context, (struct denial){.key = *key, .drop = *drop});
}

static int collect_others(void *context, uint64_t owner, bool audited, const struct egret_others *others)
{
	const struct collecting *collecting = context;

	return add(context, (struct denial){
				.key = {.cgroup_id = owner, .audited = audited},
				.drop = {.packets = others->packets,
					 .last_ns = others->last_ns,
					 .generation = others->generation,
					 .parent_cgroup_id = kernel_denied_cgroup(collecting->kernel, owner)},
				.others = others->rows,
			    });
}

/* By whichever name. */
static bool is_listed(const struct denials *denials, const struct egret_drop_key *key)
{
	struct egret_drop_key listed;

	for (size_t i = 0; i < denials->count; i++) {
		listed = denials->all[i].key;
		listed.name_key = key->name_key;
		if (!memcmp(&listed, key, sizeof(*key)))
			return true;
	}
	return false;
}

/* Once the policy enforces, a connection from before the attach goes on until it closes, and can not be
 * made again: under audit that is told beforehand, though no packet of it was held. */
static int collect_existing(void *context, uint64_t cookie, const struct egret_existing *value)
{
	const struct collecting *collecting = context;
	bool unnamed = value->reason <= EGRET_REASON_NO_RULE;
	struct egret_drop_key key = {
	    .cgroup_id = value->cgroup_id,
	    .addr = value->addr,
	    .port = value->port,
	    .l4_proto = IPPROTO_TCP,
	    .reason = unnamed ? EGRET_REASON_BEFORE_ATTACH : value->reason,
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
	const struct egret_settings *settings = kernel_settings(kernel);
	struct collecting collecting = {
	    .kernel = kernel,
	    .denials = ret,
	    .audit = settings->audit,
	    .layers_audit = settings->audit || settings->layers != EGRET_LAYERS_ENFORCE,
	};
	struct egret_meta meta = {};
	int rc;

	ret->count = 0;
	kernel_get_meta(kernel, &meta);
	collecting.policy_generation = meta.policy_generation;
	rc = kernel_each_drop(kernel, collect, &collecting);
	if (!rc)
		rc = kernel_each_others(kernel, collect_others, &collecting);
	if (!rc && collecting.audit)
		rc = kernel_each_existing(kernel, collect_existing, &collecting);
	return rc;
}

uint64_t denial_owner(const struct egret_drop_key *key, const struct egret_drop *drop)
{
	uint32_t audience = drop->audience;
	bool is_pod = audience != EGRET_AUDIENCE_UNKNOWN && egret_audience_kind(audience) != EGRET_KIND_HOST;

	return is_pod && drop->parent_cgroup_id ? drop->parent_cgroup_id : key->cgroup_id;
}

static int worst_first(const void *a, const void *b)
{
	const struct denial *left = a, *right = b;

	if (left->outdated != right->outdated)
		return left->outdated - right->outdated;
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

/* As the language writes it; "protocol:47" is of none that it has a word for. */
static void set_port(json_t *row, const struct egret_drop_key *key)
{
	struct policy_port port = {.l4_proto = key->l4_proto, .lo = key->port, .hi = key->port};
	char text[24];

	switch (key->l4_proto) {
	case IPPROTO_ICMPV6:
		port.l4_proto = IPPROTO_ICMP;
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_ICMP:
		break;
	default:
		snprintf(text, sizeof(text), "protocol:%u", key->l4_proto);
		json_set_text(row, "port", text);
		return;
	}
	json_set_text(row, "port", policy_port_format(&port, text));
}

/* The name that led to the address, or else the policy's. */
static void find_name(const struct kernel *kernel, const struct denial *denial,
		      const struct egret_completion *completion, char buf[static EGRET_NAME_SIZE])
{
	uint64_t led_there = completion->asked ? completion->asked : denial->key.name_key;
	struct egret_name name = {};
	struct egret_asked asked = {};

	buf[0] = '\0';
	if (led_there && !kernel_get_asked(kernel, led_there, &asked))
		snprintf(buf, EGRET_NAME_SIZE, "%s", asked.name);
	else if (denial->drop.name && !kernel_get_name(kernel, denial->drop.name, &name))
		snprintf(buf, EGRET_NAME_SIZE, "%s", name.name);
}

static void set_suggestion(json_t *row, const struct kernel *kernel, const struct denial *denial, const char *name,
			   const struct egret_completion *completion)
{
	const struct egret_drop_key *key = &denial->key;
	char line[SUGGESTION_SIZE];
	struct denied denied = {
	    .name = name,
	    .addr = key->addr,
	    .need = EGRET_NEED_NOTHING,
	    .l4_proto = key->l4_proto,
	    .port = key->port,
	    .reason = key->reason,
	    .cause = completion->cause,
	    .server = completion->server,
	    .age_sec = completion->ttl_sec ? completion->ttl_sec + completion->over_sec : 0,
	    .max_ttl_sec = kernel_settings(kernel)->max_ttl_sec,
	    .audience = denial->drop.audience,
	    .at_device = !strcmp(json_text(row, "layer"), "device"),
	    .families = kernel_settings(kernel)->families,
	    .rule_text = key->reason == EGRET_REASON_SPECIAL_ADDRESS ? json_text(row, "rule") : "",
	};

	/* The policy trusts it by now. */
	if (denied.cause == EGRET_CAUSE_UNTRUSTED_RESOLVER && kernel_may_ask(kernel, &denied.server, NULL))
		denied.cause = EGRET_CAUSE_ADDRESS_NOT_IN_POLICY;
	if (kernel_addr_need(kernel, &key->addr, &denied.need))
		denied.need = EGRET_NEED_NOTHING;
	json_set_text(row, "suggestion", suggestion_line(&denied, line));
}

static void set_process(json_t *row, const struct egret_drop *drop)
{
	char comm[EGRET_COMM_SIZE + 1];

	snprintf(comm, sizeof(comm), "%.*s", (int)sizeof(drop->comm), drop->comm);
	json_set_text(row, "process", drop->pid ? comm : NULL);
	json_object_set_new(row, "pid", drop->pid ? json_integer(drop->pid) : json_null());
}

/* Of a device that is gone a row without a process has the name still. Only pods' devices go. */
static void set_layer(json_t *row, const struct kernel *kernel, const struct denial *denial)
{
	const struct egret_drop *drop = &denial->drop;
	bool of_uplink =
	    denial->key.reason == EGRET_REASON_UNLOOKED || denial->key.reason == EGRET_REASON_SERVICE_OUTSIDE;
	struct egret_device device = {};
	char name[EGRET_DEVICE_NAME_SIZE + 1];

	if (drop->ifindex && kernel_get_device(kernel, drop->ifindex, &device) && !drop->pid)
		memcpy(device.name, drop->comm, sizeof(device.name));
	snprintf(name, sizeof(name), "%.*s", EGRET_DEVICE_NAME_SIZE, device.name);
	text_make_printable(name, sizeof(name));
	if (refusal_is(denial->key.reason)) {
		json_set_text(row, "layer", "source");
		json_set_text(row, "device", NULL);
		return;
	}
	of_uplink |= (device.flags & (EGRET_DEVICE_UPLINK | EGRET_DEVICE_LEADS_IN)) == EGRET_DEVICE_UPLINK;
	json_set_text(row, "layer", !drop->ifindex ? "hook" : of_uplink ? "uplink" : "device");
	json_set_text(row, "device", name);
}

/* It may have become known since. */
static void set_device_subject(json_t *row, const struct kernel *kernel, const struct denial *denial)
{
	struct egret_sender sender;
	json_t *owner;

	json_object_set_new(row, "device_subject", json_null());
	if (denial->key.cgroup_id || strcmp(json_text(row, "layer"), "device") != 0 ||
	    kernel_get_device_owner(kernel, denial->drop.ifindex, &sender))
		return;
	owner = json_object();
	json_set_subject(owner, kernel, sender.cgroup_id, sender.owner, NULL);
	json_object_set(row, "device_subject", json_object_get(owner, "subject"));
	json_decref(owner);
}

/* A frame that is no IP has neither, nor has what may not begin. */
static void set_address(json_t *row, const struct kernel *kernel, const struct egret_drop_key *key)
{
	char address[ADDR_TEXT_SIZE], call[REFUSAL_SIZE];
	bool refused = refusal_is(key->reason);

	json_set_text(row, "call", refused ? refusal_words(key->reason, key->port, call) : NULL);
	if (refused || key->reason == EGRET_REASON_NOT_IP) {
		json_set_text(row, "address", NULL);
		json_set_text(row, "nat64_address", NULL);
		json_set_text(row, "port", NULL);
		return;
	}
	json_set_text(row, "address", addr_format(&key->addr, address));
	json_set_nat64(row, kernel_nat64(kernel), &key->addr);
	set_port(row, key);
}

/* What a row says of its one destination, and of whom sent there. */
static void set_destination(json_t *row, const struct kernel *kernel, const struct denial *denial,
			    const struct egret_completion *completion)
{
	const struct egret_drop_key *key = &denial->key;
	char name[EGRET_NAME_SIZE];

	find_name(kernel, denial, completion, name);
	set_address(row, kernel, key);
	set_layer(row, kernel, denial);
	set_device_subject(row, kernel, denial);
	json_set_text(row, "name", name);
	json_set_text(row, "reason", reason_label(key->reason));
	json_set_rule(row, kernel, key->rule);
	set_suggestion(row, kernel, denial, name, completion);
	json_set_flag(row, "passes_now", denial->outdated && passes_now(kernel, denial, name, completion));
}

/* A pod in the node's network namespace, as the policy that denied first had it. */
static void set_hostnetwork(json_t *row, const struct egret_drop *drop)
{
	json_set_flag(row, "hostnetwork",
		      drop->audience && egret_audience_kind(drop->audience) == EGRET_KIND_HOSTNETWORK);
}

/* The port apart from its protocol, for who filters by them. */
static void split_port(json_t *row)
{
	const char *port = json_text(row, "port"), *colon = strchr(port, ':');
	bool is_port = colon && strncmp(port, "protocol:", strlen("protocol:")) != 0;
	char protocol[24];

	snprintf(protocol, sizeof(protocol), "%.*s", is_port ? (int)(colon - port) : (int)strlen(port), port);
	json_set_text(row, "protocol", protocol);
	json_object_set_new(row, "port_number", is_port ? json_integer(atoll(colon + 1)) : json_null());
}

static void set_no_destination(json_t *row, const struct kernel *kernel)
{
	json_set_text(row, "call", NULL);
	json_set_text(row, "address", NULL);
	json_set_text(row, "nat64_address", NULL);
	json_set_text(row, "port", NULL);
	json_set_text(row, "name", NULL);
	json_set_text(row, "reason", NULL);
	json_set_rule(row, kernel, EGRET_RULE_NONE);
	json_set_text(row, "suggestion", NULL);
	json_set_flag(row, "passes_now", false);
	json_set_text(row, "layer", NULL);
	json_set_text(row, "device", NULL);
	json_set_text(row, "device_subject", NULL);
}

json_t *denial_to_json(const struct kernel *kernel, const struct denial *denial, struct subject_cache *cache)
{
	const struct egret_drop *drop = &denial->drop;
	struct egret_completion completion;
	bool completed = completion_find(kernel, denial, &completion);
	json_t *row = json_object();

	json_set_number(row, "packets_total", drop->packets);
	json_set_number(row, "others_total", denial->others);
	json_set_flag(row, "audited", denial->key.audited);
	json_set_flag(row, "outdated", denial->outdated);
	if (denial->others)
		set_no_destination(row, kernel);
	else
		set_destination(row, kernel, denial, &completion);
	json_set_completion(row, &completion, completed);
	split_port(row);
	json_set_subject(row, kernel, denial->key.cgroup_id, drop->parent_cgroup_id, cache);
	if (denial->others)
		json_set_no_container(row);
	set_hostnetwork(row, drop);
	set_process(row, drop);
	json_set_kernel_time(row, "first_time", drop->first_ns);
	json_set_kernel_time(row, "last_time", drop->last_ns);
	json_set_number(row, "number", row_number(row, false));
	return row;
}

int view_drops(const struct kernel *kernel, json_t **ret)
{
	struct subject_cache subjects = {};
	struct denials denials = {};
	int rc = denials_read(kernel, &denials);

	if (!rc) {
		denials_sort(&denials);
		*ret = json_array();
		for (size_t i = 0; i < denials.count; i++)
			json_array_append_new(*ret, denial_to_json(kernel, &denials.all[i], &subjects));
	}
	subject_cache_clear(&subjects);
	denials_free(&denials);
	return rc;
}
