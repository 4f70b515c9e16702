/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How every view writes its values, so that a script, a page and metrics read all of them alike:
 *
 *   NAME_time     a moment, RFC 3339, UTC          NAME_total    counts on as long as the instance is there
 *   NAME_seconds  how long                         NAME_count    how many there are now
 *   NAME_bytes    how much memory or traffic       NAME_text     a sentence, of which nothing else depends
 *
 * A word with choices ("enforcing", "no-rule") is in lower case. What is not known, or not there, is null, and
 * never "" or a number that looks like one.
 *
 * Who prints a view reads it by the second half.
 */
#ifndef EGRET_VIEW_JSON_H
#define EGRET_VIEW_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "../base/nat64.h"

/* null where @text is NULL or empty; what is no UTF-8 in it becomes "?". */
void json_set_text(json_t *object, const char *key, const char *text);
void json_set_number(json_t *object, const char *key, uint64_t number);
/* What @from has there comes to what @to has. */
void json_add_number(json_t *to, const char *key, const json_t *from, const char *from_key);
void json_set_flag(json_t *object, const char *key, bool flag);
/* Of CLOCK_REALTIME; null where @realtime_ns is 0. */
void json_set_time(json_t *object, const char *key, uint64_t realtime_ns);
/* Of CLOCK_MONOTONIC as the kernel has it: what stands in maps. null where @kernel_ns is 0. */
void json_set_kernel_time(json_t *object, const char *key, uint64_t kernel_ns);

/* "nat64_address", the IPv4 address in @addr; null where there is none. Each may be NULL. */
void json_set_nat64(json_t *object, const struct egret_nat64 *nat64, const struct egret_addr *addr);

/* "" where it is null, or not there. */
const char *json_text(const json_t *object, const char *key);
/* 0 where it is null, or not there. */
long long json_number(const json_t *object, const char *key);
bool json_flag(const json_t *object, const char *key);
/* False where it is null, or not there. */
bool json_time(const json_t *object, const char *key, time_t *ret);

#endif
