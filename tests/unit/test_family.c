// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What may not begin: what the programs decide, and how people read of it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/in6.h>

#include "egret_family.h"
#include "egret_reasons.h"
#include "view/refusal.h"

#define BIT(family) (1ULL << (family))

static void families_have_the_numbers_of_linux(void **state)
{
	(void)state;
	assert_int_equal(EGRET_FAMILY_UNIX, AF_UNIX);
	assert_int_equal(EGRET_FAMILY_INET, AF_INET);
	assert_int_equal(EGRET_FAMILY_INET6, AF_INET6);
	assert_int_equal(EGRET_FAMILY_NETLINK, AF_NETLINK);
	assert_int_equal(EGRET_FAMILY_PACKET, AF_PACKET);
	assert_int_equal(EGRET_FAMILY_SMC, AF_SMC);
	assert_true(egret_family_bit(EGRET_FAMILY_MOST));
	assert_false(egret_family_bit(EGRET_FAMILY_MOST + 1));
	assert_false(egret_family_bit(UINT32_MAX));
}

static void smc_is_smc_however_it_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(egret_family_of(AF_INET, 256), AF_SMC);
	assert_int_equal(egret_family_of(AF_INET6, 256), AF_SMC);
	assert_int_equal(egret_family_of(AF_INET, IPPROTO_TCP), AF_INET);
	assert_int_equal(egret_family_of(AF_INET, 262), AF_INET); /* MPTCP */
	assert_int_equal(egret_family_of(AF_NETLINK, 256), AF_NETLINK);
}

static void frames_need_a_leave_of_their_own(void **state)
{
	uint64_t listens = BIT(AF_INET) | BIT(AF_PACKET);

	(void)state;
	assert_false(egret_family_may_send(listens, AF_PACKET));
	assert_true(egret_family_may_send(listens | EGRET_FAMILIES_SEND_FRAMES, AF_PACKET));
	assert_true(egret_family_may_send(listens, AF_INET));
	assert_false(egret_family_may_send(listens, AF_XDP));
	assert_false(egret_family_may_send(EGRET_FAMILIES_SEND_FRAMES, AF_PACKET));
	/* The bit of its own is nobody's family. */
	assert_false(egret_family_may_send(UINT64_MAX, 63));
}

static void families_that_the_hook_judges_are_plain(void **state)
{
	size_t plain = 0;

	(void)state;
	for (uint32_t family = 0; family < 300; family++)
		plain += egret_family_is_plain(family);
	assert_int_equal(plain, 4);
	assert_true(egret_family_is_plain(AF_UNIX) && egret_family_is_plain(AF_NETLINK));
	assert_false(egret_family_is_plain(AF_PACKET));
}

static const struct {
	int level, name;
	enum egret_option option;
} options[] = {
    {SOL_PACKET, PACKET_QDISC_BYPASS, EGRET_OPTION_QDISC_BYPASS},
    {SOL_PACKET, PACKET_TX_RING, EGRET_OPTION_NONE},
    {SOL_XDP, XDP_TX_RING, EGRET_OPTION_XDP_TX_RING},
    {SOL_XDP, XDP_RX_RING, EGRET_OPTION_NONE},
    {SOL_IP, IP_FREEBIND, EGRET_OPTION_IP_FREEBIND},
    {SOL_IP, IP_TRANSPARENT, EGRET_OPTION_IP_TRANSPARENT},
    {SOL_IPV6, IPV6_FREEBIND, EGRET_OPTION_IPV6_FREEBIND},
    {SOL_IPV6, IPV6_TRANSPARENT, EGRET_OPTION_IPV6_TRANSPARENT},
    {SOL_IP, IP_TTL, EGRET_OPTION_NONE},
    {SOL_SOCKET, IP_FREEBIND, EGRET_OPTION_NONE},
    {IPPROTO_TCP, IP_TRANSPARENT, EGRET_OPTION_NONE},
};

static void options_are_known_by_level_and_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		assert_int_equal(egret_option_of(options[i].level, options[i].name), options[i].option);
}

