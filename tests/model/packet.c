/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "egret_reasons.h"
#include "packet.h"
#include "random.h"

/* --- reading --- */

static uint16_t word_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* The upper layer's header begins at @at. All that is judged begin with four bytes or more. */
static uint8_t read_upper(const struct packet_bytes *packet, size_t at, struct model_packet *ret)
{
	const uint8_t *bytes = packet->bytes + at;

	if (at + 4 > packet->len)
		return EGRET_REASON_MALFORMED;
	if (ret->l4_proto == IPPROTO_TCP || ret->l4_proto == IPPROTO_UDP || ret->l4_proto == IPPROTO_SCTP)
		ret->port = word_at(bytes + 2);
	if (ret->l4_proto == IPPROTO_ICMP || ret->l4_proto == IPPROTO_ICMPV6)
		ret->port = word_at(bytes); /* type and code */
	return 0;
}

/* RFC 791 section 3.1 */
static uint8_t read_options(const struct packet_bytes *packet, size_t end)
{
	size_t at = 20;

	while (at < end) {
		uint8_t kind = packet->bytes[at];

		if (at + 2 > packet->len)
			return EGRET_REASON_MALFORMED;
		if (kind == 0)
			return 0;
		if (kind == 1) {
			at++;
			continue;
		}
		if (kind == 131 || kind == 137) /* loose and strict source route */
			return EGRET_REASON_SOURCE_ROUTE;
		if (packet->bytes[at + 1] < 2)
			return EGRET_REASON_MALFORMED;
		at += packet->bytes[at + 1];
	}
	return at == end ? 0 : EGRET_REASON_MALFORMED;
}

static uint8_t read_v4(const struct packet_bytes *packet, struct model_packet *ret)
{
	const uint8_t *bytes = packet->bytes;
	size_t header = (bytes[0] & 15) * 4U;
	uint8_t reason;

	if (packet->len < 20 || bytes[0] >> 4 != 4 || header < 20)
		return EGRET_REASON_MALFORMED;
	memset(ret->addr.bytes + 10, 0xff, 2);
	memcpy(ret->addr.bytes + 12, bytes + 16, 4);
	ret->l4_proto = bytes[9];
	if (word_at(bytes + 6) & 0x3fff) /* more fragments, or an offset */
		return EGRET_REASON_FRAGMENT;
	reason = read_options(packet, header);
	return reason ? reason : read_upper(packet, header, ret);
}

/* RFC 8200 section 4 */
static uint8_t read_v6(const struct packet_bytes *packet, struct model_packet *ret)
{
	const uint8_t *bytes = packet->bytes;
	uint8_t next = bytes[6];
	size_t at = 40;

	if (packet->len < 40 || bytes[0] >> 4 != 6)
		return EGRET_REASON_MALFORMED;
	memcpy(ret->addr.bytes, bytes + 24, 16);
	for (int headers = 0; headers <= 8; headers++) {
		ret->l4_proto = next;
		switch (next) {
		case IPPROTO_TCP:
		case IPPROTO_UDP:
		case IPPROTO_SCTP:
		case IPPROTO_ICMPV6:
		case IPPROTO_ESP:
			return read_upper(packet, at, ret);
		case IPPROTO_ROUTING:
			return EGRET_REASON_SOURCE_ROUTE;
		case IPPROTO_FRAGMENT:
			return EGRET_REASON_FRAGMENT;
		case IPPROTO_HOPOPTS:
		case IPPROTO_DSTOPTS:
			break;
		default:
			return EGRET_REASON_EXT_HEADER;
		}
		if (at + 4 > packet->len)
			return EGRET_REASON_MALFORMED;
		next = bytes[at];
		at += 8 + bytes[at + 1] * 8U;
	}
	return EGRET_REASON_EXT_HEADER;
}

void packet_read(const struct packet_bytes *packet, struct model_packet *ret)
{
	memset(&ret->addr, 0, sizeof(ret->addr));
	ret->l4_proto = 0;
	ret->port = 0;
	if (packet->ethertype == ETHERTYPE_IP)
		ret->reason = read_v4(packet, ret);
	else if (packet->ethertype == ETHERTYPE_IPV6)
		ret->reason = read_v6(packet, ret);
	else
		ret->reason = EGRET_REASON_MALFORMED;
}

/* --- making --- */

