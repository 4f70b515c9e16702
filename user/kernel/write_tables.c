// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The policy tables: filled in the idle slot, switched by one store. */
#include "write_tables.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../compile/compile.h"
#include "buckets.h"
#include "name_key.h"
#include "tick.h"
#include "write_known.h"
#include "write_resolved.h"
#include "write_rule_ids.h"
#include "egret_reasons.h"

#define SLOTS EGRET_POLICY_SLOTS
/* Room for the lists of addresses that change, before all is built anew. */
#define PORTS_HEADROOM 1024

/* The inner maps of one policy. */
struct tables {
	struct buckets addrs;
	int cidrs, ports, rules, texts, lists, paths, sets, resolved;
	size_t ports_capacity;
};

static uint32_t at_least_one(size_t count)
{
	return count ? count : 1;
}

static int make_map(enum bpf_map_type type, const char *name, uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, options,
		    .map_flags = type == BPF_MAP_TYPE_ARRAY ? BPF_F_INNER_MAP : BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(type, name, key_size, value_size, entries, &options);

	return fd < 0 ? -errno : fd;
}

static void tables_close(struct tables *tables)
{
	int *const all[] = {&tables->addrs.fd, &tables->cidrs, &tables->ports, &tables->rules,   &tables->texts,
			    &tables->lists,    &tables->paths, &tables->sets,  &tables->resolved};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}

static int tables_make(struct tables *tables, const struct compiled *compiled)
{
	tables->ports_capacity = compiled->port_count + PORTS_HEADROOM;
	tables->cidrs = make_map(BPF_MAP_TYPE_LPM_TRIE, "egret_cidrs", sizeof(struct egret_cidr_key),
				 sizeof(struct egret_target), at_least_one(compiled->cidr_count));
	tables->ports = make_map(BPF_MAP_TYPE_ARRAY, "egret_ports", sizeof(uint32_t), sizeof(struct egret_port),
				 tables->ports_capacity);
	tables->rules = make_map(BPF_MAP_TYPE_ARRAY, "egret_rules", sizeof(uint32_t), sizeof(struct egret_rule),
				 at_least_one(compiled->rule_limit));
	tables->texts = make_map(BPF_MAP_TYPE_ARRAY, "egret_texts", sizeof(uint32_t), sizeof(struct egret_rule_text),
				 at_least_one(compiled->rule_limit));
	tables->lists = make_map(BPF_MAP_TYPE_HASH, "egret_lists", sizeof(uint64_t), sizeof(struct egret_target),
				 at_least_one(compiled->name_count + compiled->askable_count) +
				     (known_has_deep(compiled) ? EGRET_MAX_KNOWN : 0));
	tables->paths = bpf_map_create(BPF_MAP_TYPE_HASH, "egret_paths", sizeof(uint64_t), sizeof(uint32_t),
				       compiled->cgroup_count + 1, NULL);
	tables->sets = make_map(BPF_MAP_TYPE_ARRAY, "egret_sets", sizeof(uint32_t), sizeof(struct egret_audience),
				compiled_audience_count(compiled));
	if (tables->paths < 0)
		return -errno;
	tables->resolved = resolved_make(compiled);
	if (tables->resolved < 0)
		return tables->resolved;
	if (tables->sets < 0)
		return tables->sets;
	if (tables->lists < 0)
		return tables->lists;
	if (tables->cidrs < 0)
		return tables->cidrs;
	if (tables->ports < 0)
		return tables->ports;
	return tables->rules < 0 ? tables->rules : tables->texts < 0 ? tables->texts : 0;
}

int write_array(int fd, const void *values, size_t first, size_t count)
{
	uint32_t *keys = calloc(at_least_one(count), sizeof(*keys));
	int rc;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		keys[i] = first + i;
	rc = map_write_batch(fd, keys, values, count);
	free(keys);
	return rc;
}

