// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret drops: what was denied or would be, to whom and why, the newest first. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../view/denials.h"
#include "../view/json.h"
#include "../view/packets.h"
#include "../view/reason.h"
#include "../view/rows.h"
#include "follow.h"
#include "table.h"
#include "wanted.h"
#include "egret_limits.h"

/* --- short: a line a row, in 80 columns --- */

static void cell_who(const json_t *row, char buf[static CELL_SIZE])
{
	char who[ROW_WORDS_SIZE];

	snprintf(buf, CELL_SIZE, "%s", row_who(row, who));
}

static void cell_destination(const json_t *row, char buf[static CELL_SIZE])
{
	char destination[ROW_WORDS_SIZE];

	snprintf(buf, CELL_SIZE, "%s", row_destination(row, destination));
}

static void cell_short_why(const json_t *row, char buf[static CELL_SIZE])
{
	char why[ROW_WORDS_SIZE];

	snprintf(buf, CELL_SIZE, "%s", row_why(row, why));
}

/* Out of the middle of ports come others, that no rule has. */
static const char *shorten_why(const json_t *row, size_t width, char buf[static CELL_SIZE])
{
	cell_short_why(row, buf);
	if (!strncmp(buf, "port (", strlen("port (")) && !json_flag(row, "outdated"))
		snprintf(buf + width - 1, CELL_SIZE - width, "*");
	return buf;
}

static enum shade shade_of(const json_t *row)
{
	if (json_flag(row, "outdated"))
		return SHADE_OUTDATED;
	return json_flag(row, "audited") ? SHADE_AUDITED : SHADE_DENIED;
}

static void cell_number(const json_t *row, char buf[static CELL_SIZE])
{
	snprintf(buf, CELL_SIZE, "%lld", json_number(row, "number"));
}

static const struct column columns[] = {
    {"#", .format = cell_number, .right = true},
    {"LAST", .format = cell_age},
    {"COUNT", .format = cell_count, .right = true},
    {"WHO", .format = cell_who, .shorten = row_who_short, .gives = 6},
    {"DESTINATION", .format = cell_destination, .gives = 4},
    {"WHY", .format = cell_short_why, .shorten = shorten_why, .gives = 3, .shade = shade_of},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* --- wide: all that is known --- */

static void cell_verdict(const json_t *row, char buf[static CELL_SIZE])
{
	snprintf(buf, CELL_SIZE, "%s", json_flag(row, "audited") ? "WOULD DENY" : "DENIED");
}

static void cell_address(const json_t *row, char buf[static CELL_SIZE])
{
	snprintf(buf, CELL_SIZE, "%s", denial_address(row));
}

/* "curl[4242]" */
static void cell_process(const json_t *row, char buf[static CELL_SIZE])
{
	long long pid = json_number(row, "pid");

	buf[0] = '\0';
	if (pid)
		snprintf(buf, CELL_SIZE, "%s[%lld]", json_text(row, "process"), pid);
}

static void cell_policy(const json_t *row, char buf[static CELL_SIZE])
{
	snprintf(buf, CELL_SIZE, "%s", json_flag(row, "outdated") ? "older" : "running");
}

static void cell_why(const json_t *row, char buf[static CELL_SIZE])
{
	char why[REASON_TEXT_SIZE];

	snprintf(buf, CELL_SIZE, "%s", reason_of_row(row, why));
}

static const struct column wide_columns[] = {
    {"#", .format = cell_number, .right = true},
    {"PACKETS", .key = "packets_total", .right = true},
    {"VERDICT", .format = cell_verdict, .shade = shade_of},
    {"ADDRESS", .format = cell_address},
    {"PORT", .key = "port"},
    {"NAME", .key = "name"},
    {"BY", .format = cell_subject},
    {"PROCESS", .format = cell_process},
    {"LAST", .format = cell_last},
    {"POLICY", .format = cell_policy},
    {"WHY", .format = cell_why},
    {"RULE", .format = cell_place},
};
#define WIDE_COUNT (sizeof(wide_columns) / sizeof(wide_columns[0]))

/* --- what stands below --- */

static long long packets_listed(const json_t *rows, bool audited)
{
	long long packets = 0;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_flag(row, "audited") == audited)
			packets += json_number(row, "packets_total");
	}
	return packets;
}

/* "WORD: SENTENCE", with a line end where the screen ends. */
static void print_meaning(const char *word, const char *sentence, int width)
{
	int at = printf("%s:", word);

	while (*sentence) {
		int len = (int)strcspn(sentence, " ");

		if (at + 1 + len > width)
			at = printf("\n ") - 1;
		at += printf(" %.*s", len, sentence);
		sentence += len + (sentence[len] == ' ');
	}
	putchar('\n');
}

