// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TIME_PATTERN "%Y-%m-%dT%H:%M:%SZ"
#define TIME_LENGTH  20
#define YEAR_10000   253402300800

const char *time_format(time_t time, char buf[static TIME_TEXT_SIZE])
{
	struct tm tm;

	if (time < 0 || time >= YEAR_10000 || !gmtime_r(&time, &tm) ||
	    !strftime(buf, TIME_TEXT_SIZE, TIME_PATTERN, &tm))
		buf[0] = '\0';
	return buf;
}

int time_parse(const char *text, time_t *ret)
{
	struct tm tm = {};
	const char *end = strlen(text) == TIME_LENGTH ? strptime(text, TIME_PATTERN, &tm) : NULL;

	if (!end || *end)
		return -EINVAL;
	*ret = timegm(&tm);
	return 0;
}

const char *age_format(time_t then, time_t now, char buf[static AGE_TEXT_SIZE])
{
	long long seconds = now > then ? now - then : 0;

	if (seconds < 120)
		snprintf(buf, AGE_TEXT_SIZE, "%lld s ago", seconds);
	else if (seconds < 2 * 3600)
		snprintf(buf, AGE_TEXT_SIZE, "%lld min ago", seconds / 60);
	else if (seconds < 48 * 3600)
		snprintf(buf, AGE_TEXT_SIZE, "%lld h ago", seconds / 3600);
	else
		snprintf(buf, AGE_TEXT_SIZE, "%lld days ago", seconds / 86400);
	return buf;
}

const char *bytes_format(unsigned long long bytes, char buf[static BYTES_TEXT_SIZE])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, BYTES_TEXT_SIZE, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}
