// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proposal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "reason.h"
#include "rows.h"
#include "suggestion.h"
#include "wildcard.h"

/* By the order in which they stand in a policy. */
static const char *const kinds[] = {"resolver", "setting", "name", "wildcard", "private", "address", "none"};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static bool begins_with(const char *line, const char *words)
{
	return !strncmp(line, words, strlen(words));
}

static bool has_word(const char *line, const char *word)
{
	const char *at = line;
	size_t len = strlen(word);

	while ((at = strstr(at, word))) {
		if (at > line && at[-1] == ' ' && (at[len] == ' ' || !at[len]))
			return true;
		at += len;
	}
	return false;
}

static const char *kind_of(const char *line, const json_t *row)
{
	const char *name = json_text(row, "name");
	size_t len = strlen(name);

	if (begins_with(line, "resolver "))
		return "resolver";
	if (!begins_with(line, "allow "))
		return "setting";
	line += strlen("allow ");
	if (!len || strncmp(line, name, len) != 0 || line[len] != ' ')
		return "address";
	return has_word(line, "private") ? "private" : "name";
}

/* Why an address stands there: nobody knows a name of it, or the name may not lead there. */
static void note_address(const json_t *row, char *buf, size_t size)
{
	const char *name = json_text(row, "name"), *reason = json_text(row, "reason");

	if (!strcmp(reason, "not-asked"))
		snprintf(buf, size, "address of %.100s, which whoever asks for the name may use without this line",
			 json_text(row, "policy_name"));
	else if (*name && strcmp(reason, "expired") != 0)
		snprintf(buf, size, "address of %.100s, which a name may not bring in", name);
	else if (*name)
		snprintf(buf, size, "address of %.100s, of which the answer was over", name);
	else if (*json_text(row, "policy_name"))
		snprintf(buf, size, "address of %.100s, which the rules with this name do not allow there",
			 json_text(row, "policy_name"));
	else
		snprintf(buf, size, "an address, no name is known");
}

static json_t *add_line(json_t *lines, const char *key, const char *kind, const char *line, const char *note)
{
	json_t *one = json_object_get(lines, key);

	if (one)
		return one;
	one = json_object();
	json_set_text(one, "kind", kind);
	json_set_text(one, "line", line);
	json_set_text(one, "note_text", note);
	json_set_number(one, "packets_total", 0);
	json_set_number(one, "audited_packets_total", 0);
	json_object_set_new(one, "subjects", json_object());
	json_object_set_new(lines, key, one);
	return one;
}

static void count(json_t *line, const json_t *row)
{
	json_t *subjects = json_object_get(line, "subjects");
	char who[ROW_WORDS_SIZE];
	const char *subject = *json_text(row, "workload") ? json_text(row, "workload") : row_who(row, who);

	json_add_number(line, "packets_total", row, "packets_total");
	if (json_flag(row, "audited"))
		json_add_number(line, "audited_packets_total", row, "packets_total");
	json_set_number(subjects, subject,
			(uint64_t)(json_number(subjects, subject) + json_number(row, "packets_total")));
}

static void add_without_line(json_t *lines, const json_t *row)
{
	char key[2 * ROW_WORDS_SIZE], destination[ROW_WORDS_SIZE], why[ROW_WORDS_SIZE];

	row_destination(row, destination);
	if (json_number(row, "others_total"))
		snprintf(key, sizeof(key), "more destinations, of which no row is kept");
	else
		snprintf(key, sizeof(key), "%s: %s%s (%s)", destination,
			 json_flag(row, "audited") ? "would be denied: " : "",
			 reason_sentence(json_text(row, "reason")), row_why(row, why));
	count(add_line(lines, key, "none", NULL, key), row);
}

/* --- settings, of which a policy has one each --- */

#define FAMILIES     "set families ="
#define MIN_TTL      "set min_ttl ="
#define SETTING_NOTE "in place of the line that sets it now, if there is one"

/* What frames may be sent by may be listened to, too: the language has a word for each. */
static bool is_implied(const char *word, const char *line)
{
	return has_word(line, word) || (!strcmp(word, "packet-listen") && has_word(line, "packet"));
}

static void add_words(char *buf, size_t size, const char *from)
{
	char word[64];

	for (int len; sscanf(from, " %63s%n", word, &len) == 1; from += len) {
		size_t at = strlen(buf);

		if (!is_implied(word, buf))
			snprintf(buf + at, size - at, " %s", word);
	}
}

/* Is the second line the wider one? */
static bool is_wider(const char *then, const char *now)
{
	if (begins_with(now, MIN_TTL))
		return atoll(now + strlen(MIN_TTL)) > atoll(then + strlen(MIN_TTL));
	return has_word(now, "packet") || has_word(now, "all");
}

/* All that two lines give: families add up, of times the longest, and of foreign sources `all` is the most. */
static void join(const char *then, const char *now, char buf[static SUGGESTION_SIZE])
{
	bool widest_first = is_wider(then, now);

	if (!begins_with(now, FAMILIES)) {
		snprintf(buf, SUGGESTION_SIZE, "%s", widest_first ? now : then);
		return;
	}
	snprintf(buf, SUGGESTION_SIZE, "%s", widest_first ? now : then);
	add_words(buf, SUGGESTION_SIZE, (widest_first ? then : now) + strlen(FAMILIES));
}

static void add_setting(json_t *lines, const char *line, const json_t *row)
{
	char key[SUGGESTION_SIZE], joined[SUGGESTION_SIZE];
	json_t *one;

	snprintf(key, sizeof(key), "%.*s", (int)strcspn(line, "="), line);
	one = add_line(lines, key, "setting", line, SETTING_NOTE);
	join(json_text(one, "line"), line, joined);
	json_set_text(one, "line", joined);
	count(one, row);
}

