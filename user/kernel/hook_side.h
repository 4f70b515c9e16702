/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs at the sides of devices (layer.h), two ways. Each way knows alone how a program is put at its place, stays
 * there without a process, and is taken away. Of another program there neither way knows anything. Private to kernel/.
 */
#ifndef EGRET_KERNEL_HOOK_SIDE_H
#define EGRET_KERNEL_HOOK_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "layer.h"

/* Where one instance puts one program. */
struct device_side {
	const char *instance;
	uint32_t ifindex;
	enum layer_place place;
};

/* All return negative errno. -ENODEV: there is no such device. */
struct side_way {
	/* In front of all others. Where one of ours is, it runs until the new one does. */
	int (*put)(const struct device_side *side, int program_fd);
	/* A new descriptor of what we put there; -ENOENT: nothing. */
	int (*program)(const struct device_side *side);
	/* -ENOENT: nothing of ours is there. */
	int (*take_away)(const struct device_side *side);
};

/* Links (hook_tcx.c), Linux 6.6; and filters of a clsact qdisc (hook_clsact.c), 4.5. */
extern const struct side_way side_tcx, side_clsact;

/* Does this kernel have such links? Tried with a program of the kind. */
bool tcx_works(int program_fd);
/* Of the name of a pin: is it such a link's? @ret: what is said of it; its instance is left alone. */
bool tcx_is_pin(const char *name, struct device_side *ret);
/* Detaches what is pinned at @path, and removes the pin. */
int tcx_cut(const char *path);
/* The pin is made anew, since its file may belong to somebody else. */
int tcx_pin_anew(const struct device_side *side);

/* Of the filters of an instance. */
uint32_t clsact_handle(const char *instance);
/* The devices that have a qdisc for filters, whoever made it; the caller frees .ifindexes. */
struct clsact_devices {
	uint32_t *ifindexes;
	size_t count;
};
int clsact_find_devices(struct clsact_devices *ret);
/* "clsact_IFINDEX": notes that the qdisc of this device is Egret's (hook_clsact.c). */
bool clsact_is_note(const char *name, uint32_t *ret_ifindex);

/*
 * All sides at which something of the instance stands, by either way; of filters, those of the caller's network
 * namespace. @visit may take it away; it returns 0 to go on.
 */
int side_each(const char *instance,
	      int (*visit)(void *context, const struct side_way *way, const struct device_side *side), void *context);
/* Removes what is left in the instance's folder of devices that are gone. */
int side_collect(const char *instance, bool (*lives)(void *context, uint32_t ifindex), void *context);

#endif