/* An LPM trie takes no batches before 5.16. */
static int write_cidrs(int fd, const struct compiled *compiled)
{
	for (size_t i = 0; i < compiled->cidr_count; i++) {
		struct egret_target target = target_of(compiled, &compiled->cidrs[i].dest);

		if (bpf_map_update_elem(fd, &compiled->cidrs[i].key, &target, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int write_lists(int fd, const struct compiled *compiled, const __u64 *hash_keys)
{
	size_t count = compiled->name_count + compiled->askable_count;
	struct egret_target *targets = calloc(at_least_one(count), sizeof(*targets));
	uint64_t *keys = calloc(at_least_one(count), sizeof(*keys));
	int rc = targets && keys ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !rc; i++) {
		targets[i] = target_of(compiled, &compiled->name_dests[i]);
		keys[i] = name_key(compiled->names[i], hash_keys);
	}
	if (!rc)
		rc = map_write_batch(fd, keys, targets, count);
	free(targets);
	free(keys);
	return rc;
}

/* Of the named cgroups, and under EGRET_PATH_KEY_EPOCH the generation. */
static int write_paths(int fd, const struct compiled *compiled, const __u64 *hash_keys, uint32_t generation)
{
	uint64_t key = EGRET_PATH_KEY_EPOCH;

	for (size_t i = 0; i < compiled->cgroup_count; i++) {
		uint64_t path = path_key(compiled->cgroups[i], hash_keys);
		uint32_t first = EGRET_AUDIENCE_OF(i + 1, 0);

		if (bpf_map_update_elem(fd, &path, &first, BPF_ANY))
			return -errno;
	}
	return bpf_map_update_elem(fd, &key, &generation, BPF_ANY) ? -errno : 0;
}

static int write_sets(int fd, const struct compiled *compiled)
{
	for (uint32_t audience = 0; audience < compiled_audience_count(compiled); audience++) {
		struct egret_audience sets;

		compiled_audience(compiled, audience, &sets);
		if (bpf_map_update_elem(fd, &audience, &sets, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int tables_fill(const struct tables *tables, const struct compiled *compiled, const __u64 *hash_keys,
		       uint32_t generation)
{
	int rc;

	rc = write_array(tables->ports, compiled->ports, 0, compiled->port_count);
	if (!rc)
		rc = write_cidrs(tables->cidrs, compiled);
	if (!rc)
		rc = write_array(tables->rules, compiled->rules, 0, compiled->rule_limit);
	if (!rc)
		rc = write_array(tables->texts, compiled->texts, 0, compiled->rule_limit);
	if (!rc)
		rc = write_lists(tables->lists, compiled, hash_keys);
	if (!rc)
		rc = write_paths(tables->paths, compiled, hash_keys, generation);
	if (!rc)
		rc = write_sets(tables->sets, compiled);
	if (!rc)
		rc = resolved_fill(tables->resolved, compiled, hash_keys);
	return rc;
}

/* One table to be put into its outer map. */
struct install {
	int outer_fd, inner_fd, rc;
	uint32_t slot;
	pthread_t thread;
};

static void *install_one(void *context)
{
	struct install *install = context;

	if (bpf_map_update_elem(install->outer_fd, &install->slot, &install->inner_fd, BPF_ANY))
		install->rc = -errno;
	return NULL;
}

/* Updating an outer map waits until no program looks at what stood there (10 ms and more).
 * All of them wait at the same time. */
static int tables_install(const struct kernel *kernel, const struct tables *tables, uint32_t slot)
{
	struct install all[] = {
	    {kernel->maps[MAP_addrs], tables->addrs.fd, 0, slot, 0},
	    {kernel->maps[MAP_cidrs], tables->cidrs, 0, slot, 0},
	    {kernel->maps[MAP_ports], tables->ports, 0, slot, 0},
	    {kernel->maps[MAP_rules], tables->rules, 0, slot, 0},
	    {kernel->maps[MAP_texts], tables->texts, 0, slot, 0},
	    {kernel->maps[MAP_lists], tables->lists, 0, slot, 0},
	    {kernel->maps[MAP_paths], tables->paths, 0, slot, 0},
	    {kernel->maps[MAP_sets], tables->sets, 0, slot, 0},
	    {kernel->maps[MAP_resolved], tables->resolved, 0, slot, 0},
	};
	const size_t count = sizeof(all) / sizeof(all[0]);
	bool started[sizeof(all) / sizeof(all[0])];
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		started[i] = !pthread_create(&all[i].thread, NULL, install_one, &all[i]);
		if (!started[i])
			install_one(&all[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (started[i])
			pthread_join(all[i].thread, NULL);
		if (all[i].rc)
			rc = all[i].rc;
	}
	return rc;
}

static int write_names(const struct kernel *kernel, const struct compiled *compiled)
{
	for (uint32_t i = 1; i <= compiled->name_count; i++) {
		struct egret_name name = {.state = EGRET_NAME_PENDING};

		if (!kernel_get_name(kernel, i, &name) && !strcmp(name.name, compiled->names[i - 1]))
			continue; /* what is known of it stays */
		memset(&name, 0, sizeof(name));
		strncpy(name.name, compiled->names[i - 1], sizeof(name.name) - 1);
		name.state = name.name[0] == '*' ? EGRET_NAME_PATTERN : EGRET_NAME_PENDING;
		if (bpf_map_update_elem(kernel->maps[MAP_names], &i, &name, BPF_ANY))
			return -errno;
	}
	for (uint32_t i = compiled->name_count + 1; !bpf_map_delete_elem(kernel->maps[MAP_names], &i); i++)
		;
	return 0;
}

static uint32_t what_it_has(const struct compiled *compiled)
{
	uint32_t has = compiled->policy->settings.internal_count ? EGRET_HAS_INTERNAL : 0;

	if (compiled->audited)
		has |= EGRET_HAS_AUDITED | EGRET_HAS_AUDIENCES;
	for (size_t i = 0; i < compiled->port_count; i++) {
		if (compiled->ports[i].action == EGRET_DENY)
			has |= EGRET_HAS_DENY;
		if (compiled->ports[i].audit)
			has |= compiled->ports[i].audit == EGRET_AUDIT_ALLOW ? EGRET_HAS_AUDIT_ALLOW
									     : EGRET_HAS_AUDIT_DENY;
		if (compiled->ports[i].set != EGRET_SET_ALL)
			has |= EGRET_HAS_AUDIENCES;
	}
	for (size_t i = 0; i < compiled->name_count; i++)
		if (compiled->name_dests[i].flags & EGRET_DEST_DENIES)
			has |= EGRET_HAS_NAME_DENY;
	return has;
}

/* More than 2^32 ticks, 49 days of 1,000 Hz, count as that many. */
static uint32_t stale_ticks(const struct policy_settings *settings)
{
	uint64_t ticks = settings->stale_floor ? (uint64_t)settings->stale_sec * tick_hz() : 0;

	return ticks > UINT32_MAX ? UINT32_MAX : ticks;
}

/* Into the idle slot: no program reads it. Those that began under a policy of this slot ended when its tables were
 * replaced (tables_install waits for them). */
static void write_settings(struct kernel *kernel, const struct compiled *compiled, const struct buckets *buckets,
			   uint32_t generation, bool audit)
{
	const struct policy_settings *settings = &compiled->policy->settings;

	kernel->config->settings[generation & (SLOTS - 1)] = (struct egret_settings){
	    .born = generation,
	    .audit = audit,
	    .has = what_it_has(compiled),
	    .bucket_shift = buckets->shift,
	    .dns_names = settings->dns_names,
	    .stale_ticks = stale_ticks(settings),
	    .min_ttl_sec = settings->min_ttl_sec,
	    .max_ttl_sec = settings->max_ttl_sec,
	    .layers = settings->layers,
	    .deny_unlooked = settings->deny_unlooked,
	    .families = settings->families,
	    .foreign_sources = settings->foreign_sources,
	};
	kernel->config->nat64[generation & (SLOTS - 1)] = settings->nat64;
}

/* The policy that ruled is replaced by this one store, with all that is its own. */
static void switch_to(struct kernel *kernel, uint32_t generation)
{
	__atomic_store_n(&kernel->config->generation, generation, __ATOMIC_RELEASE);
}

void note_places(struct kernel *kernel, uint32_t slot, const struct buckets *buckets)
{
	kernel->config->places_used[slot] = buckets->used;
}

static int refused(struct error *error, int rc, const struct compiled *compiled)
{
	if (rc == -ENOMEM)
		return error_set(error, rc,
				 "the kernel has no memory for the policy's tables (%zu addresses, %zu CIDRs); "
				 "raise the memory limit of Egret's cgroup",
				 compiled->addr_count, compiled->cidr_count);
	return error_set(error, rc, "the kernel refused the policy's tables: %s", strerror(-rc));
}

static int tables_prepare(struct kernel *kernel, struct tables *tables, const struct compiled *compiled,
			  uint32_t generation)
{
	uint32_t slot = generation & (SLOTS - 1);
	int rc = tables_make(tables, compiled);

	if (!rc)
		rc = buckets_make(compiled, kernel->hash_keys, &tables->addrs);
	if (!rc)
		rc = tables_fill(tables, compiled, kernel->hash_keys, generation);
	if (!rc)
		rc = write_names(kernel, compiled);
	if (!rc)
		rc = tables_install(kernel, tables, slot);
	if (!rc)
		rc = known_copy_deep(kernel, compiled, tables->lists);
	return rc;
}

/* What of the policy that rules is needed to change it. */
static void remember(struct kernel *kernel, struct tables *tables, const struct compiled *compiled)
{
	if (kernel->buckets.fd >= 0)
		close(kernel->buckets.fd);
	if (kernel->inner_ports >= 0)
		close(kernel->inner_ports);
	if (kernel->inner_resolved >= 0)
		close(kernel->inner_resolved);
	kernel->buckets = tables->addrs;
	kernel->inner_ports = tables->ports;
	kernel->inner_resolved = tables->resolved;
	kernel->ports_written = compiled->port_count;
	kernel->ports_capacity = tables->ports_capacity;
	tables->addrs.fd = tables->ports = tables->resolved = -1;
}

int kernel_load_policy(struct kernel *kernel, const struct compiled *compiled, bool audit,
		       int (*tell)(struct kernel *kernel, const struct compiled *compiled, uint32_t generation),
		       struct error *error)
{
	struct tables tables = {{.fd = -1}, -1, -1, -1, -1, -1, -1, -1, -1, 0};
	uint32_t generation = kernel_next_generation(kernel), slot = generation & (SLOTS - 1);
	int rc = tables_prepare(kernel, &tables, compiled, generation);

	if (!rc && tell)
		rc = tell(kernel, compiled, generation);
	if (!rc)
		rc = rule_ids_clear(kernel, compiled);
	if (rc)
		goto out;
	write_settings(kernel, compiled, &tables.addrs, generation, audit);
	note_places(kernel, slot, &tables.addrs);
	kernel_note_alive(kernel);
	switch_to(kernel, generation);
	kernel_forget_denials(kernel);
	rule_ids_forget_denials(kernel, compiled);
	remember(kernel, &tables, compiled);
out:
	tables_close(&tables);
	return rc ? refused(error, rc, compiled) : 0;
}
