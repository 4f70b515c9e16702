// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rows of what was denied and of what would be: programs write them, people read them and clear them. */
#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "../base/text.h"
#include "handle.h"
#include "egret_limits.h"

struct drop_walk {
	int fd;
	int (*visit)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop);
	void *context;
};

static int visit_drop(void *context, const void *place)
{
	struct drop_walk *walk = context;
	struct egret_drop_row row;

	if (bpf_map_lookup_elem_flags(walk->fd, place, &row, BPF_F_LOCK) || row.gone)
		return 0;
	/* Processes choose their names. */
	text_make_printable(row.drop.comm, sizeof(row.drop.comm));
	return walk->visit(walk->context, &row.key, &row.drop);
}

static int visit_refusal(void *context, const void *key)
{
	struct drop_walk *walk = context;
	struct egret_drop drop;

	if (bpf_map_lookup_elem(walk->fd, key, &drop))
		return 0;
	text_make_printable(drop.comm, sizeof(drop.comm));
	return walk->visit(walk->context, key, &drop);
}

/* Of packets, and of what may not begin. */
int kernel_each_drop(const struct kernel *kernel,
		     int (*visit)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		     void *context)
{
	struct drop_walk walk = {kernel->maps[MAP_drops], visit, context};
	struct egret_drop_place places[2];
	struct egret_drop_key keys[2];
	int rc = map_each_entry(walk.fd, 2 * EGRET_MAX_DROPS, (void *[]){&places[0], &places[1]}, visit_drop, &walk);

	if (rc)
		return rc;
	walk.fd = kernel->maps[MAP_refusals];
	return map_each_entry(walk.fd, 2 * EGRET_MAX_REFUSALS, (void *[]){&keys[0], &keys[1]}, visit_refusal, &walk);
}

struct others_walk {
	int fd;
	int (*visit)(void *context, uint64_t owner, bool audited, const struct egret_others *others);
	void *context;
};

static int visit_others(void *context, const void *owner)
{
	struct others_walk *walk = context;
	struct egret_culprit culprit;
	int rc = 0;

	if (bpf_map_lookup_elem_flags(walk->fd, owner, &culprit, BPF_F_LOCK) || culprit.gone)
		return 0;
	for (int audited = 0; audited < 2 && !rc; audited++) {
		if (culprit.others[audited].rows)
			rc = walk->visit(walk->context, culprit.owner, audited, &culprit.others[audited]);
	}
	return rc;
}

int kernel_each_others(const struct kernel *kernel,
		       int (*visit)(void *context, uint64_t owner, bool audited, const struct egret_others *others),
		       void *context)
{
	struct others_walk walk = {kernel->maps[MAP_culprits], visit, context};
	uint64_t owners[2];

	return map_each_entry(walk.fd, 2 * EGRET_MAX_CULPRITS, (void *[]){&owners[0], &owners[1]}, visit_others, &walk);
}

uint64_t kernel_denied_cgroup(const struct kernel *kernel, uint64_t owner)
{
	struct egret_culprit culprit;

	if (bpf_map_lookup_elem_flags(kernel->maps[MAP_culprits], &owner, &culprit, BPF_F_LOCK) || culprit.gone)
		return 0;
	for (int i = 0; i < EGRET_NAMES_PER_OWNER; i++)
		if (culprit.named[i])
			return culprit.named[i];
	return 0;
}

static int clear_culprits(const struct kernel *kernel)
{
	uint64_t owner;

	for (int i = 0; i < 2 * EGRET_MAX_CULPRITS; i++) {
		if (bpf_map_get_next_key(kernel->maps[MAP_culprits], NULL, &owner))
			break;
		if (bpf_map_delete_elem(kernel->maps[MAP_culprits], &owner) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* Always the first one that is left. What is denied meanwhile comes anew: the bound ends that. Returns how many there
 * were. */
static int clear_drops(const struct kernel *kernel)
{
	struct egret_drop_place place;
	int cleared = 0;

	for (int i = 0; i < 2 * EGRET_MAX_DROPS; i++) {
		if (bpf_map_get_next_key(kernel->maps[MAP_drops], NULL, &place))
			break;
		if (!bpf_map_delete_elem(kernel->maps[MAP_drops], &place))
			cleared++;
		else if (errno != ENOENT)
			return -errno;
	}
	return cleared;
}

static int clear_refusals(const struct kernel *kernel)
{
	struct egret_drop_key key;
	int cleared = 0;

	for (int i = 0; i < 2 * EGRET_MAX_REFUSALS; i++) {
		if (bpf_map_get_next_key(kernel->maps[MAP_refusals], NULL, &key))
			break;
		if (!bpf_map_delete_elem(kernel->maps[MAP_refusals], &key))
			cleared++;
		else if (errno != ENOENT)
			return -errno;
	}
	return cleared;
}

int kernel_clear_drops(const struct kernel *kernel)
{
	int cleared = clear_drops(kernel), refusals = cleared < 0 ? 0 : clear_refusals(kernel), rc;

	if (cleared < 0 || refusals < 0)
		return cleared < 0 ? cleared : refusals;
	rc = clear_culprits(kernel); /* last: where a row is found is written there */
	return rc ? rc : cleared + refusals;
}
