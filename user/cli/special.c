// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "special.h"

#include <stdio.h>
#include <string.h>

#include "denials.h"
#include "../view/reason.h"
#include "egret_reasons.h"

#define PRINTED_LINES 10

struct specials {
	const struct kernel *kernel;
	json_t *rows;
};

static void add(void *context, const struct egret_addr *addr, uint32_t name_index, uint32_t rule)
{
	const struct specials *specials = context;
	char why[REASON_SPECIAL_SIZE], address[ADDR_TEXT_SIZE], place[256];
	struct egret_rule_text text;
	struct egret_name name = {};

	if (kernel_get_text(specials->kernel, rule, &text) || kernel_get_name(specials->kernel, name_index, &name))
		return;
	snprintf(place, sizeof(place), "%.200s:%u", text.file, text.line);
	json_array_append_new(specials->rows, json_pack("{s:s, s:s, s:s, s:s}", "name", name.name, "address",
							addr_format(addr, address), "rule", place, "text",
							reason_of_special(&text, name.name, addr, why)));
}

static bool is_told(const json_t *rows, const char *address)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!strcmp(json_string_value(json_object_get(row, "address")), address))
			return true;
	}
	return false;
}

/* What answers brought is known by what was denied there. */
static void add_denials(const struct specials *specials)
{
	struct denials denials = {};

	if (denials_read(specials->kernel, &denials))
		denials.count = 0;
	denials_sort(&denials);
	for (size_t i = 0; i < denials.count; i++) {
		json_t *row;

		if (denials.all[i].older || denials.all[i].key.reason != EGRET_REASON_SPECIAL_ADDRESS)
			continue;
		row = denial_to_json(specials->kernel, &denials.all[i]);
		if (!is_told(specials->rows, json_string_value(json_object_get(row, "address"))))
			json_array_append_new(specials->rows,
					      json_pack("{s:O, s:O, s:O, s:O}", "name", json_object_get(row, "name"),
							"address", json_object_get(row, "address"), "rule",
							json_object_get(row, "rule"), "text",
							json_object_get(row, "why")));
		json_decref(row);
	}
	denials_free(&denials);
}

json_t *specials_to_json(const struct kernel *kernel)
{
	struct specials specials = {kernel, json_array()};

	kernel_each_special(kernel, add, &specials);
	add_denials(&specials);
	return specials.rows;
}

void specials_print(FILE *out, const char *prefix, json_t *specials)
{
	const json_t *row;
	size_t i;

	json_array_foreach (specials, i, row) {
		if (i < PRINTED_LINES)
			fprintf(out, "%s%s\n", prefix, json_string_value(json_object_get(row, "text")));
	}
	if (i > PRINTED_LINES)
		fprintf(out, "%sand %zu more like these\n", prefix, i - PRINTED_LINES);
	json_decref(specials);
}
