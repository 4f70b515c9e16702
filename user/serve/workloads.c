// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "workloads.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "../subject/pod.h"
#include "../view/reason.h"
#include "egret_reasons.h"

/* What rows had counted that came and made room between two looks. */
#define REASON_UNKNOWN EGRET_REASON_NONE

enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP, PROTOCOL_ICMP, PROTOCOL_OTHER, PROTOCOL_COUNT };
static const char *const protocol_names[] = {"tcp", "udp", "sctp", "icmp", "other"};

/* Packets in the rows now, and at the last look. */
struct raw {
	uint64_t now, before;
};

struct counter {
	struct raw raw;
	uint64_t total;
};

struct owner_name {
	char space[EGRET_POD_NAME_SIZE], name[EGRET_POD_NAME_SIZE];
};

struct owner {
	struct owner_name name;
	struct raw raw[2]; /* of all rows: of what was denied, and of what would be */
	struct counter counters[2][EGRET_REASON_COUNT][PROTOCOL_COUNT];
};

/* Of whom a cgroup's rows are, for one look. */
struct known {
	uint64_t cgroup_id;
	struct owner *owner;
	UT_hash_handle hh;
};

struct workloads {
	const struct kernel *kernel;
	struct known *known;
	size_t count;
	struct owner *owners[WORKLOADS_MAX];
	struct owner other;
};

struct workloads *workloads_new(void)
{
	struct workloads *workloads = calloc(1, sizeof(*workloads));

	if (workloads)
		strcpy(workloads->other.name.name, "other");
	return workloads;
}

void workloads_free(struct workloads *workloads)
{
	if (!workloads)
		return;
	for (size_t i = 0; i < workloads->count; i++)
		free(workloads->owners[i]);
	free(workloads);
}

/* --- whose a row is --- */

/* A service's path, up to what systemd calls it: below it is the service's own business. */
static void name_of_path(const char *path, struct owner_name *ret)
{
	const char *end = strstr(path, ".service/");

	ret->space[0] = '\0';
	snprintf(ret->name, sizeof(ret->name), "%.*s", end ? (int)(end - path + strlen(".service")) : (int)strlen(path),
		 path);
}

/* @pod: "namespace/pod" */
static void name_of_workload(const char *pod, struct owner_name *ret)
{
	char workload[WORKLOAD_SIZE];
	const char *slash = strchr(pod_workload(pod, workload), '/');

	snprintf(ret->space, sizeof(ret->space), "%.*s", slash ? (int)(slash - workload) : 0, workload);
	snprintf(ret->name, sizeof(ret->name), "%s", slash ? slash + 1 : workload);
}

static void name_of_pod(const struct kernel *kernel, const struct pod *pod, struct owner_name *ret)
{
	struct egret_pod_uid uid = {};
	struct egret_pod_name name;

	snprintf(uid.uid, sizeof(uid.uid), "%s", pod->uid);
	if (!kernel_get_pod_name(kernel, &uid, &name))
		name_of_workload(name.name, ret);
	else
		*ret = (struct owner_name){.name = "unknown-pod"};
}

/* By what the agent noted: a cgroup's path is not asked of the kernel, which tells it to CAP_DAC_READ_SEARCH only. */
static void find_name(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id, struct owner_name *ret)
{
	struct egret_subject_name subject;
	struct pod pod;

	if (kernel_get_subject_name(kernel, cgroup_id, &subject) &&
	    kernel_get_subject_name(kernel, parent_id, &subject))
		*ret = (struct owner_name){.name = "unknown"};
	else if (pod_of_path(subject.path, "", &pod))
		name_of_pod(kernel, &pod, ret);
	else
		name_of_path(subject.path, ret);
}

static struct owner *find_owner(struct workloads *workloads, const struct owner_name *name)
{
	struct owner *owner;

	for (size_t i = 0; i < workloads->count; i++) {
		owner = workloads->owners[i];
		if (!strcmp(owner->name.space, name->space) && !strcmp(owner->name.name, name->name))
			return owner;
	}
	owner = workloads->count < WORKLOADS_MAX ? calloc(1, sizeof(*owner)) : NULL;
	if (!owner)
		return &workloads->other;
	owner->name = *name;
	workloads->owners[workloads->count++] = owner;
	return owner;
}

static struct owner *owner_of(struct workloads *workloads, uint64_t cgroup_id, uint64_t parent_id)
{
	struct owner_name name;
	struct known *known;

