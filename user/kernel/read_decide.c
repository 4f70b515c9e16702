// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the programs would say of a first packet: their own lines (egret_decide.h), with the look-ups of user space
 * into the same maps.
 */
#include "buckets.h"
#include "handle.h"
#include "name_key.h"
#include "tick.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "egret_decide.h"
#include "egret_learn.h"
#include "egret_limits.h"
#include "egret_reasons.h"

/* The tables of one policy: the agent may switch at any moment. Descriptors are owned. */
struct tables {
	const struct kernel *kernel;
	uint32_t slot;
	int addrs, cidrs, ports, lists, sets;
	__u64 hash_keys[6];
};

static void tables_close(const struct tables *tables)
{
	const int fds[] = {tables->addrs, tables->cidrs, tables->ports, tables->lists, tables->sets};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

static int tables_open_slot(const struct kernel *kernel, uint32_t slot, struct tables *ret)
{
	struct egret_meta meta;
	int rc = kernel_get_meta(kernel, &meta);

	if (rc)
		return rc;
	*ret = (struct tables){
	    .kernel = kernel,
	    .slot = slot,
	    .addrs = handle_slot_fd(kernel, MAP_addrs, slot),
	    .cidrs = handle_slot_fd(kernel, MAP_cidrs, slot),
	    .ports = handle_slot_fd(kernel, MAP_ports, slot),
	    .lists = handle_slot_fd(kernel, MAP_lists, slot),
	    .sets = handle_slot_fd(kernel, MAP_sets, slot),
	};
	memcpy(ret->hash_keys, meta.hash_keys, sizeof(ret->hash_keys));
	if (ret->addrs >= 0 && ret->cidrs >= 0 && ret->ports >= 0 && ret->lists >= 0 && ret->sets >= 0)
		return 0;
	tables_close(ret);
	return -EIO;
}

static int tables_open(const struct kernel *kernel, struct tables *ret)
{
	return tables_open_slot(kernel, handle_slot(kernel), ret);
}

/* All zero where the policy has nothing for the address. */
static int find_target(const struct tables *tables, const struct egret_addr *addr, struct egret_target *ret)
{
	struct egret_cidr_key key = {.prefix_len = 128, .addr = *addr};
	struct buckets buckets = {.fd = tables->addrs,
				  .shift = tables->kernel->config->settings[tables->slot].bucket_shift};
	int rc = buckets_find(&buckets, tables->hash_keys, addr, ret);

	if (rc != -ENOENT)
		return rc;
	memset(ret, 0, sizeof(*ret));
	return bpf_map_lookup_elem(tables->cidrs, &key, ret) && errno != ENOENT ? -errno : 0;
}

static bool has_list(const void *policy, uint64_t key)
{
	const struct tables *tables = policy;
	struct egret_target ignored;

	return !bpf_map_lookup_elem(tables->lists, &key, &ignored);
}

/* What the policy says of the name that speaks. All zero: nothing. */
static void find_list(const struct tables *tables, uint64_t rule_name, struct egret_target *ret)
{
	if (!rule_name || bpf_map_lookup_elem(tables->lists, &rule_name, ret))
		memset(ret, 0, sizeof(*ret));
}

/* --- one list --- */

static int scan(const struct tables *tables, const struct egret_dest *dest, struct egret_scan *scan, __u64 *ret)
{
	struct egret_port entry;

	if (!dest->count) {
		*ret = egret_scan_nothing(scan);
		return 0;
	}
	if (dest->count > EGRET_MAX_PORTS_PER_DEST)
		return -EPROTO;
	for (uint32_t i = 0; i < dest->count; i++) {
		uint32_t index = dest->first + i;

		if (bpf_map_lookup_elem(tables->ports, &index, &entry))
			return -errno;
		if (egret_scan_entry(scan, &entry, ret))
			return 0;
	}
	*ret = egret_scan_denies(scan);
	return 0;
}

static uint32_t port_key(const struct kernel_packet *packet)
{
	return egret_port_key(0, packet->l4_proto, packet->port);
}

static int judge_addr(const struct tables *tables, const struct egret_target *target,
		      const struct kernel_packet *packet, struct judgement *ret)
{
	struct egret_audience who;
	struct egret_scan begun = egret_scan_of_addr(&target->dest, port_key(packet), &who);
	__u64 said = EGRET_REASON_NO_RULE;
	int rc = bpf_map_lookup_elem(tables->sets, &packet->audience, &who) ? -errno : 0;

	if (!rc)
		rc = scan(tables, &target->dest, &begun, &said);
	egret_said_unpack(said, ret);
	return rc;
}

static int judge_name(const struct tables *tables, const struct egret_target *list, const struct kernel_packet *packet,
		      uint32_t need, __u64 *ret)
{
	struct egret_audience who;
	struct egret_scan begun = egret_scan_of_name(&list->dest, port_key(packet), &who, need);

	if (bpf_map_lookup_elem(tables->sets, &packet->audience, &who))
		return -errno;
	return scan(tables, &list->dest, &begun, ret);
}

/* --- names of the address --- */

/* Adds what one name says. An allow is the last word. */
static int hear_lesson(const struct tables *tables, const struct egret_lesson *lesson,
		       const struct kernel_packet *packet, __u64 *best)
{
	uint64_t rule_name = lesson->rule_names[tables->slot];
	struct egret_target list;
	__u64 said = 0;
	int rc;

	if (!rule_name || *best & EGRET_SAID_ALLOW || egret_is_over(lesson->expires_tick, packet->now_tick))
		return 0;
	find_list(tables, rule_name, &list);
	rc = judge_name(tables, &list, packet, egret_need_of_learned(&packet->addr), &said);
	if (rc)
		return rc;
	*best = said & EGRET_SAID_ALLOW ? said : egret_denial_of_both(*best, said);
	return 0;
}

static int judge_lessons(const struct tables *tables, const struct kernel_packet *packet, struct judgement *ret)
{
	const struct egret_learned_key key = {.addr = packet->addr, .scope = packet->scope};
	struct egret_learned learned;
	__u64 best = EGRET_REASON_NO_RULE;
	bool is_learned = packet->scope && !bpf_map_lookup_elem(tables->kernel->maps[MAP_learned], &key, &learned);
	int rc = 0;

	for (size_t i = 0; i < EGRET_LEARNED_NAMES && is_learned && !rc; i++)
		rc = hear_lesson(tables, &learned.lessons[i], packet, &best);
	if (packet->lesson && !rc)
		rc = hear_lesson(tables, packet->lesson, packet, &best);
	egret_said_unpack(best, ret);
	return rc;
}

/* --- why a special address is denied --- */

static uint32_t need_of(const struct egret_addr *addr, const struct egret_target *target)
{
	uint32_t need = egret_need_of_purpose(addr);

	return need ? need : egret_need_inside(target->dest.flags);
}

/* The name that was last resolved to the address; a name of 0 where none is known. */
static void find_last_name(const struct tables *tables, const struct kernel_packet *packet, struct egret_seen *ret)
{
	const struct egret_learned_key key = {.addr = packet->addr, .scope = packet->scope};
	uint32_t index = egret_seen_index(&key, tables->hash_keys);
	struct egret_seen_bucket bucket;

	memset(ret, 0, sizeof(*ret));
	if (packet->lesson) {
		ret->name = packet->lesson->name;
		memcpy(ret->suffixes, packet->lesson->suffixes, sizeof(ret->suffixes));
		return;
	}
	if (bpf_map_lookup_elem_flags(tables->kernel->maps[MAP_seen], &index, &bucket, BPF_F_LOCK))
		return;
	for (size_t i = 0; i < EGRET_SEEN_PLACES; i++) {
		if (!memcmp(&bucket.places[i].key, &key, sizeof(key)))
			*ret = bucket.places[i];
	}
}

static int judge_special(const struct tables *tables, const struct egret_target *target,
			 const struct kernel_packet *packet, struct judgement *denial)
{
	uint32_t need = need_of(&packet->addr, target);
	struct judgement special;
	struct egret_target list;
	struct egret_seen last;
	__u64 said = 0;
	int rc;

	if (!need || !egret_special_counts(denial))
		return 0;
	find_last_name(tables, packet, &last);
	if (!last.name)
		return 0;
	find_list(tables, name_speaker(last.name, last.suffixes, EGRET_SUFFIXES, tables->hash_keys, has_list, tables),
		  &list);
	if (!egret_name_explains(list.dest.flags))
		return 0;
	rc = judge_name(tables, &list, packet, need, &said);
	if (rc)
		return rc;
	egret_said_unpack(said, &special);
	egret_add_special(denial, &special);
	return 0;
}

/* --- all together --- */

static int decide(const struct tables *tables, const struct kernel_packet *packet, struct judgement *ret)
{
	struct judgement judgement = {}, by_name = {};
	struct egret_target target;
	int rc = find_target(tables, &packet->addr, &target);

	if (!rc)
		rc = judge_addr(tables, &target, packet, &judgement);
	if (!rc && egret_names_count(&judgement, tables->kernel->config->settings[tables->slot].has)) {
		rc = judge_lessons(tables, packet, &by_name);
		egret_add_names(&judgement, &by_name);
	}
	if (!rc && !judgement.allow)
		rc = judge_special(tables, &target, packet, &judgement);
	*ret = judgement;
	return rc;
}

int kernel_decide(const struct kernel *kernel, const struct kernel_packet *packet, struct judgement *ret)
{
	struct tables tables;
	int rc = tables_open(kernel, &tables);

	if (rc)
		return rc;
	rc = decide(&tables, packet, ret);
	tables_close(&tables);
	return rc;
}

/* What of the policy of @slot an answer teaches of the name, at an address of this need; 0 = nothing. */
static uint64_t taught_name(const struct kernel *kernel, uint32_t slot, const char *name, uint32_t need)
{
	__u64 domains[EGRET_MAX_LABELS];
	struct egret_target list;
	struct tables tables;
	uint64_t rule_name;
	size_t count;

	if (tables_open_slot(kernel, slot, &tables)) /* no policy was there yet */
		return 0;
	count = name_domains(name, tables.hash_keys, domains, EGRET_MAX_LABELS);
	rule_name = name_speaker(name_key(name, tables.hash_keys), domains, count, tables.hash_keys, has_list, &tables);
	find_list(&tables, rule_name, &list);
	tables_close(&tables);
	return list.dest.flags & EGRET_DEST_TEACHES && egret_meets(list.dest.flags, need) ? rule_name : 0;
}

int kernel_lesson_of(const struct kernel *kernel, const char *name, const struct egret_addr *addr,
		     struct egret_lesson *ret)
{
	struct egret_lesson lesson = {.expires_tick = kernel_tick_now() + tick_hz()};
	struct egret_meta meta;
	enum egret_need need;
	int rc = kernel_addr_need(kernel, addr, &need);

	if (!rc)
		rc = kernel_get_meta(kernel, &meta);
	if (rc)
		return rc;
	lesson.name = name_key(name, meta.hash_keys);
	name_suffixes(name, meta.hash_keys, lesson.suffixes);
	for (uint32_t slot = 0; slot < EGRET_POLICY_SLOTS; slot++)
		lesson.rule_names[slot] = taught_name(kernel, slot, name, need);
	*ret = lesson;
	return 0;
}

bool kernel_name_has_rule(const struct kernel *kernel, const char *name)
{
	__u64 domains[EGRET_MAX_LABELS];
	struct tables tables;
	uint64_t found;

	if (tables_open(kernel, &tables))
		return false;
	found = name_speaker(name_key(name, tables.hash_keys), domains,
			     name_domains(name, tables.hash_keys, domains, EGRET_MAX_LABELS), tables.hash_keys,
			     has_list, &tables);
	tables_close(&tables);
	return found;
}

/* --- of an address --- */

static int read_target(const struct kernel *kernel, const struct egret_addr *addr, struct egret_target *ret)
{
	struct tables tables;
	int rc = tables_open(kernel, &tables);

	if (rc)
		return rc;
	rc = find_target(&tables, addr, ret);
	tables_close(&tables);
	return rc;
}

uint32_t kernel_addr_name(const struct kernel *kernel, const struct egret_addr *addr)
{
	struct egret_target target;

	return read_target(kernel, addr, &target) ? 0 : target.dest.name;
}

int kernel_addr_need(const struct kernel *kernel, const struct egret_addr *addr, enum egret_need *ret)
{
	struct egret_target target;
	int rc = read_target(kernel, addr, &target);

	if (!rc)
		*ret = need_of(addr, &target);
	return rc;
}
