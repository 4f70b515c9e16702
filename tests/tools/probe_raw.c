/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Dishonest clients: packets that no ordinary socket would send. "sent" means
 * that the kernel took the packet; whether it arrived is the server's to say.
 */
#include "probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORGED_PORT 40000
/* RFC 3692 section 2.1: a number for experiments, which no kernel handles. */
#define UNKNOWN_EXTENSION 253

static const char payload[] = "forged";

struct packet {
	uint8_t bytes[256];
	size_t len_bytes;
};

static int send_raw(const struct target *target, const struct packet *packet)
{
	struct target to = *target;
	int64_t start_ms = now_ms();
	int fd = socket(to.family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), err = 0;

	if (fd < 0)
		return outcome(-errno, NULL, start_ms);
	if (to.family == AF_INET6) /* of a raw socket it would be the protocol */
		((struct sockaddr_in6 *)&to.addr)->sin6_port = 0;
	if (sendto(fd, packet->bytes, packet->len_bytes, 0, (struct sockaddr *)&to.addr, to.len) < 0)
		err = -errno;
	close(fd);
	return outcome(err, "sent", start_ms);
}

static uint16_t port_of(const struct target *target)
{
	/* Stands at the same place in both families. */
	return ((const struct sockaddr_in *)&target->addr)->sin_port;
}

static void append(struct packet *packet, const void *data, size_t len_bytes)
{
	memcpy(packet->bytes + packet->len_bytes, data, len_bytes);
	packet->len_bytes += len_bytes;
}

/* The sum over both addresses, the protocol and the length: RFC 793 section 3.1, RFC 8200 section 8.1. */
static uint32_t pseudo_header(const struct sockaddr_storage *from, const struct target *to, uint8_t l4_proto,
			      size_t len_bytes)
{
	size_t offset =
	    to->family == AF_INET ? offsetof(struct sockaddr_in, sin_addr) : offsetof(struct sockaddr_in6, sin6_addr);
	size_t addr_len = to->family == AF_INET ? 4 : 16;
	uint32_t sum = l4_proto + len_bytes;

	sum += (uint16_t)~ntohs(checksum((const uint8_t *)from + offset, addr_len, 0));
	sum += (uint16_t)~ntohs(checksum((const uint8_t *)&to->addr + offset, addr_len, 0));
	return sum;
}

static void append_udp(struct packet *packet, const struct sockaddr_storage *from, const struct target *to)
{
	size_t start = packet->len_bytes, len = sizeof(struct udphdr) + sizeof(payload);
	struct udphdr udp = {.source = htons(FORGED_PORT), .dest = port_of(to), .len = htons(len)};

	append(packet, &udp, sizeof(udp));
	append(packet, payload, sizeof(payload));
	udp.check = checksum(packet->bytes + start, len, pseudo_header(from, to, IPPROTO_UDP, len));
	memcpy(packet->bytes + start, &udp, sizeof(udp));
}

static void append_synack(struct packet *packet, const struct sockaddr_storage *from, const struct target *to)
{
	size_t start = packet->len_bytes;
	struct tcphdr tcp = {.source = htons(options.from_port ? strtoul(options.from_port, NULL, 10) : FORGED_PORT),
			     .dest = port_of(to),
			     .seq = htonl(1),
			     .ack_seq = htonl(1),
			     .doff = sizeof(tcp) / 4,
			     .syn = 1,
			     .ack = 1,
			     .window = htons(1024)};

	append(packet, &tcp, sizeof(tcp));
	tcp.check = checksum(packet->bytes + start, sizeof(tcp), pseudo_header(from, to, IPPROTO_TCP, sizeof(tcp)));
	memcpy(packet->bytes + start, &tcp, sizeof(tcp));
}

/* The kernel fills in length, id and checksum of an IPv4 header: raw(7). */
static void append_ipv4(struct packet *packet, const struct sockaddr_storage *from, const struct target *to,
			uint8_t l4_proto)
{
	struct iphdr ip = {.version = 4,
			   .ihl = sizeof(ip) / 4,
			   .ttl = 64,
			   .protocol = l4_proto,
			   .saddr = ((const struct sockaddr_in *)from)->sin_addr.s_addr,
			   .daddr = ((const struct sockaddr_in *)&to->addr)->sin_addr.s_addr};

	append(packet, &ip, sizeof(ip));
}

