/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where packets are judged, which of them nobody judged, and what nobody would see. */
#ifndef EGRET_VIEW_LAYERS_H
#define EGRET_VIEW_LAYERS_H

#include <jansson.h>
#include <stdbool.h>

#include "../kernel/read.h"
#include "egret_device.h"

/* ip6tnl and sit carry IPv4 and IPv6. */
#define LAYER_LINK_OVERLAYS 2

/* A device that is there now, whether an agent knows it or not. */
struct layer_link {
	uint32_t ifindex;
	char name[EGRET_DEVICE_NAME_SIZE];
	bool ingress, egress;                               /* where a program is to stand */
	struct egret_overlay overlays[LAYER_LINK_OVERLAYS]; /* what its outer packets are, if it makes tunnels */
	size_t overlay_count;
};

struct layer_links {
	struct layer_link *all;
	size_t count;
};

/*
 * To view_health of @instance (@status) it adds {unjudged, blind: [{kind, text}], layers_only_audit: {since_time,
 * text}, unnamed_overlays: [name], layers:
 * [{layer, mode, standing, why_text, devices: [{name, ifindex, attached_as}], looks: {LABEL: {packets_total,
 * bytes_total}}, programs: [{program, place, standing, why_text, attached, missed_total}]}]}.
 *
 * unjudged: packets that a layer saw and nobody judged, since the instance is there; null where no layer counts. blind:
 * what no layer sees here;
 * kind: device, uplink (a layer that does not look), sockets, cards (no layer can), hook, exec. layers_only_audit:
 * since when, as a release without layers ruled before, and what to write; else null. layer: hook, source, device,
 * uplink. unnamed_overlays: devices of @links that make tunnels and that `set overlay` does not name. mode: enforce,
 * audit, off; unknown before a policy is loaded. standing: stands, failed (why_text), absent (off, or not tried).
 * attached_as: ingress, egress, or null where no program of Egret stands. looks: of enum egret_look. programs: of the
 * layer source, enum egret_source; standing also lacking: this kernel has no place for it (why_text). missed_total: how
 * often the kernel skipped it.
 *
 * @links: of the caller's network namespace; they count only where it is the one that is governed, which is told by
 * a device that both know. NULL: none.
 */
void layers_add(json_t *status, const struct kernel *kernel, const char *instance, const struct egret_meta *meta,
		const struct layer_links *links);
/* The same where no map can be read, so that nobody knows what left: nothing is governed, or (@governed) only the pins
 * are gone. */
void layers_add_none(json_t *status, bool governed);

#endif
