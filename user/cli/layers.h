/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lines of `status` about layers (view/layers.h). */
#ifndef EGRET_CLI_LAYERS_H
#define EGRET_CLI_LAYERS_H

#include <jansson.h>

/* What it begins with. */
void layers_print_first(const json_t *status);
/* One line each, with what it let pass that no rule counts. */
void layers_print(const json_t *status);

#endif
