// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "array.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_ITEMS 64

int array_grow(void **all, size_t *capacity, size_t count, size_t size)
{
	size_t wanted = *capacity ? 2 * *capacity : FIRST_ITEMS;
	void *larger;

	if (count < *capacity)
		return 0;
	larger = realloc(*all, wanted * size);
	if (!larger)
		return -ENOMEM;
	*all = larger;
	*capacity = wanted;
	return 0;
}
