// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fake_kernel.h"

#include <stdio.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TICKS_PER_SEC 100

const struct kernel *fake_instance;

int kernel_open(const char *instance, const struct kernel **ret, struct error *error)
{
	if (!fake_instance)
		return error_set(error, -ENOENT, "there is no instance %s", instance);
	*ret = fake_instance;
	return 0;
}

int kernel_view(const char *instance, const struct kernel **ret, struct error *error)
{
	return kernel_open(instance, ret, error);
}

size_t kernel_view_commands(const int **ret)
{
	static const int commands[] = {1 /* BPF_MAP_LOOKUP_ELEM */};

	*ret = commands;
	return 1;
}

bool kernel_is_view(const struct kernel *kernel)
{
	return kernel->view;
}

uint32_t kernel_texts_id(const struct kernel *kernel)
{
	return kernel->texts_id;
}

int kernel_read_counters(const struct kernel *kernel, struct egret_counter *ret, uint32_t limit)
{
	memcpy(ret, kernel->counters, limit * sizeof(*ret));
	return 0;
}

int kernel_each_denial(const struct kernel *kernel,
		       int (*row)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		       int (*others)(void *context, uint64_t owner, bool audited, const struct egret_others *others),
		       void *context)
{
	int rc = kernel_each_drop(kernel, row, context);

	return rc ? rc : kernel_each_others(kernel, others, context);
}

void kernel_close(const struct kernel *kernel)
{
	(void)kernel;
}

/* Somebody takes it down at once. */
bool kernel_is_pinned_here(const struct kernel *kernel)
{
	static unsigned int looks;
	bool pinned = kernel->is_pinned && kernel->is_pinned(looks);

	looks = pinned ? looks + 1 : 0;
	return pinned;
}

const struct egret_settings *kernel_settings(const struct kernel *kernel)
{
	return &kernel->config.settings[kernel->config.generation & (EGRET_POLICY_SLOTS - 1)];
}

const struct egret_nat64 *kernel_nat64(const struct kernel *kernel)
{
	return &kernel->config.nat64[kernel->config.generation & (EGRET_POLICY_SLOTS - 1)];
}

const struct egret_config *kernel_config(const struct kernel *kernel)
{
	return &kernel->config;
}

int kernel_get_meta(const struct kernel *kernel, struct egret_meta *ret)
{
	*ret = kernel->meta;
	return 0;
}

bool kernel_is_held(const char *instance)
{
	(void)instance;
	return fake_instance && fake_instance->held;
}

bool kernel_is_attached(const struct kernel *kernel, const char **ret_missing)
{
	if (kernel->missing_hook)
		*ret_missing = kernel->missing_hook;
	return !kernel->missing_hook;
}

bool kernel_is_of_exec(const char *instance)
{
	(void)instance;
	return fake_instance && fake_instance->of_exec;
}

/* --- layers --- */

void kernel_source_get(const struct kernel *kernel, enum egret_source source, struct kernel_source *ret)
{
	*ret = kernel->sources[source];
}

int kernel_each_device(const struct kernel *kernel,
		       int (*visit)(void *context, uint32_t ifindex, const struct egret_device *device, bool ingress,
				    bool egress),
		       void *context)
{
	int rc = 0;

	for (size_t i = 0; i < kernel->device_count && !rc; i++)
		rc = visit(context, kernel->devices[i].ifindex, &kernel->devices[i].device, kernel->devices[i].ingress,
			   kernel->devices[i].egress);
	return rc;
}

int kernel_get_device(const struct kernel *kernel, uint32_t ifindex, struct egret_device *ret)
{
	for (size_t i = 0; i < kernel->device_count; i++) {
		if (kernel->devices[i].ifindex == ifindex) {
			*ret = kernel->devices[i].device;
			return 0;
		}
	}
	return -ENOENT;
}

int kernel_get_device_owner(const struct kernel *kernel, uint32_t ifindex, struct egret_sender *ret)
{
	(void)ifindex;
	*ret = (struct egret_sender){.cgroup_id = kernel->device_owner};
	return kernel->device_owner ? 0 : -ENOENT;
}

bool kernel_has_overlay(const struct kernel *kernel, const struct egret_overlay *overlay)
{
	return kernel->overlay.l4_proto && !memcmp(overlay, &kernel->overlay, sizeof(*overlay));
}

int kernel_get_look(const struct kernel *kernel, enum egret_layer layer, enum egret_look look,
		    struct egret_counter *ret)
{
	*ret = kernel->looks[layer][look];
	return 0;
}

