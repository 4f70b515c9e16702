/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arrays that grow as they are filled. */
#ifndef EGRET_ARRAY_H
#define EGRET_ARRAY_H

#include <stddef.h>

/* Room for one more behind @count items of @size octets each; *all is malloc'd, or NULL at first, and the caller's. On
 * -ENOMEM nothing is changed. */
int array_grow(void **all, size_t *capacity, size_t count, size_t size);

#endif