/* Both: the server, if its answers led there, and the address, if they did not. */
static void add_guess(json_t *lines, const char *line, const char *otherwise, const json_t *row)
{
	char note[SUGGESTION_SIZE];

	snprintf(note, sizeof(note), "a guess: trusts all answers of %.100s, which may have led there",
		 json_text(row, "server"));
	count(add_line(lines, line, "resolver", line, note), row);
	snprintf(note, sizeof(note), "an address, in place of trust in %.100s", json_text(row, "server"));
	count(add_line(lines, otherwise, "address", otherwise, note), row);
}

static void add_row(json_t *lines, const json_t *row)
{
	const char *suggestion = json_text(row, "suggestion"), *comment = strstr(suggestion, SUGGESTION_COMMENT), *kind;
	char line[SUGGESTION_SIZE], note[SUGGESTION_SIZE];

	if (json_flag(row, "passes_now"))
		return;
	if (!*suggestion) {
		add_without_line(lines, row);
		return;
	}
	snprintf(line, sizeof(line), "%.*s", comment ? (int)(comment - suggestion) : (int)strlen(suggestion),
		 suggestion);
	snprintf(note, sizeof(note), "%s", comment ? comment + strlen(SUGGESTION_COMMENT) : "");
	if (begins_with(note, SUGGESTION_ELSE)) {
		add_guess(lines, line, note + strlen(SUGGESTION_ELSE), row);
		return;
	}
	kind = kind_of(line, row);
	if (!strcmp(kind, "setting")) {
		add_setting(lines, line, row);
		return;
	}
	if (!*note && !strcmp(kind, "address"))
		note_address(row, note, sizeof(note));
	count(add_line(lines, line, kind, line, note), row);
}

/* --- lines that others make needless --- */

/* "allow x tcp:22 for pods" has what "allow x tcp:22 for hostnetwork" has, and without `for` a line has both. */
static json_t *wider_line(const json_t *lines, const char *line)
{
	static const char *const classes[] = {" for hostnetwork", " for pods", " for host"};
	char wider[SUGGESTION_SIZE];
	json_t *found = NULL;

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]) && !found; i++) {
		size_t len = strlen(line), end = strlen(classes[i]);

		if (len < end || strcmp(line + len - end, classes[i]) != 0)
			continue;
		snprintf(wider, sizeof(wider), "%.*s", (int)(len - end), line);
		found = json_object_get(lines, wider);
		snprintf(wider, sizeof(wider), "%.*s for pods", (int)(len - end), line);
		if (!found && !i)
			found = json_object_get(lines, wider);
	}
	return found;
}

static void take_needless_away(json_t *lines)
{
	json_t *line, *wider;
	const char *key;
	void *next;

	json_object_foreach_safe(lines, next, key, line)
	{
		wider = wider_line(lines, key);
		if (!wider)
			continue;
		line_add_counts(wider, line);
		json_object_del(lines, key);
	}
}

/* --- as an array, in order --- */

bool proposal_is_audited(const json_t *line)
{
	return json_number(line, "audited_packets_total") == json_number(line, "packets_total");
}

struct sorting {
	json_t *value;
	size_t rank;
	const char *text;
};

static int by_kind_and_line(const void *a, const void *b)
{
	const struct sorting *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return strcmp(left->text, right->text);
}

static size_t rank_of(const char *kind)
{
	size_t rank = 0;

	while (rank + 1 < KIND_COUNT && strcmp(kinds[rank], kind) != 0)
		rank++;
	return rank;
}

static int worst_first(const void *a, const void *b)
{
	const struct sorting *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank > right->rank ? -1 : 1;
	return strcmp(left->text, right->text);
}

/* Of {subject: packets}. */
static json_t *subjects_in_order(json_t *subjects)
{
	struct sorting *all = calloc(json_object_size(subjects) + 1, sizeof(*all));
	json_t *array = json_array(), *packets;
	const char *subject;
	size_t count = 0;

	json_object_foreach (subjects, subject, packets) {
		if (all)
			all[count++] = (struct sorting){packets, (size_t)json_integer_value(packets), subject};
	}
	if (count)
		qsort(all, count, sizeof(*all), worst_first);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:O}", "subject", all[i].text, "packets_total", all[i].value));
	free(all);
	return array;
}

static json_t *lines_in_order(json_t *lines)
{
	struct sorting *all = calloc(json_object_size(lines) + 1, sizeof(*all));
	json_t *array = json_array(), *line;
	const char *key;
	size_t count = 0;

	json_object_foreach (lines, key, line) {
		if (all)
			all[count++] = (struct sorting){
			    line, rank_of(json_text(line, "kind")) + proposal_is_audited(line) * KIND_COUNT, key};
	}
	if (count)
		qsort(all, count, sizeof(*all), by_kind_and_line);
	for (size_t i = 0; i < count; i++) {
		json_object_set_new(all[i].value, "subjects",
				    subjects_in_order(json_object_get(all[i].value, "subjects")));
		json_array_append(array, all[i].value);
	}
	free(all);
	return array;
}

json_t *view_proposal(const json_t *rows, bool wildcards)
{
	json_t *lines = json_object(), *array;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		add_row(lines, row);
	take_needless_away(lines);
	if (wildcards)
		wildcard_gather(lines, proposal_is_audited);
	array = lines_in_order(lines);
	json_decref(lines);
	return array;
}
