// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "special.h"

#include <string.h>

#include "../base/addr.h"
#include "denials.h"
#include "json.h"
#include "reason.h"
#include "rule_text.h"
#include "egret_reasons.h"

struct specials {
	const struct kernel *kernel;
	json_t *rows;
};

static void add(void *context, const struct egret_addr *addr, uint32_t name_index, uint32_t rule)
{
	const struct specials *specials = context;
	char address[ADDR_TEXT_SIZE];
	struct egret_rule_text text;
	struct egret_name name = {};
	json_t *row;

	if (kernel_get_text(specials->kernel, rule, &text) || kernel_get_name(specials->kernel, name_index, &name))
		return;
	row = json_object();
	json_set_text(row, "name", name.name);
	json_set_text(row, "address", addr_format(addr, address));
	json_set_nat64(row, kernel_nat64(specials->kernel), addr);
	json_set_text(row, "reason", reason_label(EGRET_REASON_SPECIAL_ADDRESS));
	json_set_rule_text(row, &text);
	json_array_append_new(specials->rows, row);
}

static bool is_told(const json_t *rows, const json_t *denial)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!strcmp(json_text(row, "address"), json_text(denial, "address")))
			return true;
	}
	return false;
}

static void add_denial(json_t *rows, const json_t *denial)
{
	static const char *const keys[] = {"name", "address", "nat64_address", "reason", "rule", "file", "line"};
	json_t *row;

	if (json_flag(denial, "outdated") || is_told(rows, denial) ||
	    strcmp(json_text(denial, "reason"), reason_label(EGRET_REASON_SPECIAL_ADDRESS)) != 0)
		return;
	row = json_object();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(row, keys[i], json_object_get(denial, keys[i]));
	json_array_append_new(rows, row);
}

json_t *view_special_addresses(const struct kernel *kernel)
{
	struct specials specials = {kernel, json_array()};
	json_t *denials = NULL, *denial;
	size_t i;

	kernel_each_special(kernel, add, &specials);
	/* Addresses that answers brought are not kept where they may not be learned: denials tell of them. */
	if (!view_drops(kernel, &denials)) {
		json_array_foreach (denials, i, denial)
			add_denial(specials.rows, denial);
	}
	json_decref(denials);
	return specials.rows;
}
