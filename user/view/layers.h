/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where packets are judged, which of them nobody judged, and what nobody would see. */
#ifndef EGRET_VIEW_LAYERS_H
#define EGRET_VIEW_LAYERS_H

#include <jansson.h>
#include <stdbool.h>

#include "../kernel/read.h"

/*
 * To view_health of @instance (@status) it adds {unjudged, blind: [{kind, text}], layers_only_audit: {since_time,
 * text}, layers:
 * [{layer, mode, standing, why_text, devices: [{name, ifindex, attached_as}], looks: {LABEL: {packets_total,
 * bytes_total}}}]}.
 *
 * unjudged: packets that a layer saw and nobody judged, since the instance is there. blind: what no layer sees here;
 * kind: device, uplink (a layer that does not look), sockets, cards (no layer can), hook, exec. layers_only_audit:
 * since when, as a release without layers ruled before, and what to write; else null. layer: hook, device, uplink.
 * mode: enforce, audit, off. standing: stands, failed (why_text), absent (off, or not tried). attached_as: ingress,
 * egress, or null where no program of Egret stands. looks: of enum egret_look.
 */
void layers_add(json_t *status, const struct kernel *kernel, const char *instance, const struct egret_meta *meta);
/* The same where no map can be read, so that nobody knows what left: nothing is governed, or (@governed) only the pins
 * are gone. */
void layers_add_none(json_t *status, bool governed);

#endif
