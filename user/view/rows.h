/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which rows of a view a person wants, in which order, and which of them are one to that person. */
#ifndef EGRET_VIEW_ROWS_H
#define EGRET_VIEW_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum row_order {
	ROWS_AS_THEY_ARE = 0,
	ROWS_BY_LAST, /* the newest first */
	ROWS_BY_COUNT,
	ROWS_BY_WHO,
	ROWS_BY_DESTINATION,
	ROWS_BY_WHY,
};
/* "last", "count", "who", "destination", "why". -EINVAL: anything else. */
int row_order_of(const char *word, enum row_order *ret);

/* NULL, 0: any. * stands for any text, in all but @reasons. */
struct rows_wanted {
	const char *namespace;
	const char *pod;     /* "web-x2k9p" or "shop/web-x2k9p"; also the workload of many */
	const char *name;    /* of the destination, or its address */
	const char *reasons; /* labels with commas between, of "reason" or "kernel_reason" */
	time_t since;
};
/* Is anything asked for at all? */
bool rows_any_asked(const struct rows_wanted *wanted);
bool rows_is_wanted(const struct rows_wanted *wanted, const json_t *row);
/* Takes all others out of the array. */
void rows_keep(json_t *rows, const struct rows_wanted *wanted);
/* -EINVAL: it is none, or none of this version's; @ret_word has it. */
int rows_check_reasons(const char *reasons, char *ret_word, size_t size);

/* Rows that are alike stay as they are. */
void rows_sort(json_t *rows, enum row_order order);
/* Returns how many behind the first @limit were taken out; 0 = no limit. */
size_t rows_limit(json_t *rows, size_t limit);

/*
 * Rows of drops that a person cannot tell apart become one: the first of them, with "packets_total" of all, the first
 * "first_time", the last "last_time" and "rows_count". Those are alike that have the same verdict, sender (container),
 * destination (its name where it has one, and port), reason and rule. @by_workload: all pods of a workload are one
 * sender: what told them apart is null, and "pods_count" says how many they are. Returns an array of its own.
 */
json_t *rows_merge(const json_t *rows, bool by_workload);

/*
 * What a person names a row by: from 1 to 9999, of what a person tells rows apart by and of nothing that an agent finds
 * out later, so it stays as long as the row. Two rows may have the same one.
 */
uint32_t row_number(const json_t *row, bool by_workload);

/* What a person calls it: "shop/web-x2k9p:app", "kubelet.service", "cgroup 7". Returns @buf. */
#define ROW_WORDS_SIZE 1024
const char *row_who(const json_t *row, char buf[static ROW_WORDS_SIZE]);
/* The same in @width octets, if a pod can be told so: without what tells it from others of its workload, then without
 * its container, its namespace, and that it is in the node's network. * stands for what is left out: "shop/web*:app".
 */
const char *row_who_short(const json_t *row, size_t width, char buf[static ROW_WORDS_SIZE]);
/* "a.example tcp:443", "10.9.0.1 tcp:443" where no name is known. */
const char *row_destination(const json_t *row, char buf[static ROW_WORDS_SIZE]);
/* "port", "deny-rule policy.rules:7". */
const char *row_why(const json_t *row, char buf[static ROW_WORDS_SIZE]);
/* "denied: shop/web:app curl[4242] -> a.example tcp:443 (20.1.0.1): no-rule". Returns @buf. */
#define ROW_LINE_SIZE 3328
const char *row_line(const json_t *row, char buf[static ROW_LINE_SIZE]);

#endif
