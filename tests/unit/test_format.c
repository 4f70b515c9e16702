// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Times, ages and sizes as people and scripts read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/format.h"

static void times_are_rfc_3339(void **state)
{
	static const struct {
		time_t time;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00Z"},
	    {1795802400, "2026-11-27T18:00:00Z"},
	    {1582934400, "2020-02-29T00:00:00Z"},
	    {253402300799, "9999-12-31T23:59:59Z"},
	};
	char text[TIME_TEXT_SIZE];
	time_t read;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(time_format(cases[i].time, text), cases[i].text);
		assert_int_equal(time_parse(text, &read), 0);
		assert_int_equal(read, cases[i].time);
	}
	assert_string_equal(time_format(-1, text), "");
	assert_string_equal(time_format(253402300800, text), "");
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "2026-11-27",
	    "2026-11-27 18:00:00Z",
	    "2026-11-27T18:00:00",
	    "2026-11-27T18:00:00+01:00",
	    "2026-13-27T18:00:00Z",
	    "2026-11-27T18:00:00Zz",
	    "2026-1-27T18:00:00Z",
	    "2026-1-27T18:00:00Zz",
	    "never",
	};
	time_t read = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(time_parse(bad[i], &read), -EINVAL);
	assert_int_equal(read, 7);
}

static void ages_get_coarser(void **state)
{
	static const struct {
		long long age_sec;
		const char *text;
	} cases[] = {
	    {-5, "0 s ago"},      {0, "0 s ago"},         {119, "119 s ago"},
	    {120, "2 min ago"},   {7199, "119 min ago"},  {7200, "2 h ago"},
	    {172799, "47 h ago"}, {172800, "2 days ago"}, {86400 * 400LL, "400 days ago"},
	};
	char text[AGE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(age_format(1795802400 - cases[i].age_sec, 1795802400, text), cases[i].text);
}

static void sizes_have_a_unit(void **state)
{
	static const struct {
		unsigned long long bytes;
		const char *text;
	} cases[] = {
	    {0, "0 B"},
	    {1023, "1023 B"},
	    {1024, "1.0 KiB"},
	    {1536, "1.5 KiB"},
	    {20971520, "20.0 MiB"},
	    {5ULL << 40, "5.0 TiB"},
	    {5000ULL << 40, "5000.0 TiB"},
	};
	char text[BYTES_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(bytes_format(cases[i].bytes, text), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_rfc_3339),
	    cmocka_unit_test(what_is_no_time_is_refused),
	    cmocka_unit_test(ages_get_coarser),
	    cmocka_unit_test(sizes_have_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
