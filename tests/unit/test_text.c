// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"

static void only_printable_utf8_is_left(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
	    {"", ""},
	    {"caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80"},
	    {"\x1b[2J\x7f\n", "?[2J??"},
	    {"\xc2\x9b", "??"},                /* C1: an escape sequence to some terminals */
	    {"\xff\xfe caf\xe9", "?? caf?"},   /* no UTF-8 */
	    {"\xc0\xaf\xe0\x80\xaf", "?????"}, /* longer than needed */
	    {"\xed\xa0\x80", "???"},           /* a surrogate */
	    {"\xf4\x90\x80\x80", "????"},      /* over U+10FFFF */
	    {"\xe2\x9c", "??"},                /* cut off */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[32];

		strcpy(text, cases[i].from);
		text_make_printable(text, sizeof(text));
		assert_string_equal(text, cases[i].to);
	}
}

static void a_text_without_end_is_ended(void **state)
{
	char text[4] = {'a', 'b', '\xc3', '\xa9'};

	(void)state;
	text_make_printable(text, sizeof(text));
	assert_string_equal(text, "ab?");
}

static void the_first_byte_that_is_no_utf8_is_found(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_len("ab\xc3\xa9", 4), 4);
	assert_int_equal(text_utf8_len("ab\xc3\xa9", 3), 2);
	assert_int_equal(text_utf8_len("\tx\xff", 3), 2);
	assert_int_equal(text_utf8_len("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_printable_utf8_is_left),
	    cmocka_unit_test(a_text_without_end_is_ended),
	    cmocka_unit_test(the_first_byte_that_is_no_utf8_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
