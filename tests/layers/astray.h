/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is sent (astray.c), and how: past the hooks (astray_ways.c), in the guise of what passes (astray_guise.c). */
#ifndef ASTRAY_H
#define ASTRAY_H

#include <stddef.h>
#include <stdint.h>

struct tpacket2_hdr;

#define MARK "astray:" /* stands before the text, and a line's end behind it */

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

uint16_t sum16(const uint8_t *data, size_t len, uint32_t sum);
/* Of the header and what follows it, which begin @at in @frame, at once behind an IPv6 header. */
uint16_t sum_of_ipv6(const struct frame *frame, size_t at, uint8_t l4_proto);
void append(struct frame *frame, const void *data, size_t len);
void append_ip(struct frame *frame, const struct sending *sending, uint8_t l4_proto, size_t len);
void append_packet(struct frame *frame, const struct sending *sending);
void append_arp(struct frame *frame, const struct sending *sending);
void append_text(struct frame *frame, const struct sending *sending);
void append_type(struct frame *frame, uint16_t type);
uint16_t packet_type(const struct sending *sending); /* ETH_P_* */

/* To the next hop, from this device's own address; what follows is the caller's. */
int begin_frame(const struct sending *sending, struct frame *ret);
/* By a packet socket that says that the frame is of @type, which nobody compares with the frame. */
int send_as(const struct sending *sending, const struct frame *frame, uint16_t type, int socket_type, int bypass);
/* A packet socket with a ring for one frame, where it is to be laid, and sent once @slot says so. The socket. */
int open_ring(const struct sending *sending, struct tpacket2_hdr **ret_slot, uint8_t **ret_frame);

/* 0, or negative errno of what was refused. */
int send_guise(const char *way, const struct sending *sending);
int send_astray(const char *way, const struct sending *sending);

#endif
