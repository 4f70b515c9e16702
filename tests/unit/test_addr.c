/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/diag.h"

static struct cidr parse(const char *text)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(text, &cidr), 0);
	return cidr;
}

static void addresses_come_back_as_text(void **state)
{
	static const char *const cases[][2] = {
	    {"10.0.0.1", "10.0.0.1"},
	    {"255.255.255.255", "255.255.255.255"},
	    {"2001:DB8::0:1", "2001:db8::1"},
	    {"::ffff:10.0.0.1", "10.0.0.1"},
	    {"::ffff:0a00:1", "10.0.0.1"},
	    {"::", "::"},
	    {"::1", "::1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[ADDR_TEXT_SIZE];
		struct egret_addr addr;

		assert_int_equal(addr_parse(cases[i][0], &addr), 0);
		assert_string_equal(addr_format(&addr, buf), cases[i][1]);
	}
}

static void what_is_no_address_is_refused_and_writes_nothing(void **state)
{
	static const char *const cases[] = {"",           "10.0.0",     "10.0.0.256", "010.0.0.1", "10.0.0.1 ",
					    "10.0.0.0/8", "0x7f000001", "fe80::1%lo", "1::2::3",   "host"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct egret_addr addr = addr_from_v4(htonl(0x01020304)), before = addr;

		assert_int_equal(addr_parse(cases[i], &addr), -EINVAL);
		assert_true(addr_equal(&addr, &before));
	}
}

static void v4_and_mapped_are_one_address(void **state)
{
	struct egret_addr plain, mapped, other;

	(void)state;
	assert_int_equal(addr_parse("10.1.2.3", &plain), 0);
	assert_int_equal(addr_parse("::ffff:10.1.2.3", &mapped), 0);
	assert_int_equal(addr_parse("::10.1.2.3", &other), 0);
	assert_true(addr_equal(&plain, &mapped));
	assert_true(addr_is_v4(&plain));
	assert_false(addr_is_v4(&other));
	assert_true(addr_compare(&other, &plain) < 0);
	assert_true(addr_compare(&plain, &other) > 0);
}

static void cidrs_come_back_as_text(void **state)
{
	static const struct {
		const char *text, *normal;
		uint8_t prefix_len;
	} cases[] = {
	    {"10.0.0.0/8", "10.0.0.0/8", 104},
	    {"0.0.0.0/0", "0.0.0.0/0", 96},
	    {"10.0.0.1/32", "10.0.0.1", 128},
	    {"10.0.0.1", "10.0.0.1", 128},
	    {"10.0.0.128/25", "10.0.0.128/25", 121},
	    {"2001:db8::/33", "2001:db8::/33", 33},
	    {"::/0", "::/0", 0},
	    {"::1/128", "::1", 128},
	    {"::ffff:10.0.0.0/104", "10.0.0.0/8", 104},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cidr cidr = parse(cases[i].text);
		char buf[ADDR_TEXT_SIZE];

		assert_string_equal(cidr_format(&cidr, buf), cases[i].normal);
		assert_int_equal(cidr.prefix_len, cases[i].prefix_len);
		assert_int_equal(cidr_is_single(&cidr), cases[i].prefix_len == 128);
	}
}

static void what_is_no_cidr_is_refused(void **state)
{
	static const char *const cases[] = {
	    "10.0.0.0/",   "10.0.0.0/33",
	    "10.0.0.0/08", "10.0.0.0/-1",
	    "::/129",      "/8",
	    "10/8",        "10.0.0.0/8/8",
	    "::/ 0",       "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/8"};
	struct cidr cidr;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cidr_parse(cases[i], &cidr), -EINVAL);
}

