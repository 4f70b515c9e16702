/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is a file at rest, or does somebody still write it? What is read half is another policy than the one that is
 * meant. A writer who renames a finished file into place is never seen; one who holds the file open is, by a
 * lease. Who closes it between two pieces cannot be told from one who is done.
 */
#ifndef EGRET_REST_H
#define EGRET_REST_H

#include <stdbool.h>

#include "../policy/policy.h"

/* What lies in the place of @file now; all that tells versions apart is zero: nothing. Borrows its strings. */
struct policy_file rest_look(const struct policy_file *file);
bool rest_is_same(const struct policy_file *a, const struct policy_file *b);
/* Somebody has it open for writing and wrote less than a minute ago: a file that is open for ever is at rest, too. */
bool rest_is_written(const struct policy_file *now);
/* It was emptied less than a minute ago: it may be filled next. */
bool rest_is_emptied(const struct policy_file *now);

/*
 * As policy_load_watched into an empty @diag, but takes no file that somebody writes, and none that changed while
 * it was read: waits @wait_ms at most for rest, then -EAGAIN, with the file in @diag.
 */
#define REST_WAIT_MS 900
int rest_load(const struct policy_options *options, struct policy **ret, struct policy_files *ret_files,
	      unsigned int wait_ms, struct diag *diag);

#endif
