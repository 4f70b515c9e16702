// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "meta.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/hash.h"
#include "../base/process.h"
#include "../view/policy.h"
#include "floor.h"
#include "egret_abi.h"
#include "egret_limits.h"

static uint64_t hash_policy(const struct compiled *compiled)
{
	uint64_t hash = HASH_BEGIN;
	char text[256];

	for (size_t i = 0; i < compiled->policy->rule_count; i++) {
		const struct policy_rule *rule = &compiled->policy->rules[i];

		hash = hash_bytes(hash, rule->text, strlen(rule->text));
		for (size_t d = 0; d < rule->dest_count; d++) {
			policy_dest_format(&rule->dests[d], text);
			hash = hash_bytes(hash, text, strlen(text));
		}
	}
	return hash;
}

/* An agent writes its own number with each sign of life: the rest may have been written by an agent before it. */
static void give_sign_of_life(struct egret_meta *meta)
{
	static struct process_id self;

	if (self.pid != getpid()) /* it is read from files, and a sign is given twice a second */
		self = process_self();
	meta->agent_pid = self.pid;
	meta->agent_start_ticks = self.start_ticks;
	meta->agent_pid_namespace = self.pid_namespace;
	meta->heartbeat_ns = clock_kernel_ns();
}

static uint32_t count_patterns(const struct compiled *compiled)
{
	uint32_t count = 0;

	for (size_t i = 0; i < compiled->name_count; i++)
		count += compiled->names[i][0] == '*';
	return count;
}

/* Who they are stands there for people; a list that is longer ends in "...". */
static void write_audited(struct egret_meta *meta, const struct policy *policy)
{
	char text[sizeof(meta->audited)] = "", class[POLICY_CLASS_TEXT_SIZE];
	size_t len = 0;

	for (size_t i = 0; i < policy->settings.audited_count && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? ", " : "",
					policy_class_format(&policy->settings.audited[i], class));
	if (len >= sizeof(text))
		snprintf(text + sizeof(text) - sizeof("..."), sizeof("..."), "...");
	if (strcmp(text, meta->audited) != 0)
		meta->audited_ns = meta->policy_ns;
	memcpy(meta->audited, text, sizeof(text));
}

int meta_write(struct kernel *kernel, const struct agent_options *options, const struct compiled *compiled,
	       const struct diag *diag, bool enforcing, const char *problem)
{
	uint32_t generation = kernel_config(kernel)->generation;
	char hash[sizeof(((struct egret_meta *)0)->policy_hash)];
	struct egret_meta meta = {};
	struct stat st;

	kernel_get_meta(kernel, &meta);
	snprintf(hash, sizeof(hash), "%016" PRIx64, hash_policy(compiled));
	/* A policy that is loaded again is still the same one: denials of before are not shown as those of an older
	 * policy. */
	if (strcmp(hash, meta.policy_hash) != 0)
		meta.policy_generation = generation;
	meta.abi = EGRET_ABI_VERSION;
	meta.policy_ns = clock_realtime_ns();
	if (!meta.attached_ns)
		meta.attached_ns = meta.policy_ns;
	give_sign_of_life(&meta);
	meta.governed_cgroup = fstat(options->cgroup_fd, &st) ? 0 : st.st_ino;
	meta.rules = compiled->rule_count;
	meta.warnings = diag->warnings;
	meta.enforcing = enforcing;
	meta.patterns = count_patterns(compiled);
	meta.asked_audit = options->audit || compiled->policy->settings.audit;
	write_audited(&meta, compiled->policy);
	snprintf(meta.instance, sizeof(meta.instance), "%s", options->instance);
	snprintf(meta.cgroup_path, sizeof(meta.cgroup_path), "%s", options->cgroup);
	snprintf(meta.policy_path, sizeof(meta.policy_path), "%s",
		 options->policy.path_count ? options->policy.paths[0] : "");
	snprintf(meta.policy_hash, sizeof(meta.policy_hash), "%s", hash);
	if (options->standby)
		snprintf(meta.text_hash, sizeof(meta.text_hash), "%016" PRIx64, compiled->policy->text_hash);
	snprintf(meta.version, sizeof(meta.version), "%s", EGRET_VERSION);
	snprintf(meta.problems[EGRET_PROBLEM_POLICY], EGRET_PROBLEM_SIZE, "%s", problem);
	meta.problems[EGRET_PROBLEM_REQUIRED][0] = '\0';
	meta.probation_ends_ns = 0;
	meta.waiting[0] = '\0';
	return kernel_set_meta(kernel, &meta);
}

