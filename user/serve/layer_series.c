// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "layer_series.h"

#include "../kernel/layer.h"

static const char *const layer_labels[] = {
#define LAYER_LABEL(symbol, label, sentence) label,
    EGRET_LAYERS(LAYER_LABEL)
#undef LAYER_LABEL
};

static const char *const look_labels[] = {
#define LOOK_LABEL(symbol, label, sentence) label,
    EGRET_LOOKS(LOOK_LABEL)
#undef LOOK_LABEL
};

void layer_series_look(const struct kernel *kernel, struct layer_counts *ret)
{
	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++)
		for (int look = 0; look < EGRET_LOOK_COUNT; look++)
			kernel_get_look(kernel, layer, look, &ret->looks[layer][look]);
}

uint64_t layer_series_unjudged(const struct layer_counts *counts)
{
	uint64_t packets = 0;

	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++)
		for (int look = 0; look < EGRET_LOOK_COUNT; look++)
			packets += egret_look_is_unjudged(look) ? counts->looks[layer][look].packets : 0;
	return packets;
}

void layer_series_write(const struct egret_meta *meta, const struct layer_counts *counts, struct series *series)
{
	series_begin(series, "egret_layer_stands", SERIES_GAUGE, "1 if a layer was tried and denied what it must.");
	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++)
		series_add_labelled(series, meta->layers[layer].standing == EGRET_LAYER_STANDS,
				    {"layer", layer_labels[layer]});
	series_begin(series, "egret_layer_packets", SERIES_COUNTER,
		     "Packets that a layer let pass and no rule counts.");
	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++)
		for (int look = 0; look < EGRET_LOOK_COUNT; look++)
			series_add_labelled(series, counts->looks[layer][look].packets, {"layer", layer_labels[layer]},
					    {"look", look_labels[look]});
	series_single(series, "egret_unjudged_packets", SERIES_COUNTER, layer_series_unjudged(counts),
		      "Packets that nobody judged.");
}
