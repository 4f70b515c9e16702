// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unserved.h"

#include <string.h>

#include "../base/addr.h"
#include "denials.h"
#include "json.h"
#include "suggestion.h"
#include "egret_reasons.h"

/* What several pods of a class send is one row. */
static json_t *find(json_t *rows, const char *address, const char *suggestion)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!strcmp(json_text(row, "address"), address) && !strcmp(json_text(row, "suggestion"), suggestion))
			return row;
	}
	row = json_object();
	json_set_text(row, "address", address);
	json_set_text(row, "suggestion", suggestion);
	json_array_append_new(rows, row);
	return row;
}

static void add(json_t *rows, const struct denial *denial)
{
	struct denied denied = {
	    .name = "",
	    .addr = denial->key.addr,
	    .reason = denial->key.reason,
	    .audience = denial->drop.audience,
	    .rule_text = "",
	};
	char address[ADDR_TEXT_SIZE], line[SUGGESTION_SIZE];
	json_t *row = find(rows, addr_format(&denied.addr, address), suggestion_line(&denied, line));

	json_set_number(row, "packets_total", (uint64_t)json_number(row, "packets_total") + denial->drop.packets);
}

json_t *view_unserved(const struct kernel *kernel)
{
	struct denials denials = {};
	json_t *rows = json_array();

	if (!denials_read(kernel, &denials)) {
		for (size_t i = 0; i < denials.count; i++) {
			const struct denial *denial = &denials.all[i];

			if (denial->key.reason == EGRET_REASON_NOT_SERVER && denial->key.audited && !denial->others &&
			    !denial->outdated)
				add(rows, denial);
		}
	}
	denials_free(&denials);
	return rows;
}
