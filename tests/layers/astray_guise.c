// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames in the guise of what passes: of a kernel's own packets, of a router, of what was looked at a moment ago. */
#include "astray.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define TCP_OPTIONS_BYTES 40 /* RFC 9293 section 3.1: what 4 bits of length leave */

static int send_frame(const struct sending *sending, const struct frame *frame)
{
	return send_as(sending, frame, packet_type(sending), SOCK_RAW, 0);
}

/* On lo, in the name of somebody outside: whoever's kernel gets it answers him, with its octets. */
static int echo_request(const struct sending *sending)
{
	int v6 = packet_type(sending) == ETH_P_IPV6, rc;
	struct icmphdr icmp = {.type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO};
	struct frame frame, text = {.len = 0};
	size_t at;

	append_text(&text, sending);
	rc = begin_frame(sending, &frame);
	append_type(&frame, packet_type(sending));
	append_ip(&frame, sending, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, sizeof(icmp) + text.len);
	at = frame.len;
	append(&frame, &icmp, sizeof(icmp));
	append(&frame, text.bytes, text.len);
	icmp.checksum = v6 ? sum_of_ipv6(&frame, at, IPPROTO_ICMPV6) : sum16(frame.bytes + at, frame.len - at, 0);
	memcpy(frame.bytes + at, &icmp, sizeof(icmp));
	return rc ?: send_frame(sending, &frame);
}

static void append_tcp(struct frame *frame, const struct sending *sending, uint8_t flags, size_t options_len)
{
	struct tcphdr tcp = {.source = htons(40000),
			     .dest = htons(sending->port),
			     .th_off = (sizeof(tcp) + options_len) / 4,
			     .th_flags = flags};

	append(frame, &tcp, sizeof(tcp));
}

/* A reset, of which the options are the text: of a kind that nobody knows (RFC 6994 section 4), padded with zeros. */
static int reset_with_options(const struct sending *sending)
{
	uint8_t options[TCP_OPTIONS_BYTES] = {254, TCP_OPTIONS_BYTES};
	struct frame frame, text = {.len = 0};
	int rc = begin_frame(sending, &frame);

	append_text(&text, sending);
	if (text.len > sizeof(options) - 2)
		return -E2BIG;
	memcpy(options + 2, text.bytes, text.len);
	append_type(&frame, packet_type(sending));
	append_ip(&frame, sending, IPPROTO_TCP, sizeof(struct tcphdr) + sizeof(options));
	append_tcp(&frame, sending, TH_RST, sizeof(options));
	append(&frame, options, sizeof(options));
	return rc ?: send_frame(sending, &frame);
}

/* A SYN with data behind IPv6 options (RFC 8200 section 4.2) that look, where a TCP header would be, like that of a
 * reset without data: its length in octet 12, its flags in octet 13. */
static int options_as_reset(const struct sending *sending)
{
	uint8_t options[16] = {IPPROTO_TCP, 1, 0x1e, 12}; /* 0x1e: who does not know it skips it */
	struct frame frame, text = {.len = 0};
	int rc = begin_frame(sending, &frame);
	size_t len;

	append_text(&text, sending);
	while (text.len % 4)
		append(&text, "", 1);
	len = sizeof(options) + sizeof(struct tcphdr) + text.len;
	if (len > 60) /* the most that a TCP header's length can say */
		return -E2BIG;
	options[12] = (uint8_t)(len / 4 << 4);
	options[13] = TH_RST;
	append_type(&frame, packet_type(sending));
	append_ip(&frame, sending, IPPROTO_DSTOPTS, len);
	append(&frame, options, sizeof(options));
	append_tcp(&frame, sending, TH_SYN, 0);
	append(&frame, text.bytes, text.len);
	return rc ?: send_frame(sending, &frame);
}

/* More VLAN tags than anybody reads. */
static int four_tags(const struct sending *sending)
{
	struct frame frame;
	int rc = begin_frame(sending, &frame);

	for (int i = 0; i < 4; i++) {
		append_type(&frame, ETH_P_8021Q);
		append_type(&frame, 1);
	}
	append_type(&frame, packet_type(sending));
	append_packet(&frame, sending);
	return rc ?: send_as(sending, &frame, ETH_P_8021Q, SOCK_RAW, 0);
}