	HASH_FIND(hh, workloads->known, &cgroup_id, sizeof(cgroup_id), known);
	if (known)
		return known->owner;
	find_name(workloads->kernel, cgroup_id, parent_id, &name);
	known = calloc(1, sizeof(*known));
	if (!known)
		return &workloads->other;
	known->cgroup_id = cgroup_id;
	known->owner = find_owner(workloads, &name);
	HASH_ADD(hh, workloads->known, cgroup_id, sizeof(cgroup_id), known);
	return known->owner;
}

/* --- what rows have --- */

static enum protocol protocol_of(uint8_t l4_proto)
{
	switch (l4_proto) {
	case IPPROTO_TCP:
		return PROTOCOL_TCP;
	case IPPROTO_UDP:
		return PROTOCOL_UDP;
	case IPPROTO_SCTP:
		return PROTOCOL_SCTP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return PROTOCOL_ICMP;
	default:
		return PROTOCOL_OTHER;
	}
}

static int add_row(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct owner *owner = owner_of(context, key->cgroup_id, drop->parent_cgroup_id);
	uint32_t reason = key->reason < EGRET_REASON_COUNT ? key->reason : REASON_UNKNOWN;

	owner->raw[!!key->audited].now += drop->packets;
	owner->counters[!!key->audited][reason][protocol_of(key->l4_proto)].raw.now += drop->packets;
	return 0;
}

/* Of a pod it is the pod's own cgroup, to which nothing is denied: one of its containers' tells which pod. */
static int add_others(void *context, uint64_t id, bool audited, const struct egret_others *others)
{
	struct workloads *workloads = context;
	uint64_t denied_id = kernel_denied_cgroup(workloads->kernel, id);

	owner_of(workloads, id, denied_id)->raw[audited].now += others->packets;
	return 0;
}

/* --- what they grew by --- */

/* 0 where the look was not @whole, which then has never been. */
static uint64_t growth(struct raw *raw, bool whole)
{
	uint64_t grown = whole && raw->now > raw->before ? raw->now - raw->before : 0;

	if (whole)
		raw->before = raw->now;
	raw->now = 0;
	return grown;
}

/* What made room is counted among the owner's rows still, without its reason: that part of the growth was told before,
 * or is of nobody knows which reason. */
static void take_growth(struct owner *owner, int audited, bool whole)
{
	uint64_t all = growth(&owner->raw[audited], whole), told = 0;

	for (int reason = 0; reason < EGRET_REASON_COUNT; reason++) {
		for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
			struct counter *counter = &owner->counters[audited][reason][protocol];
			uint64_t grown = growth(&counter->raw, whole);

			counter->total += grown;
			told += grown;
		}
	}
	if (all > told)
		owner->counters[audited][REASON_UNKNOWN][PROTOCOL_OTHER].total += all - told;
}

static void take_all_growth(struct workloads *workloads, bool whole)
{
	for (int audited = 0; audited < 2; audited++) {
		for (size_t i = 0; i < workloads->count; i++)
			take_growth(workloads->owners[i], audited, whole);
		take_growth(&workloads->other, audited, whole);
	}
}

static void forget_known(struct workloads *workloads)
{
	struct known *known, *next;

	HASH_ITER (hh, workloads->known, known, next) {
		HASH_DEL(workloads->known, known);
		free(known);
	}
}

int workloads_look(struct workloads *workloads, const struct kernel *kernel)
{
	int rc;

	workloads->kernel = kernel;
	rc = kernel_each_denial(kernel, add_row, add_others, workloads);
	take_all_growth(workloads, !rc);
	forget_known(workloads);
	return rc;
}

/* --- as text --- */

static void write_owner(const struct owner *owner, int audited, struct series *series)
{
	for (int reason = 0; reason < EGRET_REASON_COUNT; reason++) {
		for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
			uint64_t total = owner->counters[audited][reason][protocol].total;

			if (total)
				series_add_labelled(series, total, {"namespace", owner->name.space},
						    {"workload", owner->name.name},
						    {"protocol", protocol_names[protocol]},
						    {"reason", reason ? reason_label(reason) : "unknown"});
		}
	}
}

void workloads_write(const struct workloads *workloads, struct series *series)
{
	static const char *const names[] = {"egret_workload_denied_packets", "egret_workload_would_deny_packets"};
	static const char *const helps[] = {"Packets that were denied, by whose they were.",
					    "Packets that only audit let through, by whose they were."};

	for (int audited = 0; audited < 2; audited++) {
		series_begin(series, names[audited], SERIES_COUNTER, helps[audited]);
		for (size_t i = 0; i < workloads->count; i++)
			write_owner(workloads->owners[i], audited, series);
		write_owner(&workloads->other, audited, series);
	}
}
