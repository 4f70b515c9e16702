/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The policy's names and patterns by their keys, read once by who has many keys to look up: a policy has up to
 * 131,072 names, and as many addresses may be learned for them. */
#ifndef EGRET_NAME_INDEX_H
#define EGRET_NAME_INDEX_H

#include "../kernel/read.h"

struct name_index;

/* -ENOMEM, or what reading the maps failed with. name_index_free. */
int name_index_new(const struct kernel *kernel, struct name_index **ret);
/* NULL: no name of the policy has this key. The text is the index's. */
const char *name_index_find(const struct name_index *index, uint64_t key);
/* Takes NULL. */
void name_index_free(struct name_index *index);

#endif
