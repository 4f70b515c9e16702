/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "../base/edit_distance.h"
#include "loader.h"

/* Comparing words costs time: once a load has compared as many as it may, further findings have no suggestion. */
void nearest_try(struct nearest *nearest, const char *candidate)
{
	const struct word *word = nearest->word;
	size_t len = strlen(candidate);
	unsigned int most = nearest->most ? nearest->most : 1 + (unsigned int)word->len / 4, distance;

	if (!nearest->loader->suggestions_left || word->len > EDIT_DISTANCE_MAX || len > EDIT_DISTANCE_MAX)
		return;
	if (word->len > len + most || len > word->len + most)
		return;
	nearest->loader->suggestions_left--;
	distance = edit_distance(word->text, word->len, candidate, len);
	if (distance > most || (nearest->best && distance >= nearest->distance))
		return;
	nearest->best = candidate;
	nearest->distance = distance;
}
