// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent tells the layers of devices. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "hook_side.h"
#include "layer.h"

int kernel_set_device(struct kernel *kernel, uint32_t ifindex, const struct egret_device *device)
{
	return bpf_map_update_elem(kernel->maps[MAP_devices], &ifindex, device, BPF_ANY) ? -errno : 0;
}

int kernel_remove_device(struct kernel *kernel, uint32_t ifindex)
{
	if (bpf_map_delete_elem(kernel->maps[MAP_devices], &ifindex) && errno != ENOENT)
		return -errno;
	return bpf_map_delete_elem(kernel->maps[MAP_device_owners], &ifindex) && errno != ENOENT ? -errno : 0;
}

int kernel_note_owner(struct kernel *kernel, uint32_t ifindex, uint64_t pod, bool governed)
{
	struct egret_sender sender = {.cgroup_id = pod, .ifindex = ifindex};

	if (governed) {
		sender.owner = pod;
		sender.scope = EGRET_SCOPE_POD | pod;
	}
	if (bpf_map_update_elem(kernel->maps[MAP_device_owners], &ifindex, &sender, BPF_NOEXIST))
		return errno == EEXIST ? 0 : -errno;
	return 0;
}

/* --- entries that go --- */

#define AT_ONCE      64
#define MAX_KEY_SIZE sizeof(struct egret_addr)

/* Which entries of a map go, and how. */
struct going {
	struct kernel *kernel;
	enum kernel_map map;
	bool (*goes)(const struct going *going, const void *key);
	void (*remove)(struct kernel *kernel, const void *key);
	const void *context;
};

/* Keys are gathered first: an entry that goes takes the walk's place with it. */
struct gathered {
	const struct going *going;
	size_t key_size, count;
	unsigned char keys[AT_ONCE][MAX_KEY_SIZE];
};

static int gather(void *context, const void *key)
{
	struct gathered *gathered = context;

	if (gathered->going->goes(gathered->going, key))
		memcpy(gathered->keys[gathered->count++], key, gathered->key_size);
	return gathered->count == AT_ONCE;
}

static int remove_all(const struct going *going, size_t bound)
{
	struct gathered gathered = {.going = going, .key_size = map_shapes[going->map].key_size};
	unsigned char keys[2][MAX_KEY_SIZE];
	int rc;

	do {
		gathered.count = 0;
		rc = map_each_entry(going->kernel->maps[going->map], bound, (void *[]){keys[0], keys[1]}, gather,
				    &gathered);
		for (size_t i = 0; i < gathered.count; i++)
			going->remove(going->kernel, gathered.keys[i]);
	} while (rc > 0);
	return rc;
}

/* --- overlays --- */

struct overlays {
	const struct egret_overlay *all;
	size_t count;
};

static bool is_same(const struct egret_overlay *one, const struct egret_overlay *other)
{
	return one->l4_proto == other->l4_proto && one->of_near_port == other->of_near_port && one->port == other->port;
}

static bool is_not_named(const struct going *going, const void *key)
{
	const struct overlays *overlays = going->context;

	for (size_t i = 0; i < overlays->count; i++)
		if (is_same(&overlays->all[i], key))
			return false;
	return true;
}

static void remove_overlay(struct kernel *kernel, const void *key)
{
	bpf_map_delete_elem(kernel->maps[MAP_overlays], key);
}

/* First those that go: so there is room, and what both name passes all the time. */
int kernel_set_overlays(struct kernel *kernel, const struct egret_overlay *overlays, size_t count)
{
	const struct overlays now = {overlays, count};
	const struct going others = {kernel, MAP_overlays, is_not_named, remove_overlay, &now};
	const uint32_t named = 1;
	int rc;

	if (count > EGRET_MAX_OVERLAYS)
		return -E2BIG;
	rc = remove_all(&others, EGRET_MAX_OVERLAYS);
	for (size_t i = 0; i < count && !rc; i++)
		if (bpf_map_update_elem(kernel->maps[MAP_overlays], &overlays[i], &named, BPF_ANY))
			rc = -errno;
	return rc;
}

/* --- devices that are gone --- */

struct living {
	bool (*lives)(void *context, uint32_t ifindex);
	void *context;
};

static bool is_gone(const struct going *going, const void *key)
{
	const struct living *living = going->context;

	return !living->lives(living->context, *(const uint32_t *)key);
}

static void remove_device(struct kernel *kernel, const void *key)
{
	bpf_map_delete_elem(kernel->maps[MAP_devices], key);
}

static void remove_owner(struct kernel *kernel, const void *key)
{
	bpf_map_delete_elem(kernel->maps[MAP_device_owners], key);
}

static bool was_seen_by_gone(const struct going *going, const void *key)
{
	struct egret_sender sender;

	return !bpf_map_lookup_elem(going->kernel->maps[MAP_senders], key, &sender) && is_gone(going, &sender.ifindex);
}

static void remove_sender(struct kernel *kernel, const void *key)
{
	bpf_map_delete_elem(kernel->maps[MAP_senders], key);
}

int kernel_layer_collect(struct kernel *kernel, bool (*lives)(void *context, uint32_t ifindex), void *context)
{
	const struct living living = {lives, context};
	const struct going devices = {kernel, MAP_devices, is_gone, remove_device, &living},
			   owners = {kernel, MAP_device_owners, is_gone, remove_owner, &living},
			   senders = {kernel, MAP_senders, was_seen_by_gone, remove_sender, &living};
	int rc = side_collect(kernel->instance, lives, context);

	if (!rc)
		rc = remove_all(&devices, EGRET_MAX_DEVICES);
	/* Programs write to these meanwhile. */
	if (!rc)
		rc = remove_all(&owners, 2 * EGRET_MAX_DEVICES);
	return rc ? rc : remove_all(&senders, 2 * EGRET_MAX_SENDERS);
}
