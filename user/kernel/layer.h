/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The layers that look at devices (egret_device.h), in the network namespace of the caller. A program of a layer is put
 * at one side of a device and stays there without an agent: as a pinned link, or as a filter of the device's clsact
 * qdisc where the kernel has no such links. Nobody else's programs are touched. Unless it says otherwise, a function
 * returns 0 or negative errno.
 */
#ifndef EGRET_KERNEL_LAYER_H
#define EGRET_KERNEL_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "egret_addr.h"
#include "egret_device.h"
#include "egret_people.h"

struct kernel;

/* At which side of a device: the layer device stands at ingress, the layer uplink at egress. */
enum layer_place { LAYER_INGRESS, LAYER_EGRESS, LAYER_PLACE_COUNT };

/* --- by the owner of a loaded instance --- */

/*
 * Puts the program there, before all others; an older one of this instance is replaced without a gap. -ENODEV: the
 * device is gone. -ESTALE: no policy rules, or the instance was detached meanwhile: it puts nothing there. A new agent
 * calls kernel_set_device for all that it looks at before kernel_attach, which replaces the programs at all devices at
 * which this instance stands.
 */
int kernel_layer_attach(struct kernel *kernel, uint32_t ifindex, enum layer_place place, struct error *error);
/* Nothing attached, or no such device, is no error. */
int kernel_layer_detach(struct kernel *kernel, uint32_t ifindex, enum layer_place place);
/* Are programs attached by links (6.6)? It was tried. Else by clsact, which others may take away. */
bool kernel_layer_has_tcx(const struct kernel *kernel);
/* Takes away what is left of devices that are gone: pins, and what the maps say of them. */
int kernel_layer_collect(struct kernel *kernel, bool (*lives)(void *context, uint32_t ifindex), void *context);

/* -E2BIG: more than EGRET_MAX_DEVICES. */
int kernel_set_device(struct kernel *kernel, uint32_t ifindex, const struct egret_device *device);
/* No such device is no error. */
int kernel_remove_device(struct kernel *kernel, uint32_t ifindex);
/* The device is the pod's whose cgroup is @pod, where no program knows better: what they know stays. @governed: is that
 * in the governed cgroup? */
int kernel_note_owner(struct kernel *kernel, uint32_t ifindex, uint64_t pod, bool governed);
/* All that may pass from now on, in place of those before. -E2BIG: more than EGRET_MAX_OVERLAYS. */
int kernel_set_overlays(struct kernel *kernel, const struct egret_overlay *overlays, size_t count);
/*
 * Tells the programs where the kernel keeps its connections (egret_conntrack_places). -ENOENT: its BTF does not say;
 * connection tracking may be a module that is not loaded yet: try again later. 0 also where they were told already.
 */
int kernel_find_conntrack(struct kernel *kernel);
/*
 * Promise 12, of a layer that enforces: in a network namespace of its own a frame to @forbidden, of IPv4, which no rule
 * allows, arrives without the layer's program and does not with it. @cgroup_fd: the governed one. The test itself is
 * not accounted for.
 */
int kernel_layer_prove(struct kernel *kernel, int cgroup_fd, const struct egret_addr *forbidden, enum egret_layer layer,
		       struct error *error);

/* --- by everybody --- */

bool kernel_layer_is_attached(const struct kernel *kernel, uint32_t ifindex, enum layer_place place);
/* All of map `devices`, and at which sides of each our programs stand. @visit returns 0 to go on. */
int kernel_each_device(const struct kernel *kernel,
		       int (*visit)(void *context, uint32_t ifindex, const struct egret_device *device, bool ingress,
				    bool egress),
		       void *context);
/* -ENOENT: no such device in the map. */
int kernel_get_device(const struct kernel *kernel, uint32_t ifindex, struct egret_device *ret);
/* Is it known whose it is? */
bool kernel_knows_owner(const struct kernel *kernel, uint32_t ifindex);
/* Who sends by the device, as far as it is known. -ENOENT: it is not. */
int kernel_get_device_owner(const struct kernel *kernel, uint32_t ifindex, struct egret_sender *ret);
/* May these outer packets pass at uplinks? */
bool kernel_has_overlay(const struct kernel *kernel, const struct egret_overlay *overlay);
/* Sums over the CPUs. */
int kernel_get_look(const struct kernel *kernel, enum egret_layer layer, enum egret_look look,
		    struct egret_counter *ret);

#endif
