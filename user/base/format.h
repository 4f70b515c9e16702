/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Times and sizes as texts. JSON carries moments by RFC 3339 and sizes in bytes; "3 s ago" and "12 KiB" are for
 * a person, and are made where something is printed.
 */
#ifndef EGRET_FORMAT_H
#define EGRET_FORMAT_H

#include <stddef.h>
#include <time.h>

/* "2026-11-27T18:00:00Z", as RFC 3339 writes UTC; without fractions, so that strptime and jq's fromdate read it. */
#define TIME_TEXT_SIZE 32
/* Returns @buf; "" for a moment before 1970 or behind the year 9999, which RFC 3339 cannot write. */
const char *time_format(time_t time, char buf[static TIME_TEXT_SIZE]);
/* Reads what time_format wrote, whole. -EINVAL: anything else. */
int time_parse(const char *text, time_t *ret);

/* "3 s ago", "2 h ago"; "0 s ago" for a moment that is yet to come. */
#define AGE_TEXT_SIZE 32
const char *age_format(time_t then, time_t now, char buf[static AGE_TEXT_SIZE]);
/* "12.0 KiB" */
#define BYTES_TEXT_SIZE 32
const char *bytes_format(unsigned long long bytes, char buf[static BYTES_TEXT_SIZE]);

#endif
