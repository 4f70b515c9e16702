// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the programs read from a packet's headers (bpf/packet.h), wherever in the packet these begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "egret_reasons.h"
#include "native/native.h"

/* An Ethernet header, and the two octets that the kernel leaves before it so that words of IP stand at their places. */
#define BEFORE_IP 16
#define PORTS     0x9c, 0x40, 0x01, 0xbb /* 40000, 443 */
#define V4_LEN    24                     /* with the ports */
#define V6_LEN    44

static const uint8_t to_v4[4] = {20, 0, 0, 2};

/* 10.0.0.1 to 20.0.0.2 */
static const uint8_t v4[V4_LEN] = {0x45, 0, 0, 24, 0, 0, 0, 0, 64, IPPROTO_TCP, 0, 0, 10, 0, 0, 1, 20, 0, 0, 2, PORTS};
/* fd00::1 to 2603::2 */
static const uint8_t v6[V6_LEN] = {0x60, 0, 0, 0, 0, 4, IPPROTO_UDP, 64, 0xfd, [23] = 1, 0x26, 3, [39] = 2, PORTS};

static void assert_v4(const struct egret_addr *addr, const uint8_t octets[4])
{
	const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	assert_memory_equal(addr->bytes, mapped, sizeof(mapped));
	assert_memory_equal(addr->bytes + 12, octets, 4);
}

static void the_other_end_is_the_destination_or_the_source(void **state)
{
	const uint8_t from_v4[4] = {10, 0, 0, 1};

	(void)state;
	for (size_t ip_at = 0; ip_at <= BEFORE_IP; ip_at += BEFORE_IP) {
		struct native_parsed sent = native_parse_destination(NATIVE_V4, v4, sizeof(v4), ip_at);
		struct native_parsed heard = native_parse_source(NATIVE_V4, v4, sizeof(v4), ip_at);

		assert_int_equal(sent.reason, EGRET_REASON_NONE);
		assert_int_equal(sent.l4_proto, IPPROTO_TCP);
		assert_v4(&sent.addr, to_v4);
		assert_int_equal(sent.port, 443);
		assert_int_equal(sent.near_port, 40000);
		assert_v4(&heard.addr, from_v4);
		assert_int_equal(heard.port, 40000);
		assert_int_equal(heard.near_port, 443);
		sent = native_parse_destination(NATIVE_V6, v6, sizeof(v6), ip_at);
		assert_int_equal(sent.reason, EGRET_REASON_NONE);
		assert_int_equal(sent.l4_proto, IPPROTO_UDP);
		assert_memory_equal(sent.addr.bytes, v6 + 24, 16);
		assert_int_equal(sent.port, 443);
	}
}

/* IPv4 with @options, which are whole words, before the ports. */
static struct native_parsed parse_options(const uint8_t *options, size_t len, size_t ip_at)
{
	uint8_t packet[20 + 40 + 4];

	memcpy(packet, v4, 20);
	packet[0] += len / 4;
	memcpy(packet + 20, options, len);
	memcpy(packet + 20 + len, v4 + 20, 4);
	return native_parse_destination(NATIVE_V4, packet, 24 + len, ip_at);
}

static void options_are_walked(void **state)
{
	static const uint8_t no_operation[4] = {1, 1, 1, 1}, record_route[8] = {7, 7, 4, [7] = 0};
	static const uint8_t source_route[8] = {1, 131, 7, 4, 30, 0, 0, 1}, too_short[4] = {7, 1, 0, 0};

	(void)state;
	for (size_t ip_at = 0; ip_at <= BEFORE_IP; ip_at += BEFORE_IP) {
		struct native_parsed parsed = parse_options(no_operation, sizeof(no_operation), ip_at);

		assert_int_equal(parsed.reason, EGRET_REASON_NONE);
		assert_int_equal(parsed.port, 443);
		parsed = parse_options(record_route, sizeof(record_route), ip_at);
		assert_int_equal(parsed.reason, EGRET_REASON_NONE);
		assert_int_equal(parsed.port, 443);
		parsed = parse_options(source_route, sizeof(source_route), ip_at);
		assert_int_equal(parsed.reason, EGRET_REASON_SOURCE_ROUTE);
		parsed = parse_options(too_short, sizeof(too_short), ip_at);
		assert_int_equal(parsed.reason, EGRET_REASON_MALFORMED);
	}
}

/* IPv6 with one extension header of @kind, of 16 octets. */
static struct native_parsed parse_extension(uint8_t kind, size_t ip_at)
{
	uint8_t packet[V6_LEN + 16] = {};

	memcpy(packet, v6, 40);
	packet[6] = kind;
	packet[40] = IPPROTO_UDP;
	packet[41] = 1;
	memcpy(packet + 56, v6 + 40, 4);
	return native_parse_destination(NATIVE_V6, packet, sizeof(packet), ip_at);
}

static void extension_headers_are_walked(void **state)
{
	(void)state;
	for (size_t ip_at = 0; ip_at <= BEFORE_IP; ip_at += BEFORE_IP) {
		struct native_parsed parsed = parse_extension(IPPROTO_HOPOPTS, ip_at);

		assert_int_equal(parsed.reason, EGRET_REASON_NONE);
		assert_int_equal(parsed.l4_proto, IPPROTO_UDP);
		assert_int_equal(parsed.port, 443);
		assert_int_equal(parse_extension(IPPROTO_ROUTING, ip_at).reason, EGRET_REASON_SOURCE_ROUTE);
		assert_int_equal(parse_extension(IPPROTO_FRAGMENT, ip_at).reason, EGRET_REASON_FRAGMENT);
		assert_int_equal(parse_extension(IPPROTO_MH, ip_at).reason, EGRET_REASON_EXT_HEADER);
	}
}

static void a_packet_that_breaks_off_is_malformed(void **state)
{
	(void)state;
	for (size_t ip_at = 0; ip_at <= BEFORE_IP; ip_at += BEFORE_IP) {
		for (size_t len = 0; len < V4_LEN; len++)
			assert_int_equal(native_parse_destination(NATIVE_V4, v4, len, ip_at).reason,
					 EGRET_REASON_MALFORMED);
		for (size_t len = 0; len < V6_LEN; len++)
			assert_int_equal(native_parse_destination(NATIVE_V6, v6, len, ip_at).reason,
					 EGRET_REASON_MALFORMED);
	}
}

static void fragments_are_known(void **state)
{
	uint8_t packet[V4_LEN];

	(void)state;
	memcpy(packet, v4, sizeof(packet));
	packet[6] = 0x20; /* more fragments */
	for (size_t ip_at = 0; ip_at <= BEFORE_IP; ip_at += BEFORE_IP)
		assert_int_equal(native_parse_destination(NATIVE_V4, packet, sizeof(packet), ip_at).reason,
				 EGRET_REASON_FRAGMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_other_end_is_the_destination_or_the_source),
	    cmocka_unit_test(options_are_walked),
	    cmocka_unit_test(extension_headers_are_walked),
	    cmocka_unit_test(a_packet_that_breaks_off_is_malformed),
	    cmocka_unit_test(fragments_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
