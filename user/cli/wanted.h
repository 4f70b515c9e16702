/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --since, --pod, --namespace, --name and --reason, for the commands that have them. */
#ifndef EGRET_WANTED_H
#define EGRET_WANTED_H

#include <jansson.h>

#include "command.h"

bool wanted_any(const struct options *options);
/* Of one row. */
bool wanted_has(const struct options *options, const json_t *row);
void wanted_keep(const struct options *options, json_t *rows);
/* False: --reason has a word that is none, and that was told. */
bool wanted_is_right(const struct options *options);

#endif
