// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Ways past the hook of a socket, and who sees what came through.
 *
 *   astray WAY DEVICE MAC SOURCE TARGET PORT TEXT   one datagram with TEXT to TARGET, in a frame to MAC
 *   astray listen DEVICE [TARGET]                   "seen TEXT" for each frame that comes in with such a text, whatever
 *                                                   is around it: tags, tunnels, other addresses; or for this one only
 *
 * Prints "sent", or the errno of what was refused. What a way needs is said where it is defined.
 */
#include "astray.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define FORGED_PORT 40000

uint16_t sum16(const uint8_t *data, size_t len, uint32_t sum)
{
	for (; len > 1; data += 2, len -= 2)
		sum += data[0] << 8 | data[1];
	if (len)
		sum += data[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

void append(struct frame *frame, const void *data, size_t len)
{
	memcpy(frame->bytes + frame->len, data, len);
	frame->len += len;
}

/* Behind it, @len octets of @l4_proto. */
void append_ip(struct frame *frame, const struct sending *sending, uint8_t l4_proto, size_t len)
{
	struct iphdr ip4 = {
	    .version = 4, .ihl = 5, .ttl = 64, .protocol = l4_proto, .tot_len = htons(sizeof(ip4) + len)};
	struct ip6_hdr ip6 = {.ip6_plen = htons(len), .ip6_nxt = l4_proto, .ip6_hlim = 64};

	if (!inet_pton(AF_INET, sending->source, &ip4.saddr)) {
		ip6.ip6_vfc = 6 << 4;
		inet_pton(AF_INET6, sending->source, &ip6.ip6_src);
		inet_pton(AF_INET6, sending->target, &ip6.ip6_dst);
		append(frame, &ip6, sizeof(ip6));
		return;
	}
	inet_pton(AF_INET, sending->target, &ip4.daddr);
	ip4.check = sum16((const uint8_t *)&ip4, sizeof(ip4), 0);
	append(frame, &ip4, sizeof(ip4));
}

/* What stands between addresses and data in the sum of IPv6: RFC 8200 section 8.1. @at: the header that is summed. */
uint16_t sum_of_ipv6(const struct frame *frame, size_t at, uint8_t l4_proto)
{
	size_t len = frame->len - at;
	uint32_t sum = l4_proto + len;

	sum += ntohs(~sum16(frame->bytes + at - 32, 32, 0)) & 0xffff;
	return sum16(frame->bytes + at, len, sum);
}

/* A datagram's sum may be left out in IPv4: RFC 768. */
void append_packet(struct frame *frame, const struct sending *sending)
{
	char text[128];
	int len = snprintf(text, sizeof(text), MARK "%s\n", sending->text);
	struct udphdr udp = {
	    .source = htons(FORGED_PORT), .dest = htons(sending->port), .len = htons(sizeof(udp) + len)};
	size_t udp_at;

	if (sending->port == 67) /* RFC 2131 section 4.1 */
		udp.source = htons(68);
	append_ip(frame, sending, IPPROTO_UDP, sizeof(udp) + len);
	udp_at = frame->len;
	append(frame, &udp, sizeof(udp));
	append(frame, text, len);
	if (packet_type(sending) != ETH_P_IPV6)
		return;
	udp.check = sum_of_ipv6(frame, udp_at, IPPROTO_UDP);
	memcpy(frame->bytes + udp_at, &udp, sizeof(udp));
}

void append_type(struct frame *frame, uint16_t type)
{
	uint16_t type_be = htons(type);

	append(frame, &type_be, sizeof(type_be));
}

/* As RFC 826 has it: who has @target? */
void append_arp(struct frame *frame, const struct sending *sending)
{
	uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 1};
	char text[64];
	int len = snprintf(text, sizeof(text), MARK "%s\n", sending->text);

	memcpy(arp + 8, frame->bytes + ETH_ALEN, ETH_ALEN);
	inet_pton(AF_INET, sending->source, arp + 14);
	inet_pton(AF_INET, sending->target, arp + 24);
	append(frame, arp, sizeof(arp));
	append(frame, text, len); /* where the padding is */
}

void append_text(struct frame *frame, const struct sending *sending)
{
	char text[64];
	int len = snprintf(text, sizeof(text), MARK "%s\n", sending->text);

	append(frame, text, len);
}

uint16_t packet_type(const struct sending *sending)
{
	return strchr(sending->source, ':') ? ETH_P_IPV6 : ETH_P_IP;
}

/* @target: NULL, or the only IPv4 destination that counts. */
static int is_for(const char *target, const char *frame)
{
	in_addr_t addr_be;

	memcpy(&addr_be, frame + ETH_HLEN + offsetof(struct iphdr, daddr), sizeof(addr_be));
	return !target || addr_be == inet_addr(target);
}

static int listen_on(const char *device, const char *target)
{
	struct sockaddr_ll from, here = {.sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ALL),
					 .sll_ifindex = (int)if_nametoindex(device)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(from);
	char frame[65536], *mark;
	ssize_t got;

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)))
		return perror(device), 1;
	puts("ready");
	while ((got = recvfrom(fd, frame, sizeof(frame) - 1, 0, (struct sockaddr *)&from, &len)) >= 0) {
		frame[got] = 0;
		mark = memmem(frame, got, MARK, strlen(MARK));
		if (mark && from.sll_pkttype != PACKET_OUTGOING && is_for(target, frame))
			printf("seen %.*s\n", (int)strcspn(mark + strlen(MARK), "\n"), mark + strlen(MARK));
		len = sizeof(from);
	}
	return perror("recvfrom"), 1;
}

static int parse(char **argv, struct sending *ret)
{
	*ret = (struct sending){.device = argv[2],
				.ifindex = (int)if_nametoindex(argv[2]),
				.source = argv[4],
				.target = argv[5],
				.port = atoi(argv[6]),
				.text = argv[7]};
	return sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", ret->mac, ret->mac + 1, ret->mac + 2, ret->mac + 3,
		      ret->mac + 4, ret->mac + 5) == ETH_ALEN
		   ? 0
		   : -EINVAL;
}

int main(int argc, char **argv)
{
	struct sending sending;
	int rc;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "listen"))
		return listen_on(argv[2], argv[3]);
	if (argc != 8 || parse(argv, &sending))
		return fprintf(stderr, "astray WAY DEVICE MAC SOURCE TARGET PORT TEXT | listen DEVICE [TARGET]\n"), 2;
	rc = send_astray(argv[1], &sending);
	puts(rc < 0 ? strerrorname_np(-rc) : "sent");
	return rc < 0;
}
