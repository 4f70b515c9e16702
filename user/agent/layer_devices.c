// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "layer_devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../device/class.h"
#include "../device/cni.h"

/*
 * Where programs stand at a clsact qdisc, one that stands first makes the plugin `bandwidth` fail, and the pod with it:
 * its `ingress` qdisc is exclusive. The plugin is the last of its chain and nobody tells when that is done, so the
 * device is left alone until it is up and nothing changed for so long; what leaves by it meanwhile counts as unlooked.
 */
#define BANDWIDTH_NS (5 * CLOCK_NS_PER_SEC)

/* One arrangement. */
struct pass {
	struct layer_devices *devices;
	struct kernel *kernel;
	const struct device_table *table;
	struct device_class *classes; /* one for each device of the table */
	struct layer_failures *failures;
	bool attach;   /* else only the map is written */
	bool refused;  /* for want of a right, which the next device would not have either */
	int bandwidth; /* does a file of CNI name it? -1 = not asked yet */
	uint64_t now_ns;
};

/* --- what is known --- */

void layer_devices_clear(struct layer_devices *devices)
{
	free(devices->all);
	*devices = (struct layer_devices){};
}

/* The first place whose number is not less. */
static size_t place_of(const struct layer_devices *devices, uint32_t ifindex)
{
	size_t low = 0, high = devices->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (devices->all[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct layer_device *find(const struct layer_devices *devices, uint32_t ifindex)
{
	size_t place = place_of(devices, ifindex);

	return place < devices->count && devices->all[place].ifindex == ifindex ? &devices->all[place] : NULL;
}

/* NULL: no memory. */
static struct layer_device *add(struct layer_devices *devices, const struct kernel *kernel, uint32_t ifindex)
{
	size_t place = place_of(devices, ifindex);
	struct layer_device *device;

	if (devices->count == devices->capacity) {
		size_t capacity = devices->capacity ? 2 * devices->capacity : 64;
		struct layer_device *larger = realloc(devices->all, capacity * sizeof(*larger));

		if (!larger)
			return NULL;
		devices->all = larger;
		devices->capacity = capacity;
	}
	device = &devices->all[place];
	memmove(device + 1, device, (devices->count - place) * sizeof(*device));
	devices->count++;
	*device = (struct layer_device){.ifindex = ifindex, .changed_ns = clock_now_ns()};
	device->searched_ns = device->changed_ns;
	for (int place_at = 0; place_at < LAYER_PLACE_COUNT; place_at++)
		device->stands[place_at] = kernel_layer_is_attached(kernel, ifindex, place_at);
	return device;
}

static bool lives(void *context, uint32_t ifindex)
{
	return device_table_find(context, ifindex);
}

struct adoption {
	struct layer_devices *devices;
	const struct kernel *kernel;
};

static int adopt_one(void *context, uint32_t ifindex, const struct egret_device *written, bool ingress, bool egress)
{
	struct adoption *adoption = context;
	struct layer_device *device = find(adoption->devices, ifindex);

	(void)ingress;
	(void)egress;
	if (!device)
		device = add(adoption->devices, adoption->kernel, ifindex);
	if (!device)
		return -ENOMEM;
	device->written = *written;
	return 0;
}

int layer_devices_adopt(struct layer_devices *devices, struct kernel *kernel, const struct device_table *table)
{
	struct adoption adoption = {devices, kernel};
	int rc = kernel_layer_collect(kernel, lives, (void *)table);

	return rc ? rc : kernel_each_device(kernel, adopt_one, &adoption);
}

void layer_devices_forget(struct layer_devices *devices, struct kernel *kernel, uint32_t ifindex)
{
	struct layer_device *device = find(devices, ifindex);

	if (!device)
		return;
	for (int place = 0; place < LAYER_PLACE_COUNT; place++)
		if (device->stands[place])
			kernel_layer_detach(kernel, ifindex, place);
	if (device->written.flags)
		kernel_remove_device(kernel, ifindex);
	devices->count--;
	memmove(device, device + 1, (devices->count - (device - devices->all)) * sizeof(*device));
}

void layer_devices_doubt(struct layer_devices *devices, const struct kernel *kernel, uint32_t ifindex, uint64_t rest_ns)
{
	struct layer_device *device = find(devices, ifindex);

	for (int place = 0; device && place < LAYER_PLACE_COUNT; place++) {
		if (!device->stands[place] || kernel_layer_is_attached(kernel, ifindex, place))
			continue;
		device->stands[place] = false;
		device->alone_ns = clock_now_ns() + rest_ns;
	}
}

void layer_devices_note_change(struct layer_devices *devices, uint32_t ifindex)
{
	struct layer_device *device = find(devices, ifindex);

	if (device)
		device->changed_ns = clock_now_ns();
}

void layer_devices_note_ingress(struct layer_devices *devices, uint32_t ifindex)
{
	struct layer_device *device = find(devices, ifindex);

	if (device)
		device->has_ingress = true;
}

/* --- an arrangement --- */

static void note_failure(struct pass *pass, const struct device_link *link, const struct error *why)
{
	struct layer_failures *failures = pass->failures;

	if (!failures->count++) {
		memcpy(failures->name, link->name, sizeof(failures->name));
		failures->why = *why;
	}
}

/* Before a program stands: the first packet that it sees has all of it. */
static void write_device(struct pass *pass, const struct device_link *link, uint32_t flags, struct layer_device *device)
{
	struct egret_device wanted = {.flags = flags, .peer_nsid = link->link_nsid, .master = link->master};
	struct error error;
	int rc;

	memcpy(wanted.name, link->name, sizeof(wanted.name));
	if (!flags || !memcmp(&wanted, &device->written, sizeof(wanted)))
		return;
	rc = kernel_set_device(pass->kernel, link->ifindex, &wanted);
	if (!rc) {
		device->written = wanted;
		device->owned = false;
		device->searches = 0;
		device->searched_ns = clock_now_ns();
		return;
	}
	error_set(&error, rc, rc == -E2BIG ? "there are more than %d devices" : "its map cannot be written",
		  EGRET_MAX_DEVICES);
	note_failure(pass, link, &error);
}

static bool must_wait_until(struct pass *pass, uint64_t due_ns)
{
	if (due_ns <= pass->now_ns)
		return false;
	if (!pass->failures->due_ns || due_ns < pass->failures->due_ns)
		pass->failures->due_ns = due_ns;
	return true;
}

static bool must_wait_for_bandwidth(struct pass *pass, const struct device_link *link,
				    const struct layer_device *device)
{
	if (kernel_layer_has_tcx(pass->kernel) || device->has_ingress)
		return false;
	if (pass->bandwidth < 0)
		pass->bandwidth = cni_names_plugin(CNI_FOLDER, "bandwidth");
	if (!pass->bandwidth)
		return false;
	if (!link->up)
		return true; /* that it comes up is told */
	return must_wait_until(pass, device->changed_ns + BANDWIDTH_NS);
}

static void attach(struct pass *pass, const struct device_link *link, enum layer_place place,
		   struct layer_device *device)
{
	struct error error = {};
	int rc;

	if (pass->refused) {
		pass->failures->count++;
		return;
	}
	rc = kernel_layer_attach(pass->kernel, link->ifindex, place, &error);
	device->stands[place] = !rc;
	/* A device that went is told of next; that somebody detached, the next beat finds. */
	if (!rc || rc == -ENODEV || rc == -ESTALE)
		return;
	pass->refused = rc == -EPERM;
	note_failure(pass, link, &error);
}

static void put_place(struct pass *pass, const struct device_link *link, enum layer_place place, bool wanted,
		      struct layer_device *device)
{
	if (!pass->attach || wanted == device->stands[place])
		return;
	if (!wanted) {
		kernel_layer_detach(pass->kernel, link->ifindex, place);
		device->stands[place] = false;
		return;
	}
	if (must_wait_until(pass, device->alone_ns) ||
	    (place == LAYER_INGRESS && must_wait_for_bandwidth(pass, link, device)))
		return;
	attach(pass, link, place, device);
}

static void put_one(struct pass *pass, struct device_link *link, const struct device_class *class,
		    struct layer_device *device)
{
	write_device(pass, link, class->flags, device);
	put_place(pass, link, LAYER_INGRESS, class->ingress, device);
	put_place(pass, link, LAYER_EGRESS, class->egress, device);
	link->looked = device->stands[LAYER_INGRESS];
	if (!class->flags && device->written.flags && !kernel_remove_device(pass->kernel, link->ifindex))
		device->written = (struct egret_device){};
	if (class->unreadable)
		memcpy(pass->failures->unreadable, link->name, sizeof(link->name));
}

static int know_all(struct pass *pass)
{
	for (size_t i = 0; i < pass->table->count; i++) {
		struct device_link *link = &pass->table->links[i];
		const struct layer_device *device = find(pass->devices, link->ifindex);

		if (!device)
			device = add(pass->devices, pass->kernel, link->ifindex);
		if (!device)
			return -ENOMEM;
		link->looked = device->stands[LAYER_INGRESS];
	}
	return 0;
}

static void put_all(struct pass *pass)
{
	for (size_t i = 0; i < pass->table->count; i++)
		put_one(pass, &pass->table->links[i], &pass->classes[i],
			find(pass->devices, pass->table->links[i].ifindex));
}

/* What a program that stands now says of the device, and of those above it. */
static void write_all(struct pass *pass)
{
	device_classify(pass->table, pass->classes);
	for (size_t i = 0; i < pass->table->count; i++)
		write_device(pass, &pass->table->links[i], pass->classes[i].flags,
			     find(pass->devices, pass->table->links[i].ifindex));
}

static int run(struct pass *pass, bool on)
{
	int rc = know_all(pass);

	if (rc)
		return rc;
	pass->classes = calloc(pass->table->count + 1, sizeof(*pass->classes));
	if (!pass->classes)
		return -ENOMEM;
	if (on)
		device_classify(pass->table, pass->classes);
	put_all(pass);
	if (on)
		write_all(pass);
	free(pass->classes);
	return 0;
}

int layer_devices_describe(struct layer_devices *devices, struct kernel *kernel, const struct device_table *table)
{
	struct layer_failures ignored = {};
	struct pass pass = {.devices = devices, .kernel = kernel, .table = table, .failures = &ignored};

	return run(&pass, true);
}

int layer_devices_arrange(struct layer_devices *devices, struct kernel *kernel, const struct device_table *table,
			  bool on, struct layer_failures *ret)
{
	struct pass pass = {
	    .devices = devices,
	    .kernel = kernel,
	    .table = table,
	    .failures = ret,
	    .attach = true,
	    .bandwidth = -1,
	    .now_ns = clock_now_ns(),
	};

	*ret = (struct layer_failures){};
	return run(&pass, on);
}
