/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Equal lists share their entries: 100,000 addresses of one rule have one list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FIRST_SLOTS 256 /* a power of two */

/* FNV-1a by words of 64 bits; the fold brings the high bits down to the slot's index. */
static uint32_t hash_entries(const struct egret_port *entries, size_t count)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < count; i++) {
		uint64_t words[2];

		memcpy(words, &entries[i], sizeof(words));
		hash = (hash ^ words[0]) * UINT64_C(0x100000001b3);
		hash = (hash ^ hash >> 32 ^ words[1]) * UINT64_C(0x100000001b3);
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

static struct intern_slot *free_slot(struct intern_slot *slots, size_t slot_count, uint32_t hash)
{
	size_t at = hash & (slot_count - 1);

	while (slots[at].count)
		at = (at + 1) & (slot_count - 1);
	return &slots[at];
}

static int grow_slots(struct compiler *compiler)
{
	size_t slot_count = compiler->slot_count ? compiler->slot_count * 2 : FIRST_SLOTS;
	struct intern_slot *slots;

	if (compiler->slots_used * 2 < compiler->slot_count)
		return 0;
	slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < compiler->slot_count; i++) {
		const struct intern_slot *old = &compiler->slots[i];

		if (old->count)
			*free_slot(slots, slot_count, old->hash) = *old;
	}
	free(compiler->slots);
	compiler->slots = slots;
	compiler->slot_count = slot_count;
	return 0;
}

static int grow_ports(struct compiler *compiler, size_t need)
{
	struct compiled *out = compiler->out;
	size_t capacity = compiler->port_capacity ? compiler->port_capacity * 2 : FIRST_SLOTS;
	struct egret_port *ports;

	if (need > EGRET_MAX_PORT_ENTRIES)
		return -E2BIG;
	if (need <= compiler->port_capacity)
		return 0;
	ports = reallocarray(out->ports, capacity, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	out->ports = ports;
	compiler->port_capacity = capacity;
	return 0;
}

/* The slot of an equal list, or the one where it belongs. */
static struct intern_slot *find_slot(const struct compiler *compiler, const struct list *list, uint32_t hash)
{
	size_t at = hash & (compiler->slot_count - 1);

	for (;; at = (at + 1) & (compiler->slot_count - 1)) {
		struct intern_slot *slot = &compiler->slots[at];

		if (!slot->count)
			return slot;
		if (slot->hash == hash && slot->count == list->count &&
		    !memcmp(&compiler->out->ports[slot->first], list->entries, list->count * sizeof(*list->entries)))
			return slot;
	}
}

int list_intern(struct compiler *compiler, const struct list *list, struct egret_dest *ret)
{
	struct compiled *out = compiler->out;
	uint32_t hash = hash_entries(list->entries, list->count);
	struct intern_slot *slot;
	int rc;

	if (list->over)
		return -E2BIG;
	if (!list->count) {
		ret->first = 0;
		ret->count = 0;
		return 0;
	}
	rc = grow_slots(compiler);
	if (rc)
		return rc;
	slot = find_slot(compiler, list, hash);
	if (!slot->count) {
		rc = grow_ports(compiler, out->port_count + list->count);
		if (rc)
			return rc;
		memcpy(&out->ports[out->port_count], list->entries, list->count * sizeof(*list->entries));
		*slot = (struct intern_slot){hash, (uint32_t)out->port_count, (uint16_t)list->count};
		out->port_count += list->count;
		compiler->slots_used++;
	}
	ret->first = slot->first;
	ret->count = slot->count;
	return 0;
}
