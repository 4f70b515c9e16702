/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets as bytes: what they say of their destination, read plainly from the first
 * byte on, and random ones, honest and not.
 */
#ifndef EGRET_MODEL_PACKET_H
#define EGRET_MODEL_PACKET_H

#include "model.h"

#define PACKET_MAX_BYTES 512

struct packet_bytes {
	uint16_t ethertype; /* host order */
	uint16_t len;
	uint8_t bytes[PACKET_MAX_BYTES]; /* from the IP header on */
};

/* Destination, protocol, port and, if it cannot be judged, the reason. */
void packet_read(const struct packet_bytes *bytes, struct model_packet *ret);

/* To an address of random.h's world; one in a few has options, extension headers,
 * is a fragment, is cut short or lies about its lengths. */
void packet_random(struct packet_bytes *ret);

#endif