static void who_may_set_an_option_is_the_policys(void **state)
{
	static const struct {
		enum egret_foreign_sources foreign;
		bool host, pod;
	} rows[] = {
	    {EGRET_FOREIGN_NONE, false, false}, {EGRET_FOREIGN_HOST, true, false}, {EGRET_FOREIGN_ALL, true, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint32_t option = EGRET_OPTION_IP_FREEBIND; option < EGRET_OPTION_COUNT; option++) {
			assert_int_equal(egret_option_may(option, rows[i].foreign, false), rows[i].host);
			assert_int_equal(egret_option_may(option, rows[i].foreign, true), rows[i].pod);
			/* What leads past the layers is no matter of sources. */
			assert_true(egret_option_may(EGRET_OPTION_XDP_TX_RING, rows[i].foreign, false));
			assert_false(egret_option_may(EGRET_OPTION_QDISC_BYPASS, rows[i].foreign, true));
			assert_true(egret_option_may(EGRET_OPTION_NONE, rows[i].foreign, true));
		}
}

#define LISTENS (BIT(AF_UNIX) | BIT(AF_INET) | BIT(AF_PACKET))

static const struct {
	uint32_t reason, number;
	uint64_t families;
	bool is_pod;
	const char *words, *line;
} rows[] = {
    {EGRET_REASON_FAMILY, AF_VSOCK, LISTENS, true, "socket vsock", "set families = unix inet packet-listen vsock"},
    {EGRET_REASON_FAMILY, AF_PACKET, BIT(AF_INET), true, "socket packet", "set families = inet packet-listen"},
    {EGRET_REASON_FAMILY, AF_PACKET + EGRET_FAMILY_SENDS, LISTENS, true, "packet sends",
     "set families = unix inet packet"},
    {EGRET_REASON_FAMILY, AF_RDS + EGRET_FAMILY_SENDS, BIT(AF_INET) | BIT(AF_PACKET) | EGRET_FAMILIES_SEND_FRAMES, true,
     "rds sends", "set families = inet packet rds"},
    {EGRET_REASON_FAMILY, EGRET_PROTOCOL_L2TP + EGRET_FAMILY_PROTOCOL, LISTENS, true, "protocol l2tp", ""},
    {EGRET_REASON_FAMILY, 18, LISTENS, true, "socket 18", ""},
    {EGRET_REASON_FAMILY, 250, LISTENS, true, "socket 250", ""},
    {EGRET_REASON_OPTION, EGRET_OPTION_IP_FREEBIND, LISTENS, true, "option IP_FREEBIND", "set foreign_sources = all"},
    {EGRET_REASON_OPTION, EGRET_OPTION_IPV6_TRANSPARENT, LISTENS, false, "option IPV6_TRANSPARENT",
     "set foreign_sources = host"},
    {EGRET_REASON_OPTION, EGRET_OPTION_QDISC_BYPASS, LISTENS, true, "option PACKET_QDISC_BYPASS", ""},
    {EGRET_REASON_OPTION, 0, LISTENS, true, "option unknown", "set foreign_sources = all"},
    {EGRET_REASON_OPTION, 999, LISTENS, true, "option unknown", "set foreign_sources = all"},
};

static void people_read_words_and_the_line_to_write(void **state)
{
	char words[REFUSAL_SIZE], line[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(refusal_is(rows[i].reason));
		assert_string_equal(refusal_words(rows[i].reason, rows[i].number, words), rows[i].words);
		refusal_line(rows[i].reason, rows[i].number, rows[i].families, rows[i].is_pod, line, sizeof(line));
		assert_string_equal(line, rows[i].line);
	}
	assert_false(refusal_is(EGRET_REASON_NO_RULE));
	refusal_line(EGRET_REASON_FAMILY, AF_VSOCK, UINT64_MAX, true, line, 40); /* a list that does not fit */
	assert_int_equal(strlen(line), 39);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(families_have_the_numbers_of_linux),
	    cmocka_unit_test(smc_is_smc_however_it_is_asked_for),
	    cmocka_unit_test(frames_need_a_leave_of_their_own),
	    cmocka_unit_test(families_that_the_hook_judges_are_plain),
	    cmocka_unit_test(options_are_known_by_level_and_name),
	    cmocka_unit_test(who_may_set_an_option_is_the_policys),
	    cmocka_unit_test(people_read_words_and_the_line_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
