/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is sent (astray.c), and how (astray_ways.c). */
#ifndef ASTRAY_H
#define ASTRAY_H

#include <stddef.h>
#include <stdint.h>

struct sending {
	const char *device;
	int ifindex;
	uint8_t mac[6]; /* of the next hop */
	const char *source, *target;
	uint16_t port;
	const char *text;
};

struct frame {
	uint8_t bytes[512];
	size_t len;
};

void append_packet(struct frame *frame, const struct sending *sending);
void append_arp(struct frame *frame, const struct sending *sending);
void append_text(struct frame *frame, const struct sending *sending);
void append_type(struct frame *frame, uint16_t type);
uint16_t packet_type(const struct sending *sending); /* ETH_P_* */

/* 0, or negative errno of what was refused. */
int send_astray(const char *way, const struct sending *sending);

#endif