/* --- rules, counters --- */

uint32_t kernel_rule_limit(const struct kernel *kernel)
{
	(void)kernel;
	return EGRET_RULE_FIRST + FAKE_MAX;
}

int kernel_get_text(const struct kernel *kernel, uint32_t rule, struct egret_rule_text *ret)
{
	if (rule >= EGRET_RULE_FIRST + FAKE_MAX || !kernel->texts[rule].text[0])
		return -ENOENT;
	*ret = kernel->texts[rule];
	return 0;
}

int kernel_each_rule(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t rule, const struct egret_rule_text *text), void *context)
{
	for (uint32_t rule = EGRET_RULE_FIRST; rule < EGRET_RULE_FIRST + FAKE_MAX; rule++) {
		if (kernel->texts[rule].text[0])
			visit(context, rule, &kernel->texts[rule]);
	}
	return 0;
}

int kernel_get_counter(const struct kernel *kernel, uint32_t rule, struct egret_counter *ret)
{
	*ret = kernel->counters[rule];
	return 0;
}

int kernel_get_hit(const struct kernel *kernel, uint32_t rule, struct egret_hit *ret)
{
	*ret = kernel->hits[rule];
	return 0;
}

int kernel_get_reason(const struct kernel *kernel, uint32_t reason, bool audited, struct egret_counter *ret)
{
	*ret = kernel->reasons[audited][reason];
	return 0;
}

int kernel_get_lesson(const struct kernel *kernel, uint32_t kind, struct egret_counter *ret)
{
	*ret = kernel->lessons[kind];
	return 0;
}

/* --- names, subjects --- */

int kernel_get_name(const struct kernel *kernel, uint32_t index, struct egret_name *ret)
{
	if (index >= FAKE_NAMES || kernel->names[index].state == EGRET_NAME_UNUSED)
		return -ENOENT;
	*ret = kernel->names[index];
	return 0;
}

int kernel_each_name(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t index, const struct egret_name *name), void *context)
{
	int rc = 0;

	for (uint32_t i = 1; i < FAKE_NAMES && !rc; i++) {
		if (kernel->names[i].state != EGRET_NAME_UNUSED)
			rc = visit(context, i, &kernel->names[i]);
	}
	return rc;
}

int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret)
{
	for (size_t i = 0; i < kernel->asked_count; i++) {
		if (kernel->asked[i].key == key) {
			*ret = kernel->asked[i].asked;
			return 0;
		}
	}
	return -ENOENT;
}

int kernel_get_subject_name(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject_name *ret)
{
	for (size_t i = 0; i < kernel->subject_count; i++) {
		if (kernel->subjects[i].cgroup_id == cgroup_id) {
			*ret = kernel->subjects[i].subject;
			return 0;
		}
	}
	return -ENOENT;
}

int kernel_get_completion(const struct kernel *kernel, const struct egret_drop_key *key, uint64_t first_ns,
			  struct egret_completion *ret)
{
	(void)key, (void)first_ns;
	*ret = kernel->completion;
	return kernel->completion.cause || kernel->completion.rule[0] ? 0 : -ENOENT;
}

int kernel_get_pod_name(const struct kernel *kernel, const struct egret_pod_uid *uid, struct egret_pod_name *ret)
{
	for (size_t i = 0; i < kernel->noted_count; i++) {
		if (!strcmp(uid->uid, kernel->noted[i].id)) {
			snprintf(ret->name, sizeof(ret->name), "%s", kernel->noted[i].name);
			return 0;
		}
	}
	return -ENOENT;
}

bool kernel_audits(const struct kernel *kernel, uint32_t audience)
{
	(void)audience;
	return kernel->config.settings[0].audit;
}

uint32_t kernel_get_audience(const struct kernel *kernel, uint64_t cgroup_id)
{
	(void)kernel;
	(void)cgroup_id;
	return EGRET_AUDIENCE_UNKNOWN;
}

int kernel_audience_of(const struct kernel *kernel, const char *path, enum egret_kind kind, uint32_t *ret)
{
	(void)kernel;
	(void)path;
	*ret = EGRET_AUDIENCE_OF(0, kind);
	return 0;
}

/* Nobody noted a cgroup. */
int kernel_get_subject(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject *ret)
{
	(void)kernel;
	(void)cgroup_id;
	(void)ret;
	return -ENOENT;
}

int kernel_each_resolved(const struct kernel *kernel,
			 int (*visit)(void *context, const struct egret_resolved_key *key,
				      const struct egret_resolved *resolved),
			 void *context)
{
	(void)kernel, (void)visit, (void)context;
	return 0;
}

