/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was denied, in a few lines: for the end of `exec`, and for its beginning what will be. */
#ifndef EGRET_SUMMARY_H
#define EGRET_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

#include "../kernel/read.h"

/* On standard error; nothing if nothing was denied. */
void summary_print(const struct kernel *kernel);
/* The same as JSON, all of it. A negative errno: it could not be written. */
int summary_report(const struct kernel *kernel, FILE *file);
/* Of addresses that names may not bring in (view_special_addresses), a line each, and how many more there are. */
void summary_specials(FILE *out, const char *prefix, const json_t *specials);

#endif
