// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "value.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* strtoul() takes blanks and signs before the digits, and goes on behind the largest number. */
static int read_digits(const char *text, size_t len, unsigned int max, unsigned int *ret)
{
	unsigned long long value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(text[i] - '0');
		if (value > max)
			return -EINVAL;
	}
	if (!value)
		return -EINVAL;
	*ret = (unsigned int)value;
	return 0;
}

int value_number(const char *text, unsigned int max, unsigned int *ret)
{
	return read_digits(text, strlen(text), max, ret);
}

int value_seconds(const char *text, unsigned int max_sec, unsigned int *ret)
{
	size_t digits = strspn(text, "0123456789");
	unsigned int unit_sec = 1, count;

	if (text[digits] && text[digits + 1])
		return -EINVAL;
	switch (text[digits]) {
	case '\0':
	case 's':
		break;
	case 'm':
		unit_sec = 60;
		break;
	case 'h':
		unit_sec = 3600;
		break;
	case 'd':
		unit_sec = 24 * 3600;
		break;
	default:
		return -EINVAL;
	}
	if (read_digits(text, digits, max_sec / unit_sec, &count))
		return -EINVAL;
	*ret = count * unit_sec;
	return 0;
}

int value_switch(const char *text, bool *ret)
{
	/* A word for off has an even index, one for on an odd one. */
	static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(text, words[i])) {
			*ret = i & 1;
			return 0;
		}
	}
	return -EINVAL;
}
