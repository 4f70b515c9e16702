// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "edit_distance.h"

#include <ctype.h>
#include <stdbool.h>

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned int edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int rows[3][EDIT_DISTANCE_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned int *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + !same_letter(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]))
				now[j] = min3(now[j], before[j - 2] + 1, now[j]);
		}
	}
	return rows[a_len % 3][b_len];
}
