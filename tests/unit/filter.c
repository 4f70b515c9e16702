// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* In every unit test: EGRET_UNIT_CASE runs only the cases of that name (* and ? as in a shell). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void choose_cases(void)
{
	const char *wanted = getenv("EGRET_UNIT_CASE");

	if (wanted && *wanted)
		cmocka_set_test_filter(wanted);
}