static void append_ipv6(struct packet *packet, const struct sockaddr_storage *from, const struct target *to,
			uint8_t next, size_t len_bytes)
{
	uint8_t header[40] = {6 << 4};
	uint16_t len_be = htons(len_bytes);

	memcpy(header + 4, &len_be, sizeof(len_be));
	header[6] = next;
	header[7] = 64;
	memcpy(header + 8, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	memcpy(header + 24, &((const struct sockaddr_in6 *)&to->addr)->sin6_addr, 16);
	append(packet, header, sizeof(header));
}

static int forge(char **argv, uint8_t l4_proto, struct target *ret_to, struct packet *ret)
{
	void (*append_l4)(struct packet *, const struct sockaddr_storage *, const struct target *) =
	    l4_proto == IPPROTO_UDP ? append_udp : append_synack;
	size_t l4_len = l4_proto == IPPROTO_UDP ? sizeof(struct udphdr) + sizeof(payload) : sizeof(struct tcphdr);
	struct sockaddr_storage from;

	ret->len_bytes = 0;
	if (target_parse(argv[0], argv[1], ret_to) || source_towards(ret_to, &from))
		return -EINVAL;
	if (ret_to->family == AF_INET)
		append_ipv4(ret, &from, ret_to, l4_proto);
	else
		append_ipv6(ret, &from, ret_to, l4_proto, l4_len);
	append_l4(ret, &from, ret_to);
	return 0;
}

int cmd_raw_udp(char **argv)
{
	struct packet packet;
	struct target to;

	return forge(argv, IPPROTO_UDP, &to, &packet) ? PROBE_USAGE : send_raw(&to, &packet);
}

int cmd_raw_tcp_synack(char **argv)
{
	struct packet packet;
	struct target to;

	return forge(argv, IPPROTO_TCP, &to, &packet) ? PROBE_USAGE : send_raw(&to, &packet);
}

int cmd_raw_frag(char **argv)
{
	struct packet packet;
	struct target to;

	if (forge(argv, IPPROTO_UDP, &to, &packet) || to.family != AF_INET)
		return PROBE_USAGE;
	((struct iphdr *)packet.bytes)->frag_off = htons(1);
	return send_raw(&to, &packet);
}

/* RFC 791 section 3.1: type 131, length 7, pointer 4, one address; padded to 8. */
static void source_route(const char *via, uint8_t ret_option[8])
{
	struct target hop;

	memset(ret_option, 0, 8);
	if (target_parse(via, "0", &hop) || hop.family != AF_INET)
		return;
	ret_option[0] = 131;
	ret_option[1] = 7;
	ret_option[2] = 4;
	memcpy(ret_option + 3, &((struct sockaddr_in *)&hop.addr)->sin_addr, 4);
}

int cmd_raw_lsrr(char **argv)
{
	struct packet plain, routed = {.len_bytes = 0};
	uint8_t option[8];
	struct target to;

	if (forge(argv, IPPROTO_UDP, &to, &plain) || to.family != AF_INET)
		return PROBE_USAGE;
	source_route(argv[2], option);
	((struct iphdr *)plain.bytes)->ihl += sizeof(option) / 4;
	append(&routed, plain.bytes, sizeof(struct iphdr));
	append(&routed, option, sizeof(option));
	append(&routed, plain.bytes + sizeof(struct iphdr), plain.len_bytes - sizeof(struct iphdr));
	return send_raw(&to, &routed);
}

int cmd_ip_options_lsrr(char **argv)
{
	int64_t start_ms = now_ms();
	uint8_t option[8];
	struct target to;
	int fd, err = 0;

	if (target_parse(argv[0], argv[1], &to) || to.family != AF_INET)
		return PROBE_USAGE;
	source_route(argv[2], option);
	fd = socket_open(&to, SOCK_DGRAM, 0);
	if (fd < 0)
		return outcome(fd, NULL, start_ms);
	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, option, sizeof(option)) ||
	    sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&to.addr, to.len) < 0)
		err = -errno;
	close(fd);
	return outcome(err, "sent", start_ms);
}

static const struct extension {
	const char *kind;
	uint8_t number;
	uint8_t body[7]; /* behind the next-header byte; [0] = length in 8 octets less one */
} extensions[] = {
    {"hop", IPPROTO_HOPOPTS, {0, 1, 4}},       /* PadN: RFC 8200 section 4.2 */
    {"dest", IPPROTO_DSTOPTS, {0, 1, 4}},      /* the same */
    {"routing", IPPROTO_ROUTING, {0, 4, 0}},   /* type 4, no segment left: RFC 8754 */
    {"fragment", IPPROTO_FRAGMENT, {0, 0, 9}}, /* offset 8, more to come */
    {"unknown", UNKNOWN_EXTENSION, {0}},       {"truncated", IPPROTO_DSTOPTS, {200}}, /* claims more than there is */
};

int cmd_ip6_exthdr(char **argv)
{
	size_t i, count = sizeof(extensions) / sizeof(extensions[0]), l4_len = sizeof(struct udphdr) + sizeof(payload);
	struct packet packet = {.len_bytes = 0};
	uint8_t next = IPPROTO_UDP;
	struct sockaddr_storage from;
	struct target to;

	if (!strcmp(argv[0], "none"))
		return cmd_raw_udp(argv + 1);
	for (i = 0; i < count && strcmp(extensions[i].kind, argv[0]);)
		i++;
	if (i == count || target_parse(argv[1], argv[2], &to) || to.family != AF_INET6 || source_towards(&to, &from))
		return PROBE_USAGE;
	append_ipv6(&packet, &from, &to, extensions[i].number, 8 + l4_len);
	append(&packet, &next, sizeof(next));
	append(&packet, extensions[i].body, sizeof(extensions[i].body));
	append_udp(&packet, &from, &to);
	return send_raw(&to, &packet);
}
