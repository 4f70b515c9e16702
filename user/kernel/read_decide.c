// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the programs would say of a first packet: their own lines (egret_decide.h), with the look-ups of user space
 * into the same maps.
 */
#include "../base/nat64.h"
#include "handle.h"
#include "read_tables.h"
#include "tick.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "egret_decide.h"
#include "egret_learn.h"
#include "egret_limits.h"
#include "egret_reasons.h"

/* --- one list --- */

static int scan(const struct tables *tables, const struct egret_dest *dest, struct egret_scan *scan, __u64 *ret)
{
	struct egret_port entry;

	if (!egret_dest_has_list(dest, scan->port_key)) {
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
	return egret_port_key(0, packet->l4_proto, packet->port) | packet->sees << EGRET_PORT_KEY_SEES_SHIFT;
}

/* The packet's address, or the IPv4 address in it. */
static int judge_addr(const struct tables *tables, const struct egret_addr *addr, const struct kernel_packet *packet,
		      __u64 *ret)
{
	struct egret_audience who;
	struct egret_target target;
	struct egret_scan begun;
	int rc = bpf_map_lookup_elem(tables->sets, &packet->audience, &who) ? -errno : 0;

	if (!rc)
		rc = tables_find_target(tables, addr, &target);
	if (rc)
		return rc;
	begun = egret_scan_of_addr(&target.dest, port_key(packet), &who);
	return scan(tables, &target.dest, &begun, ret);
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

static const struct egret_nat64 *nat64_of_slot(const struct tables *tables)
{
	return &tables->kernel->config->nat64[tables->slot];
}

/* As learned_need of bpf/learned.h. */
static int need_of(const struct tables *tables, const struct egret_addr *addr, uint32_t *ret)
{
	struct egret_addr meant = nat64_meant(nat64_of_slot(tables), addr);
	struct egret_target target;
	int rc;

	*ret = egret_need_of_purpose(&meant);
	if (*ret)
		return 0;
	rc = tables_find_target(tables, &meant, &target);
	if (!rc)
		*ret = egret_need_inside(target.dest.flags);
	return rc;
}

/* What is asked of each name, and what the names said until now. */
struct hearing {
	const struct tables *tables;
	const struct kernel_packet *packet;
	uint32_t need; /* enum egret_need, and EGRET_NEED_EXPLAINS */
	__u64 said;
};

/* As learned_judge_name of bpf/learned.h. */
static int hear(struct hearing *hearing, const struct egret_target *list, bool ended)
{
	bool explains = hearing->need & EGRET_NEED_EXPLAINS;
	uint32_t need = hearing->need | (ended && !explains ? EGRET_NEED_ENDED : 0);
	__u64 said = EGRET_REASON_NO_RULE;
	int rc;

	if (!list->dest.count || hearing->said & EGRET_SAID_ALLOW || !egret_name_counts(list->dest.flags, need))
		return 0;
	rc =
	    judge_name(hearing->tables, list, hearing->packet, need & ~(EGRET_NEED_EXPLAINS | EGRET_NEED_ENDED), &said);
	if (need & EGRET_NEED_ENDED)
		said = egret_said_of_ended(said);
	if (explains)
		hearing->said = egret_special_of_both(hearing->said, said);
	else
		hearing->said = said & EGRET_SAID_ALLOW ? said : egret_denial_of_both(hearing->said, said);
	return rc;
}

/* The names that were learned for the packet's address, or for the IPv4 address in it. */
static int hear_learned(struct hearing *hearing, const struct egret_addr *addr)
{
	const struct kernel_packet *packet = hearing->packet;
	const struct egret_learned_key key = {.addr = *addr, .scope = packet->scope};
	struct egret_learned learned;
	struct egret_target list;
	int rc = 0;

	if (!packet->scope || bpf_map_lookup_elem(hearing->tables->kernel->maps[MAP_learned], &key, &learned))
		memset(&learned, 0, sizeof(learned));
	for (size_t i = 0; i < EGRET_LEARNED_NAMES && !rc; i++) {
		if (!learned.names[i])
			continue;
		tables_find_list_of_key(hearing->tables, learned.names[i], &list);
		rc = hear(hearing, &list, egret_is_over(learned.expires_sec[i], packet->now_sec));
	}
	return rc;
}

/* Those, and the packet's own. */
static int hear_names(struct hearing *hearing)
{
	const struct kernel_packet *packet = hearing->packet;
	struct egret_target list;
	struct egret_addr v4;
	int rc = hear_learned(hearing, &packet->addr);

	if (!rc && nat64_v4(nat64_of_slot(hearing->tables), &packet->addr, &v4))
		rc = hear_learned(hearing, &v4);
	if (!packet->name || rc)
		return rc;
	tables_find_list_of_text(hearing->tables, packet->name, &list);
	return hear(hearing, &list, false);
}

static int judge_names(const struct tables *tables, const struct kernel_packet *packet, struct judgement *ret)
{
	struct hearing hearing = {.tables = tables, .packet = packet, .said = EGRET_REASON_NO_RULE};
	int rc = need_of(tables, &packet->addr, &hearing.need);

	if (!rc)
		rc = hear_names(&hearing);
	egret_said_unpack(hearing.said, ret);
	return rc;
}

/* Why a special address is denied. */
static int judge_special(const struct tables *tables, const struct kernel_packet *packet, struct judgement *denial)
{
	struct hearing hearing = {.tables = tables, .packet = packet, .said = EGRET_REASON_NO_RULE};
	struct judgement special;
	int rc = need_of(tables, &packet->addr, &hearing.need);

	if (rc || !hearing.need || !egret_special_counts(denial))
		return rc;
	hearing.need |= EGRET_NEED_EXPLAINS;
	rc = hear_names(&hearing);
	egret_said_unpack(hearing.said, &special);
	egret_add_special(denial, &special);
	return rc;
}

/* --- all together --- */

static int judge_listed(const struct tables *tables, const struct kernel_packet *packet, struct judgement *ret)
{
	__u64 said = EGRET_REASON_NO_RULE, of_v4 = EGRET_REASON_NO_RULE;
	struct egret_addr v4;
	int rc = judge_addr(tables, &packet->addr, packet, &said);

	if (!rc && nat64_v4(nat64_of_slot(tables), &packet->addr, &v4)) {
		rc = judge_addr(tables, &v4, packet, &of_v4);
		said = egret_listed_of_both(said, of_v4);
	}
	egret_said_unpack(said, ret);
	return rc;
}

static int decide_by_name(const struct tables *tables, const struct kernel_packet *packet, struct judgement *ret)
{
	struct hearing hearing = {.tables = tables, .packet = packet, .said = EGRET_REASON_NO_RULE};
	struct egret_target list;
	int rc;

	tables_find_list_of_text(tables, packet->name, &list);
	rc = hear(&hearing, &list, false);
	egret_said_unpack(hearing.said, ret);
	return rc;
}

static int decide(const struct tables *tables, const struct kernel_packet *packet, struct judgement *ret)
{
	struct judgement judgement = {}, by_name = {};
	int rc = judge_listed(tables, packet, &judgement);

	if (!rc && egret_names_count(&judgement, tables->kernel->config->settings[tables->slot].has)) {
		rc = judge_names(tables, packet, &by_name);
		egret_add_names(&judgement, &by_name);
	}
	if (!rc && !judgement.allow)
		rc = judge_special(tables, packet, &judgement);
	*ret = judgement;
	return rc;
}

/* As add_audit_lines of bpf/first_packet.h. */
static int add_audit_lines(const struct tables *tables, const struct kernel_packet *packet, struct judgement *ret)
{
	struct kernel_packet seeing = *packet;
	struct judgement with;
	int rc;

	seeing.sees = egret_audit_counts(ret, tables->kernel->config->settings[tables->slot].has);
	if (!seeing.sees)
		return 0;
	rc = packet->name_alone ? decide_by_name(tables, &seeing, &with) : decide(tables, &seeing, &with);
	if (!rc)
		egret_add_audit(ret,
				egret_said_pack(with.rule, with.name, with.allow ? EGRET_SAID_ALLOW : 0, with.reason));
	return rc;
}

int kernel_decide(const struct kernel *kernel, const struct kernel_packet *packet, struct judgement *ret)
{
	struct tables tables;
	int rc = tables_open(kernel, &tables);

	if (rc)
		return rc;
	rc = packet->name_alone ? decide_by_name(&tables, packet, ret) : decide(&tables, packet, ret);
	if (!rc)
		rc = add_audit_lines(&tables, packet, ret);
	tables_close(&tables);
	return rc;
}

/* --- all that was learned --- */

struct lesson_walk {
	struct tables tables;
	int (*visit)(void *context, const struct kernel_lesson *lesson);
	void *context;
	uint32_t now_sec;
	/* kernel_each_lesson_of: NULL = all are wanted, and nobody asks for TTLs. */
	bool (*wants)(void *context, const struct egret_learned_key *key, const struct egret_learned *learned);
};

static uint32_t ttl_of(const struct tables *tables, uint64_t name)
{
	const struct egret_settings *settings = &tables->kernel->config->settings[tables->slot];
	struct egret_known known;

	if (bpf_map_lookup_elem(tables->kernel->maps[MAP_known], &name, &known))
		known.ttl_sec = 0;
	return egret_lesson_ends(known.ttl_sec, settings, 0) - 1;
}

static int visit_names(const struct lesson_walk *walk, const struct egret_learned_key *key,
		       const struct egret_learned *learned)
{
	struct kernel_lesson lesson = {
	    .addr = key->addr,
	    .scope = key->scope,
	    .owner = learned->owner,
	    .last_name = learned->names[egret_learned_last(learned)],
	};
	struct egret_target list;
	uint32_t need;
	int rc = need_of(&walk->tables, &key->addr, &need);

	for (size_t i = 0; i < EGRET_LEARNED_NAMES && !rc; i++) {
		if (!learned->names[i])
			continue;
		tables_find_list_of_key(&walk->tables, learned->names[i], &list);
		lesson.name = learned->names[i];
		lesson.policy_name = list.dest.flags & EGRET_DEST_TEACHES ? list.dest.name : 0;
		lesson.brings_in = lesson.policy_name && egret_meets(list.dest.flags, need);
		lesson.left_sec = (int32_t)(learned->expires_sec[i] - walk->now_sec);
		lesson.ttl_sec = walk->wants ? ttl_of(&walk->tables, learned->names[i]) : 0;
		rc = walk->visit(walk->context, &lesson);
	}
	return rc;
}

static int visit_learned(void *context, const void *key)
{
	const struct lesson_walk *walk = context;
	struct egret_learned learned;

	if (bpf_map_lookup_elem(walk->tables.kernel->maps[MAP_learned], key, &learned))
		return 0;
	return visit_names(walk, key, &learned);
}

int kernel_each_lesson(const struct kernel *kernel, int (*visit)(void *context, const struct kernel_lesson *lesson),
		       void *context)
{
	struct lesson_walk walk = {.visit = visit, .context = context, .now_sec = kernel_sec_now()};
	struct egret_learned_key keys[2];
	int rc = tables_open(kernel, &walk.tables);

	if (rc)
		return rc;
	rc = map_each_entry(kernel->maps[MAP_learned], 2 * EGRET_MAX_LEARNED, (void *[]){&keys[0], &keys[1]},
			    visit_learned, &walk);
	tables_close(&walk.tables);
	return rc;
}

static int visit_wanted(void *context, const void *key, const void *learned)
{
	const struct lesson_walk *walk = context;

	return walk->wants(walk->context, key, learned) ? visit_names(walk, key, learned) : 0;
}

int kernel_each_lesson_of(const struct kernel *kernel,
			  bool (*wants)(void *context, const struct egret_learned_key *key,
					const struct egret_learned *learned),
			  int (*visit)(void *context, const struct kernel_lesson *lesson), void *context)
{
	struct lesson_walk walk = {.visit = visit, .context = context, .now_sec = kernel_sec_now(), .wants = wants};
	int rc = tables_open(kernel, &walk.tables);

	if (rc)
		return rc;
	rc = map_each_locked(kernel->maps[MAP_learned], sizeof(struct egret_learned_key), sizeof(struct egret_learned),
			     visit_wanted, &walk);
	tables_close(&walk.tables);
	return rc;
}

/* --- of an address --- */

static int read_target(const struct kernel *kernel, const struct egret_addr *addr, struct egret_target *ret)
{
	struct tables tables;
	int rc = tables_open(kernel, &tables);

	if (rc)
		return rc;
	rc = tables_find_target(&tables, addr, ret);
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
	struct tables tables;
	uint32_t need = EGRET_NEED_NOTHING;
	int rc = tables_open(kernel, &tables);

	if (rc)
		return rc;
	rc = need_of(&tables, addr, &need);
	tables_close(&tables);
	*ret = (enum egret_need)need;
	return rc;
}

bool kernel_may_ask(const struct kernel *kernel, const struct egret_addr *server, const char *name)
{
	struct egret_target target = {}, list = {.dest.flags = EGRET_DEST_ASKABLE};
	struct tables tables;
	bool found;

	if (tables_open(kernel, &tables))
		return false;
	found = !tables_find_target(&tables, server, &target) && target.dest.flags & EGRET_DEST_RESOLVER;
	if (name)
		tables_find_list_of_text(&tables, name, &list);
	tables_close(&tables);
	return found && list.dest.flags & EGRET_DEST_ASKABLE;
}
