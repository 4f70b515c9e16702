// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values of options and of the environment: read whole or refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/base/value.h"

#define WEEK (7 * 24 * 3600U)

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		unsigned int seconds;
	} good[] = {{"1", 1},     {"90", 90},     {"90s", 90},      {"2m", 120},   {"1h", 3600},
		    {"0090", 90}, {"168h", WEEK}, {"604800", WEEK}, {"1d", 86400}, {"7d", WEEK}};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		unsigned int seconds = 0;

		assert_int_equal(value_seconds(good[i].text, WEEK, &seconds), 0);
		assert_int_equal(seconds, good[i].seconds);
	}
}

static void no_times_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",           "0",           "0m",    "-5",      "+5",   " 5",     "5 ",           "2 m",
	    "2min",       "1e3",         "0x5",   "2x",      "m",    "s",      "1.5h",         "2mm",
	    "2m\n",       "8d",          "1w",    "2M",      "169h", "604801", "99999999999s", "18446744073709551617",
	    "4294967297", "4294967296h", "1h30m", "\xd9\xa5"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned int seconds = 77;

		if (value_seconds(bad[i], WEEK, &seconds) != -EINVAL)
			fail_msg("\"%s\" is taken for a time", bad[i]);
		assert_int_equal(seconds, 77);
	}
}

static void numbers(void **state)
{
	static const char *const bad[] = {"",    "0",     "-1", "+5",  " 5",         "5 ",
					  "0x5", "65536", "5s", "1e3", "4294967297", "99999999999999999999"};
	unsigned int value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (value_number(bad[i], 65535, &value) != -EINVAL)
			fail_msg("\"%s\" is taken for a number", bad[i]);
	assert_int_equal(value, 77);
	assert_int_equal(value_number("65535", 65535, &value), 0);
	assert_int_equal(value, 65535);
}

static void switches(void **state)
{
	static const char *const on[] = {"1", "true", "True", "TRUE", "yes", "Yes", "on", "ON", "oN"};
	static const char *const off[] = {"0", "false", "False", "FALSE", "no", "No", "NO", "off", "Off"};
	static const char *const bad[] = {"",   "n",  "y",   "maybe", "disabled", "2",
					  "-1", "00", "on ", " on",   "truee",    "tru"};
	bool value;

	(void)state;
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		value = false;
		assert_int_equal(value_switch(on[i], &value), 0);
		assert_true(value);
		assert_int_equal(value_switch(off[i], &value), 0);
		assert_false(value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		value = true;
		if (value_switch(bad[i], &value) != -EINVAL)
			fail_msg("\"%s\" is taken for a switch", bad[i]);
		assert_true(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_read),
	    cmocka_unit_test(no_times_are_refused),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(switches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
