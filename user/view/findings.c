// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "findings.h"

#include "json.h"

static void set_place(json_t *row, const char *key, unsigned int number)
{
	json_object_set_new(row, key, number ? json_integer(number) : json_null());
}

static void add(void *context, const struct diag_entry *entry)
{
	json_t *row = json_object();

	json_set_text(row, "file", entry->file);
	set_place(row, "line", entry->line);
	set_place(row, "column", entry->line ? entry->column : 0);
	json_set_text(row, "severity", entry->severity == DIAG_ERROR ? "error" : "warning");
	json_set_text(row, "text", entry->text);
	json_array_append_new(context, row);
}

json_t *view_findings(const struct diag *diag)
{
	json_t *findings = json_array();

	diag_each(diag, add, findings);
	return json_pack("{s:o}", "findings", findings);
}

json_t *view_error(const struct error *error)
{
	struct diag_entry entry = {.severity = DIAG_ERROR, .text = (char *)error->text};
	json_t *findings = json_array();

	add(findings, &entry);
	return json_pack("{s:o}", "findings", findings);
}