uint64_t kernel_name_key(const struct kernel *kernel, const char *name)
{
	(void)kernel;
	(void)name;
	return 0;
}

/* The policy has no list. */
int kernel_each_entry_of_addr(const struct kernel *kernel, const struct egret_addr *addr, uint32_t audience,
			      int (*visit)(void *context, const struct kernel_entry *entry), void *context)
{
	(void)kernel;
	(void)addr;
	(void)audience;
	(void)visit;
	(void)context;
	return 0;
}

int kernel_each_entry_of_name(const struct kernel *kernel, const char *name, uint32_t audience,
			      int (*visit)(void *context, const struct kernel_entry *entry), void *context,
			      uint32_t *ret_policy_name)
{
	(void)name;
	*ret_policy_name = 0;
	return kernel_each_entry_of_addr(kernel, NULL, audience, visit, context);
}

/* --- rows --- */

int kernel_each_drop(const struct kernel *kernel,
		     int (*visit)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		     void *context)
{
	int rc = 0;

	for (size_t i = 0; i < kernel->drop_count && !rc; i++)
		rc = visit(context, &kernel->drops[i].key, &kernel->drops[i].drop);
	return rc;
}

uint64_t kernel_denied_cgroup(const struct kernel *kernel, uint64_t owner)
{
	for (size_t i = 0; i < kernel->others_count; i++)
		if (kernel->others[i].owner == owner)
			return kernel->others[i].denied_cgroup;
	return 0;
}

int kernel_each_others(const struct kernel *kernel,
		       int (*visit)(void *context, uint64_t owner, bool audited, const struct egret_others *others),
		       void *context)
{
	int rc = 0;

	for (size_t i = 0; i < kernel->others_count && !rc; i++)
		rc = visit(context, kernel->others[i].owner, kernel->others[i].audited, &kernel->others[i].others);
	return rc;
}

int kernel_clear_drops(const struct kernel *kernel)
{
	return (int)kernel->drop_count;
}

int kernel_each_existing(const struct kernel *kernel,
			 int (*visit)(void *context, uint64_t cookie, const struct egret_existing *value),
			 void *context)
{
	int rc = 0;

	for (size_t i = 0; i < kernel->existing_count && !rc; i++)
		rc = visit(context, i + 1, &kernel->existing[i]);
	return rc;
}

int kernel_each_lesson(const struct kernel *kernel, int (*visit)(void *context, const struct kernel_lesson *lesson),
		       void *context)
{
	int rc = 0;

	for (size_t i = 0; i < kernel->lesson_count && !rc; i++)
		rc = visit(context, &kernel->lessons_of[i]);
	return rc;
}

size_t kernel_map_fill(const struct kernel *kernel, struct kernel_map_fill ret[static KERNEL_MAP_FILLS])
{
	memcpy(ret, kernel->fills, sizeof(kernel->fills));
	return kernel->fill_count;
}

void kernel_socket_memory(const struct kernel *kernel, struct kernel_socket_memory *ret)
{
	*ret = kernel->socket_memory;
}

/* The clock of ticks stands at 0. */
uint64_t kernel_tick_now(void)
{
	return 0;
}

uint32_t kernel_sec_now(void)
{
	return 0;
}

/* --- decisions --- */

int kernel_addr_need(const struct kernel *kernel, const struct egret_addr *addr, enum egret_need *ret)
{
	(void)kernel;
	*ret = (enum egret_need)egret_need_of_purpose(addr);
	return 0;
}

bool kernel_may_ask(const struct kernel *kernel, const struct egret_addr *server, const char *name)
{
	(void)kernel;
	(void)server;
	(void)name;
	return false;
}

void kernel_each_special(const struct kernel *kernel,
			 void (*visit)(void *context, const struct egret_addr *addr, uint32_t name, uint32_t rule),
			 void *context)
{
	if (kernel->special_rule)
		visit(context, &kernel->special_addr, 1, kernel->special_rule);
}

uint32_t kernel_addr_name(const struct kernel *kernel, const struct egret_addr *addr)
{
	(void)kernel;
	(void)addr;
	return 0;
}

int kernel_decide(const struct kernel *kernel, const struct kernel_packet *packet, struct judgement *ret)
{
	(void)packet;
	*ret = kernel->judgement;
	return 0;
}

uint64_t kernel_late_subjects(const struct kernel *kernel)
{
	return kernel->late_subjects;
}
