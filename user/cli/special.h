/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses that names have and may not bring in, as people see them: by `status`, and when `exec` starts. */
#ifndef EGRET_CLI_SPECIAL_H
#define EGRET_CLI_SPECIAL_H

#include <jansson.h>

#include "../kernel/kernel.h"

/* [{name, address, rule, text}]: those that the agent resolved, then those that only denials tell of. */
json_t *specials_to_json(const struct kernel *kernel);
/* A line each, and how many more there are. Takes @specials over. */
void specials_print(FILE *out, const char *prefix, json_t *specials);

#endif