static void bits_behind_the_prefix_name_the_right_cidr(void **state)
{
	static const char *const cases[][2] = {
	    {"10.1.2.3/8", "10.0.0.0/8"},
	    {"192.168.1.255/25", "192.168.1.128/25"},
	    {"2001:db8::1/32", "2001:db8::/32"},
	    {"2001:db8:ffff::/33", "2001:db8:8000::/33"},
	};
	char buf[ADDR_TEXT_SIZE];
	struct cidr cidr;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cidr_parse(cases[i][0], &cidr), -EDOM);
		assert_string_equal(cidr_format(&cidr, buf), cases[i][1]);
	}
}

static void a_cidr_holds_what_shares_its_prefix(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool covers;
	} cases[] = {
	    {"10.0.0.0/8", "10.255.255.255", true},   {"10.0.0.0/8", "11.0.0.0", false},
	    {"10.0.0.0/9", "10.127.0.0/16", true},    {"10.0.0.0/9", "10.128.0.0", false},
	    {"10.0.0.0/8", "10.0.0.0/7", false},      {"10.0.0.0/8", "10.0.0.0/8", true},
	    {"10.0.0.0/8", "::ffff:10.1.1.1", true},  {"0.0.0.0/0", "::1", false},
	    {"2001:db8::/32", "2001:db8:1::1", true}, {"2001:db8::/32", "2001:db9::1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cidr outer, inner;
		int error = cidr_parse(cases[i].inner, &inner);

		outer = parse(cases[i].outer);
		assert_int_equal(error, 0);
		assert_int_equal(cidr_covers(&outer, &inner), cases[i].covers);
		if (cidr_is_single(&inner))
			assert_int_equal(cidr_contains(&outer, &inner.addr), cases[i].covers);
	}
}

static char *print(const struct diag *diag)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	diag_print(diag, out);
	fclose(out);
	return text;
}

static void findings_are_shown_by_file_and_line(void **state)
{
	struct diag diag = {0};
	char *text;

	(void)state;
	diag_add(&diag, DIAG_ERROR, (struct diag_place){"b", 3, 7}, "third; %d", 3);
	diag_add(&diag, DIAG_ERROR, (struct diag_place){"a", 1, 1}, "fourth");
	diag_add(&diag, DIAG_WARNING, (struct diag_place){"b", 2, 0}, "second \x1b[31m");
	diag_add(&diag, DIAG_WARNING, (struct diag_place){"b", 0, 0}, "first");
	assert_int_equal(diag.errors, 2);
	assert_int_equal(diag.warnings, 2);

	text = print(&diag);
	assert_string_equal(text, "b: warning: first\n"
				  "b:2: warning: second ?[31m\n"
				  "b:3:7: error: third; 3\n"
				  "a:1:1: error: fourth\n");
	free(text);
	diag_clear(&diag);
	assert_int_equal(diag.count, 0);
	assert_int_equal(diag.errors, 0);
}

static void findings_over_the_limit_are_counted(void **state)
{
	struct diag diag = {0};
	char *text;

	(void)state;
	for (unsigned int i = 0; i < DIAG_MAX + 5; i++)
		diag_add(&diag, DIAG_ERROR, (struct diag_place){"f", i + 1, 1}, "wrong");
	assert_int_equal(diag.count, DIAG_MAX);
	assert_int_equal(diag.errors, DIAG_MAX + 5);

	text = print(&diag);
	assert_non_null(strstr(text, "f:10000:1: error: wrong\nand 5 more, not shown\n"));
	free(text);
	diag_clear(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_come_back_as_text),
	    cmocka_unit_test(what_is_no_address_is_refused_and_writes_nothing),
	    cmocka_unit_test(v4_and_mapped_are_one_address),
	    cmocka_unit_test(cidrs_come_back_as_text),
	    cmocka_unit_test(what_is_no_cidr_is_refused),
	    cmocka_unit_test(bits_behind_the_prefix_name_the_right_cidr),
	    cmocka_unit_test(a_cidr_holds_what_shares_its_prefix),
	    cmocka_unit_test(findings_are_shown_by_file_and_line),
	    cmocka_unit_test(findings_over_the_limit_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