/* Rows of an owner go where there is no room for all owners, and each owner has a row at least. */
static bool is_crowded(const json_t *rows)
{
	return json_array_size(rows) >= EGRET_MAX_CULPRITS / 2;
}

static void print_forgotten(long long missing, const char *what)
{
	char word[80];
	struct screen screen;

	screen_find(&screen);
	snprintf(word, sizeof(word), "and %lld more packets that %s", missing, what);
	print_meaning(word, "cleared, or of subjects that the list has no room for any more", screen.width);
}

/* The reasons count all. Returns whether any are missing; short rows tell of that only where a subject's may be. */
static bool note_forgotten(const struct kernel *kernel, const json_t *rows, bool wide)
{
	json_t *counted = view_packets(kernel);
	bool any = false;

	for (int audited = 0; audited < 2; audited++) {
		long long missing =
		    json_number(counted, audited ? "would_deny_total" : "denied_total") - packets_listed(rows, audited);

		if (missing <= 0)
			continue;
		if (wide || is_crowded(rows))
			print_forgotten(missing, audited ? "would have been denied" : "were denied");
		any = true;
	}
	json_decref(counted);
	return any;
}

/* WHY may begin with other words than the reason. */
static const char *word_of(const json_t *row, char buf[static ROW_WORDS_SIZE], const char **ret_sentence)
{
	const char *reason = json_text(row, "reason");
	char why[ROW_WORDS_SIZE];

	row_why(row, why);
	*ret_sentence = reason_sentence(reason);
	if (!strncmp(why, "no resolver ", strlen("no resolver "))) {
		snprintf(buf, ROW_WORDS_SIZE, "no resolver (%s)", reason);
		*ret_sentence = "a DNS server that the policy lets nobody ask";
	} else if (!strncmp(why, "for ", strlen("for "))) {
		snprintf(buf, ROW_WORDS_SIZE, "for ... only (%s)", reason);
	} else if (!strncmp(why, "deny ", strlen("deny "))) {
		snprintf(buf, ROW_WORDS_SIZE, "deny (%s)", reason);
	} else {
		snprintf(buf, ROW_WORDS_SIZE, "%s", reason);
	}
	return buf;
}

static void print_reasons(const json_t *rows, const struct screen *screen)
{
	json_t *told = json_object();
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *sentence;
		char word[ROW_WORDS_SIZE];

		word_of(row, word, &sentence);
		if (*json_text(row, "reason") && !json_object_get(told, word))
			print_meaning(word, sentence, screen->width);
		json_object_set_new(told, word, json_true());
	}
	json_decref(told);
}

/* Each word that stands under WHY, and what it means. */
static void print_legend(const json_t *rows, const struct screen *screen)
{
	bool suggested = false, older = false, passing = false;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		bool passes = json_flag(row, "passes_now");

		passing |= passes;
		older |= json_flag(row, "outdated") && !passes;
		suggested |= *json_text(row, "suggestion") && !passes;
	}
	putchar('\n');
	print_reasons(rows, screen);
	if (older)
		print_meaning("(older)", "another policy, or mode, said so last", screen->width);
	if (passing)
		print_meaning("(passes now)", "another policy said so, and the one that rules allows it",
			      screen->width);
	if (suggested)
		puts("`egret suggest`: the lines that would allow them");
	puts("`egret explain NUMBER`: all of that row (#); `egret drops -o wide`: all of each");
}

/* --- the tables --- */

static json_t *of_verdict(const json_t *rows, bool audited)
{
	json_t *found = json_array();
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_flag(row, "audited") == audited)
			json_array_append(found, row);
	}
	return found;
}

/* What only audit let through stands apart: nothing was denied there. */
static void print_short(const json_t *rows)
{
	json_t *denied = of_verdict(rows, false), *audited = of_verdict(rows, true);
	struct screen screen;

	screen_find(&screen);
	if (json_array_size(denied))
		table_print(denied, columns, COLUMN_COUNT, &screen);
	if (json_array_size(audited)) {
		printf("%swould have been denied, and passed:\n", json_array_size(denied) ? "\n" : "");
		table_print(audited, columns, COLUMN_COUNT, &screen);
	}
	print_legend(rows, &screen);
	json_decref(denied);
	json_decref(audited);
}

