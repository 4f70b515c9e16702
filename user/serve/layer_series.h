/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layers at devices as metrics: whether they stand, and what passed them that no rule counts. */
#ifndef EGRET_SERVE_LAYER_SERIES_H
#define EGRET_SERVE_LAYER_SERIES_H

#include "../kernel/read.h"
#include "series.h"
#include "egret_device.h"

struct layer_counts {
	struct egret_counter looks[EGRET_LAYER_COUNT][EGRET_LOOK_COUNT];
};

void layer_series_look(const struct kernel *kernel, struct layer_counts *ret);
uint64_t layer_series_unjudged(const struct layer_counts *counts);
void layer_series_write(const struct egret_meta *meta, const struct layer_counts *counts, struct series *series);

#endif