/* "I am a router for half an hour": RFC 4861 section 4.2, which wants the hop limit 255. */
static int router_advertisement(const struct sending *sending)
{
	struct nd_router_advert advert = {.nd_ra_hdr.icmp6_type = ND_ROUTER_ADVERT,
					  .nd_ra_hdr.icmp6_data8 = {64, 0, 1800 >> 8, 1800 & 0xff}};
	struct frame frame;
	int rc = begin_frame(sending, &frame);
	size_t ip_at, at;

	append_type(&frame, packet_type(sending));
	ip_at = frame.len;
	append_ip(&frame, sending, IPPROTO_ICMPV6, sizeof(advert));
	frame.bytes[ip_at + 7] = 255;
	at = frame.len;
	append(&frame, &advert, sizeof(advert));
	advert.nd_ra_hdr.icmp6_cksum = sum_of_ipv6(&frame, at, IPPROTO_ICMPV6);
	memcpy(frame.bytes + at, &advert, sizeof(advert));
	return rc ?: send_frame(sending, &frame);
}

/* --- a ring that is rewritten under way --- */

#define RING_TIMES 20000 /* a second: long enough that both run at once for a while, on a busy machine too */

struct rewriting {
	volatile uint16_t *where; /* the first two octets of the destination, which stand on an even address */
	uint16_t looked_at, meant;
	volatile int over;
};

static void *rewrite(void *context)
{
	struct rewriting *rewriting = context;

	while (!rewriting->over) {
		for (volatile int wait = 0; wait < 40; wait++)
			*rewriting->where = rewriting->looked_at;
		for (volatile int wait = 0; wait < 40; wait++)
			*rewriting->where = rewriting->meant;
	}
	return NULL;
}

/* "ring-to-51.0.0.1": what the sending names is looked at, now and then; the first two octets become those of this
 * address while the frame is under way. The sum of the header is the caller's to ignore. */
static int ring_to(const char *meant, const struct sending *sending)
{
	in_addr_t looked_at_be = inet_addr(sending->target), meant_be = inet_addr(meant);
	struct rewriting rewriting = {.over = 0};
	struct tpacket2_hdr *slot;
	struct frame frame;
	pthread_t thread;
	uint8_t *area;
	int fd = begin_frame(sending, &frame) ?: open_ring(sending, &slot, &area);

	if (fd < 0)
		return fd;
	append_type(&frame, packet_type(sending));
	append_packet(&frame, sending);
	memcpy(area, frame.bytes, frame.len);
	rewriting.where = (uint16_t *)(area + ETH_HLEN + offsetof(struct iphdr, daddr));
	memcpy(&rewriting.looked_at, &looked_at_be, sizeof(uint16_t));
	memcpy(&rewriting.meant, &meant_be, sizeof(uint16_t));
	if (pthread_create(&thread, NULL, rewrite, &rewriting))
		return -EAGAIN;
	for (int i = 0; i < RING_TIMES; i++) {
		slot->tp_len = frame.len;
		slot->tp_status = TP_STATUS_SEND_REQUEST;
		send(fd, NULL, 0, 0); /* where it is dropped, it is an error */
	}
	rewriting.over = 1;
	pthread_join(thread, NULL);
	return 0;
}

static const struct guise {
	const char *name;
	int (*send)(const struct sending *sending);
} guises[] = {
    {"echo-request", echo_request},
    {"reset-with-options", reset_with_options},
    {"options-as-reset", options_as_reset},
    {"four-tags", four_tags},
    {"router-advertisement", router_advertisement},
};

int send_guise(const char *way, const struct sending *sending)
{
	for (size_t i = 0; i < sizeof(guises) / sizeof(guises[0]); i++)
		if (!strcmp(guises[i].name, way))
			return guises[i].send(sending);
	return strncmp(way, "ring-to-", 8) ? -EINVAL : ring_to(way + 8, sending);
}