static void append(struct packet_bytes *packet, const void *bytes, size_t len)
{
	if (packet->len + len > sizeof(packet->bytes))
		return;
	memcpy(packet->bytes + packet->len, bytes, len);
	packet->len = (uint16_t)(packet->len + len);
}

static void append_random(struct packet_bytes *packet, size_t len)
{
	for (size_t i = 0; i < len; i++)
		append(packet, &(uint8_t){(uint8_t)random_below(256)}, 1);
}

static void append_upper(struct packet_bytes *packet, const struct model_packet *what)
{
	const uint8_t ports[4] = {0x9c, 0x40, (uint8_t)(what->port >> 8), (uint8_t)what->port};

	if (what->l4_proto == IPPROTO_ICMP || what->l4_proto == IPPROTO_ICMPV6)
		append(packet, (const uint8_t[]){8, 0, 0, 0}, 4);
	else
		append(packet, ports, sizeof(ports));
	append_random(packet, 16);
}

static void append_options(struct packet_bytes *packet)
{
	static const uint8_t kinds[] = {0, 1, 1, 7, 68, 130, 131, 137, 148, 255};
	size_t words = 1 + random_below(10), len = 0, full;
	uint8_t options[44] = {0};

	while (len < words * 4) {
		uint8_t kind = RANDOM_OF(kinds);

		options[len++] = kind;
		if (kind < 2)
			continue;
		full = random_below(8) ? 2 + random_below(6) : random_below(256);
		options[len] = (uint8_t)full;
		len += full > 2 ? full - 1 : 1;
	}
	if (random_below(2)) /* honest: fits, then ends */
		memset(options + 4, 0, sizeof(options) - 4), options[0] = 148, options[1] = 4;
	append(packet, options, words * 4);
	packet->bytes[0] = (uint8_t)(0x40 | (5 + words));
}

static void make_v4(struct packet_bytes *packet, const struct model_packet *what)
{
	uint8_t header[20] = {0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, what->l4_proto, 0, 0, 10, 224, 0, 4};

	packet->ethertype = ETHERTYPE_IP;
	memcpy(header + 16, what->addr.bytes + 12, 4);
	if (!random_below(12)) {
		header[6] = (uint8_t)random_below(256);
		header[7] = (uint8_t)(random_below(2) ? 0 : random_below(256));
	}
	append(packet, header, sizeof(header));
	if (!random_below(5))
		append_options(packet);
	append_upper(packet, what);
}

static void make_v6(struct packet_bytes *packet, const struct model_packet *what)
{
	static const uint8_t extensions[] = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_HOPOPTS,
					     IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
					     IPPROTO_AH,      IPPROTO_NONE,    IPPROTO_MH};
	uint8_t header[40] = {0x60, 0, 0, 0, 0, 40, what->l4_proto, 64, 0xfd, 0xe9};
	size_t next_at = 6;

	packet->ethertype = ETHERTYPE_IPV6;
	memcpy(header + 24, what->addr.bytes, 16);
	append(packet, header, sizeof(header));
	for (uint32_t n = random_below(4) ? 0 : 1 + random_below(10); n; n--) {
		uint8_t body[8] = {what->l4_proto, (uint8_t)(random_below(20) ? 0 : random_below(4))};

		packet->bytes[next_at] = random_below(12) ? extensions[random_below(2)] : RANDOM_OF(extensions);
		next_at = packet->len;
		append(packet, body, sizeof(body));
		append_random(packet, body[1] * 8U);
	}
	append_upper(packet, what);
}

/* Never within the IP header: no socket sends that, and BPF_PROG_TEST_RUN refuses it. */
static void cut_short(struct packet_bytes *packet)
{
	uint16_t header = packet->ethertype == ETHERTYPE_IP ? 20 : 40;

	packet->len = (uint16_t)(header + random_below(packet->len - header + 1U));
}

/* IPv4 in its mapped form may come as IPv6, too. */
void packet_random(struct packet_bytes *ret)
{
	struct model_packet what = {0};

	ret->len = 0;
	addr_parse(random_addr(), &what.addr);
	random_port(&what);
	if (addr_is_v4(&what.addr) && random_below(6))
		make_v4(ret, &what);
	else
		make_v6(ret, &what);
	if (!random_below(20))
		ret->bytes[random_below(ret->len)] ^= (uint8_t)(1U << random_below(8));
	if (!random_below(12))
		cut_short(ret);
	if (!random_below(60))
		ret->ethertype = random_below(2) ? ETHERTYPE_ARP : ETHERTYPE_VLAN;
}
