// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wildcard.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "suggestion.h"

#define ALLOW     "allow "
#define NOTE_SIZE 160

/* Under which anybody may have a name: "uk", "co.uk". The list of public suffixes is longer than that, so whoever
 * adds the line is told. */
static bool is_everybodys(const char *parent)
{
	const char *dot = strchr(parent, '.');

	return !dot || (!strchr(dot + 1, '.') && dot - parent <= 3 && strcspn(dot + 1, " ") == 2);
}

/* "*.x" and what stands behind the name, of "allow a.x https:443". False: no wildcard may stand for it. */
static bool wildcard_of(const json_t *line, char buf[static SUGGESTION_SIZE])
{
	const char *text = json_text(line, "line"), *parent;
	char name[SUGGESTION_SIZE];
	size_t len;

	if (strcmp(json_text(line, "kind"), "name") != 0)
		return false;
	text += strlen(ALLOW);
	len = strcspn(text, " ");
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	parent = strchr(name, '.');
	if (!parent || is_everybodys(parent + 1))
		return false;
	snprintf(buf, SUGGESTION_SIZE, ALLOW "*%s%s", parent, text + len);
	return true;
}

/* {wildcard: [key of a line]} */
static json_t *group(const json_t *lines)
{
	json_t *groups = json_object(), *line;
	char wildcard[SUGGESTION_SIZE];
	const char *key;

	json_object_foreach ((json_t *)lines, key, line) {
		if (!wildcard_of(line, wildcard))
			continue;
		if (!json_object_get(groups, wildcard))
			json_object_set_new(groups, wildcard, json_array());
		json_array_append_new(json_object_get(groups, wildcard), json_string(key));
	}
	return groups;
}

void line_add_counts(json_t *to, const json_t *line)
{
	json_t *subjects = json_object_get(to, "subjects"), *packets;
	const char *subject;

	json_add_number(to, "packets_total", line, "packets_total");
	json_add_number(to, "audited_packets_total", line, "audited_packets_total");
	json_object_foreach (json_object_get(line, "subjects"), subject, packets)
		json_set_number(subjects, subject,
				(uint64_t)(json_number(subjects, subject) + json_integer_value(packets)));
}

/* What became of the names that give way. */
static const char *fate_of(const json_t *lines, const json_t *keys, bool (*is_audited)(const json_t *line))
{
	size_t audited = 0, i;
	const json_t *key;

	json_array_foreach (keys, i, key)
		audited += is_audited(json_object_get(lines, json_string_value(key)));
	if (!audited)
		return "were denied";
	return audited == json_array_size(keys) ? "would be denied" : "were or would be denied";
}

static void replace(json_t *lines, const char *wildcard, const json_t *keys, const char *fate)
{
	json_t *one = json_object(), *key;
	char note[NOTE_SIZE];
	size_t i;

	snprintf(note, sizeof(note), "all names below it, whoever has them, for %zu that %s", json_array_size(keys),
		 fate);
	json_set_text(one, "kind", "wildcard");
	json_set_text(one, "line", wildcard);
	json_set_text(one, "note_text", note);
	json_set_number(one, "packets_total", 0);
	json_set_number(one, "audited_packets_total", 0);
	json_object_set_new(one, "subjects", json_object());
	json_array_foreach (keys, i, key) {
		line_add_counts(one, json_object_get(lines, json_string_value(key)));
		json_object_del(lines, json_string_value(key));
	}
	json_object_set_new(lines, wildcard, one);
}

void wildcard_gather(json_t *lines, bool (*is_audited)(const json_t *line))
{
	json_t *groups = group(lines), *keys;
	const char *wildcard;

	json_object_foreach (groups, wildcard, keys) {
		if (json_array_size(keys) > 1)
			replace(lines, wildcard, keys, fate_of(lines, keys, is_audited));
	}
	json_decref(groups);
}
