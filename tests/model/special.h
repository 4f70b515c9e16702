/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The registries' special-purpose addresses as the model knows them, apart from the table that the program has. */
#ifndef EGRET_MODEL_SPECIAL_H
#define EGRET_MODEL_SPECIAL_H

#include <stdbool.h>

#include "egret_addr.h"

bool model_is_special(const struct egret_addr *addr);
/* Special, and what a rule that says `private` may bring in. */
bool model_is_private(const struct egret_addr *addr);

#endif
