/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The devices of the caller's network namespace that layers are for, as of now: `status` compares them with those that
 * an agent knows. */
#ifndef EGRET_CLI_LINKS_H
#define EGRET_CLI_LINKS_H

#include "../view/layers.h"

/* Zero where they cannot be listed. free(ret->all). */
void links_list(struct layer_links *ret);

#endif