void meta_write_problem(struct kernel *kernel, enum egret_problem kind, const char *text)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	if (kind == EGRET_PROBLEM_POLICY && *text && strcmp(meta.problems[kind], text) != 0)
		meta.policies_refused++;
	snprintf(meta.problems[kind], sizeof(meta.problems[kind]), "%s", text);
	kernel_set_meta(kernel, &meta);
}

void meta_write_floorless(struct kernel *kernel, uint64_t rules)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	meta.floorless_rules = rules;
	snprintf(meta.problems[EGRET_PROBLEM_FLOOR], EGRET_PROBLEM_SIZE, "%s", rules ? floor_problem : "");
	kernel_set_meta(kernel, &meta);
}

void meta_write_unlayered(struct kernel *kernel, bool unlayered)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	if (!unlayered)
		meta.unlayered_ns = 0;
	else if (!meta.unlayered_ns)
		meta.unlayered_ns = clock_realtime_ns();
	kernel_set_meta(kernel, &meta);
}

void meta_write_probation(struct kernel *kernel, uint64_t ends_ns, const char *waiting)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	meta.probation_ends_ns = ends_ns;
	snprintf(meta.waiting, sizeof(meta.waiting), "%s", waiting);
	kernel_set_meta(kernel, &meta);
}

void meta_write_absent(struct kernel *kernel, const char *paths, uint32_t count)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	snprintf(meta.absent_cgroups, sizeof(meta.absent_cgroups), "%s", paths);
	meta.absent_cgroup_count = count;
	kernel_set_meta(kernel, &meta);
}

void meta_write_layer(struct kernel *kernel, enum egret_layer layer, enum egret_layer_standing standing,
		      const char *why)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	meta.layers[layer].standing = standing;
	snprintf(meta.layers[layer].why, sizeof(meta.layers[layer].why), "%s", why);
	kernel_set_meta(kernel, &meta);
}

void meta_write_source(struct kernel *kernel, enum egret_source source, enum egret_layer_standing standing,
		       const char *why)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	meta.sources[source].standing = standing;
	meta.sources[source].stood |= standing == EGRET_LAYER_STANDS;
	snprintf(meta.sources[source].why, sizeof(meta.sources[source].why), "%s", why);
	kernel_set_meta(kernel, &meta);
}

bool meta_source_stood(const struct kernel *kernel, enum egret_source source)
{
	struct egret_meta meta;

	return !kernel_get_meta(kernel, &meta) && meta.sources[source].stood;
}

void meta_count_reload(struct kernel *kernel)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	meta.reloads++;
	kernel_set_meta(kernel, &meta);
}

void meta_set_enforcing(struct kernel *kernel, bool enforcing)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	meta.enforcing = enforcing;
	kernel_set_meta(kernel, &meta);
}

void meta_beat(struct kernel *kernel)
{
	struct egret_meta meta;

	if (kernel_get_meta(kernel, &meta))
		return;
	give_sign_of_life(&meta);
	kernel_set_meta(kernel, &meta);
}

static uint32_t name_state(const struct resolver_name *name)
{
	static const uint32_t states[] = {
	    [RESOLVER_PENDING] = EGRET_NAME_PENDING,      [RESOLVER_RESOLVED] = EGRET_NAME_RESOLVED,
	    [RESOLVER_EMPTY] = EGRET_NAME_DOES_NOT_EXIST, [RESOLVER_STALE] = EGRET_NAME_STALE,
	    [RESOLVER_FAILED] = EGRET_NAME_FAILED,
	};

	if (name->recalled)
		return name->from_disk ? EGRET_NAME_RECALLED : EGRET_NAME_UNCONFIRMED;
	return states[name->state];
}

void meta_write_name(struct kernel *kernel, const struct compiled *compiled, const struct resolver_name *name)
{
	struct egret_name value = {
	    .answered_ns = name->answered_ns,
	    .ttl_sec = name->ttl_sec,
	    .addresses = name->addr_count,
	    .failures = name->failures,
	    .state = name_state(name),
	};
	uint32_t id;

	snprintf(value.name, sizeof(value.name), "%s", name->name);
	id = compiled_name_id(compiled, name->name);
	if (id)
		kernel_set_name(kernel, id, &value);
}
