/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the outer packets of a tunnel look like: of the devices that `set overlay` names. */
#ifndef EGRET_DEVICE_OVERLAY_H
#define EGRET_DEVICE_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "egret_device.h"
#include "link.h"

/* ip6tnl and sit carry IPv4 and IPv6. */
#define DEVICE_MAX_OVERLAYS 2

/* A device's own name, or how it begins and `*`. */
bool device_overlay_names(const char *pattern, const char *name);
/* How many; 0 = it is no tunnel, or (wireguard) does not say by which port it sends. Asks the kernel for that port,
 * which is not told when it changes. */
size_t device_overlays_of(const struct device_link *link, struct egret_overlay ret[DEVICE_MAX_OVERLAYS]);

#endif