static void print_wide(const json_t *rows)
{
	struct screen screen;

	screen_find_wide(&screen);
	table_print(rows, wide_columns, WIDE_COUNT, &screen);
}

static void print_nothing(const struct kernel *kernel, const struct options *options, size_t all, bool any_forgotten)
{
	if (any_forgotten && !all)
		puts("no denial is listed since the list was cleared; `egret status` has the totals");
	else if (all)
		printf("none of %zu row%s fits; `egret drops` shows all\n", all, all == 1 ? "" : "s");
	else if (!wanted_any(options))
		puts(kernel_settings(kernel)->audit ? "nothing would have been denied" : "nothing was denied");
	else
		puts("nothing was denied");
}

/* The rows that are wanted, in order, as many as are wanted. */
static json_t *select_rows(const struct options *options, const json_t *all, size_t *ret_left_out)
{
	bool merges = options->by_workload || (!options->wide && !options->json);
	json_t *rows = json_array(), *merged;

	json_array_extend(rows, (json_t *)all);
	wanted_keep(options, rows);
	/* As --json always was: the worst first. */
	if (options->sort || !options->json)
		rows_sort(rows, ROWS_BY_LAST);
	merged = merges ? rows_merge(rows, options->by_workload) : json_incref(rows);
	if (options->sort)
		rows_sort(merged, options->sort);
	*ret_left_out = rows_limit(merged, options->limit);
	json_decref(rows);
	return merged;
}

static void print_rows(const struct kernel *kernel, const struct options *options, const json_t *all)
{
	size_t left_out, count;
	json_t *rows = select_rows(options, all, &left_out);
	bool any_forgotten = false;

	count = json_array_size(rows);
	if (count && options->wide)
		print_wide(rows);
	else if (count)
		print_short(rows);
	if (left_out)
		printf("(and %zu more row%s than --limit shows)\n", left_out, left_out == 1 ? "" : "s");
	if (!wanted_any(options))
		any_forgotten = note_forgotten(kernel, all, options->wide);
	if (!count && !(any_forgotten && options->wide))
		print_nothing(kernel, options, json_array_size(all), any_forgotten);
	json_decref(rows);
}

static int show_once(const struct kernel *kernel, const struct options *options)
{
	json_t *all = NULL;
	size_t left_out;
	int rc = view_drops(kernel, &all);

	if (rc)
		return rc;
	if (options->json)
		json_print(select_rows(options, all, &left_out), options->json_lines);
	else
		print_rows(kernel, options, all);
	json_decref(all);
	return 0;
}

/* --- the command --- */

static int clear(const struct kernel *kernel, const struct options *options, struct error *error)
{
	int cleared = kernel_clear_drops(kernel);

	if (cleared < 0)
		return error_set(error, cleared, "cannot clear what was denied: %s", strerror(-cleared));
	if (options->json)
		json_print(json_pack("{s:i}", "cleared_count", cleared), options->json_lines);
	else
		printf("%d row%s cleared; the totals of `egret status` and the hits of `egret rules` count on\n",
		       cleared, cleared == 1 ? "" : "s");
	return 0;
}

static int show(const struct kernel *kernel, const struct options *options, struct error *error)
{
	int rc;

	if (options->clear)
		return clear(kernel, options, error);
	if (options->follow)
		return follow_to_the_end(kernel, options, error);
	rc = show_once(kernel, options);
	return rc ? error_set(error, rc, "cannot read what was denied: %s", strerror(-rc)) : 0;
}

/* What does not go together; NULL = all does. */
static const char *find_contradiction(const struct options *options)
{
	bool shapes = options->by_workload || options->sort || options->limit;

	if (options->clear && options->follow)
		return "--clear takes rows away and --follow shows new ones; give one of them";
	if (options->clear && (shapes || wanted_any(options)))
		return "--clear takes all rows away, and no choice of them; give it alone";
	if (options->follow && (shapes || options->since))
		return "--follow shows each denial when it happens; leave --since, --by, --sort and --limit out";
	return NULL;
}

int command_drops(const struct command *command, int argc, char **argv)
{
	struct options options;
	const struct kernel *kernel;
	const char *contradiction;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	contradiction = find_contradiction(&options);
	if (contradiction)
		fprintf(stderr, "egret: %s\n", contradiction);
	if (contradiction || !wanted_is_right(&options))
		return EXIT_USAGE;
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(&options, rc, &error);
	rc = show(kernel, &options, &error);
	kernel_close(kernel);
	return rc ? fail(rc, &error) : EXIT_YES;
}
