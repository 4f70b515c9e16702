/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sentence that a person reads when something failed: what failed, on what,
 * and what to do. Modules return a negative errno and leave the sentence here,
 * where the place that knows most writes it; only cli/ and agent/ print it.
 */
#ifndef EGRET_ERROR_H
#define EGRET_ERROR_H

#define ERROR_SIZE 512

struct error {
	char text[ERROR_SIZE];
};

/* Returns @code, so that a caller can `return error_set(...)`. */
__attribute__((format(printf, 3, 4))) int error_set(struct error *error, int code, const char *format, ...);

#endif
