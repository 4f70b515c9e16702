/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was done with each device: what the map `devices` says of it, and at which sides programs stand. layers.h says
 * when; device/class.h what is wanted.
 */
#ifndef EGRET_LAYER_DEVICES_H
#define EGRET_LAYER_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../device/table.h"
#include "../kernel/kernel.h"
#include "../kernel/layer.h"

struct layer_device {
	uint32_t ifindex;
	struct egret_device written; /* no flags: nothing */
	bool stands[LAYER_PLACE_COUNT];
	bool has_ingress;      /* an `ingress` qdisc was put there by somebody else */
	uint64_t changed_ns;   /* CLOCK_MONOTONIC */
	uint64_t alone_ns;     /* the same: until then no program is put there */
	bool owned;            /* whose it is, programs know */
	unsigned int searches; /* for its owner, in vain */
	uint64_t searched_ns;  /* as changed_ns: the last of these, or when it was written */
};

struct layer_devices {
	struct layer_device *all; /* by ifindex */
	size_t count, capacity;
};

/* What came of the last arrangement. */
struct layer_failures {
	size_t count; /* devices at which a program is wanted and could not be put */
	char name[EGRET_DEVICE_NAME_SIZE];
	struct error why;                        /* of the first one */
	char unreadable[EGRET_DEVICE_NAME_SIZE]; /* an uplink whose frames cannot be read; "" = none */
	uint64_t due_ns; /* when a device that is waited for is to be looked at again; 0 = none is */
};

void layer_devices_clear(struct layer_devices *devices);
/* What is pinned and in the maps of before goes where its device is gone; of the rest it is known from now on. */
int layer_devices_adopt(struct layer_devices *devices, struct kernel *kernel, const struct device_table *table);
/* The device is gone, or another one has its number: all of it goes. */
void layer_devices_forget(struct layer_devices *devices, struct kernel *kernel, uint32_t ifindex);
/* What somebody may have taken away from the device is asked for anew, and comes back after @rest_ns. */
void layer_devices_doubt(struct layer_devices *devices, const struct kernel *kernel, uint32_t ifindex,
			 uint64_t rest_ns);
void layer_devices_note_change(struct layer_devices *devices, uint32_t ifindex);
void layer_devices_note_ingress(struct layer_devices *devices, uint32_t ifindex);

/* Only the map: before the programs of a new agent take the places of those that stand. */
int layer_devices_describe(struct layer_devices *devices, struct kernel *kernel, const struct device_table *table);
/* All is as it should be, as far as it can. @on: else nothing is looked at. */
int layer_devices_arrange(struct layer_devices *devices, struct kernel *kernel, const struct device_table *table,
			  bool on, struct layer_failures *ret);

#endif
