// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret suggest: the lines of a policy that would let through what was denied. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../view/denials.h"
#include "../view/json.h"
#include "../view/proposal.h"
#include "table.h"
#include "wanted.h"
#include "egret_limits.h"

#define SUBJECTS_NAMED 3
#define SUBJECT_SIZE   320
#define COMMENT_MAX    (EGRET_RULE_TEXT_SIZE - 1) /* behind a rule */
#define MORE_SIZE      sizeof("; and 4294967295 more")
#define AUDITED_SIZE   64
#define PACKETS_SIZE   sizeof("*, 18446744073709551615 packets")
#define LINE_WIDTH_MAX 56 /* up to here comments stand below each other */

static const char *plural(long long count)
{
	return count == 1 ? "" : "s";
}

struct comment {
	char text[COMMENT_MAX + 1];
	size_t room; /* of it, for who asked */
};

/* Of a long one the end tells more. */
static void write_subject(const json_t *subject, bool first, char *buf, size_t size)
{
	long long packets = json_number(subject, "packets_total");
	const char *name = json_text(subject, "subject");
	size_t len = strlen(name), most = size > PACKETS_SIZE ? size - PACKETS_SIZE : 0;
	bool cut = first && len > most;

	snprintf(buf, SUBJECT_SIZE, "%s%s%s, %lld packet%s", first ? "" : "; ", cut ? "*" : "",
		 cut ? name + len - most : name, packets, plural(packets));
}

/* "shop/web, 3 packets; shop/api, 1 packet; and 4 more", as many as have room: more than a comment may hold is an error
 * of the policy. */
static void add_subjects(struct comment *comment, const json_t *subjects)
{
	size_t i, len = strlen(comment->text), count = json_array_size(subjects);
	char text[SUBJECT_SIZE];
	const json_t *subject;

	json_array_foreach (subjects, i, subject) {
		write_subject(subject, !i, text, comment->room > len ? comment->room - len : 0);
		if (i == SUBJECTS_NAMED || len + strlen(text) > comment->room)
			break;
		len += (size_t)snprintf(comment->text + len, sizeof(comment->text) - len, "%s", text);
	}
	if (count > i)
		snprintf(comment->text + len, sizeof(comment->text) - len, "; and %zu more", count - i);
}

static int width_of(const json_t *lines)
{
	const json_t *line;
	int width = 0;
	size_t i;

	json_array_foreach (lines, i, line) {
		int len = (int)strlen(json_text(line, "line"));

		if (len > width && len <= LINE_WIDTH_MAX)
			width = len;
	}
	return width;
}

/* Behind a line stands who wants it: whoever reads the policy later sees it in `egret rules`. */
static void print_line(const json_t *line, int width)
{
	const char *text = json_text(line, "line"), *note = json_text(line, "note_text");
	struct comment comment = {.room = COMMENT_MAX - MORE_SIZE};
	char audited[AUDITED_SIZE] = "";

	if (json_number(line, "audited_packets_total") && !proposal_is_audited(line))
		snprintf(audited, sizeof(audited), "; %lld of them passed, audited",
			 json_number(line, "audited_packets_total"));
	comment.room -= strlen(audited);
	if (*text)
		snprintf(comment.text, sizeof(comment.text), "%s%s", note, *note ? ": " : "");
	add_subjects(&comment, json_object_get(line, "subjects"));
	if (*text)
		printf("%-*s  # %s%s\n", width, text, comment.text, audited);
	else
		printf("# no line helps %s: %s%s\n", note, comment.text, audited);
}

/* All of it may be put into a rules file as it is: what is no rule is a comment. */
static void print(const json_t *lines, bool any_wanted)
{
	int width = width_of(lines);
	bool audited = false;
	const json_t *line;
	size_t i;

	if (!json_array_size(lines))
		printf("# nothing %swas denied that the policy does not allow by now\n",
		       any_wanted ? "of what was asked for " : "");
	else if (!proposal_is_audited(json_array_get(lines, 0)))
		puts("# What was denied; read each line before you add it: whoever asks for it, is it meant?");
	json_array_foreach (lines, i, line) {
		if (!audited && proposal_is_audited(line))
			puts("# What passed, audited, and would be denied else; read each line before you add it:");
		audited = proposal_is_audited(line);
		print_line(line, width);
	}
}

static int suggest(const struct kernel *kernel, const struct options *options, struct error *error)
{
	json_t *rows = NULL, *lines;
	int rc = view_drops(kernel, &rows);

	if (rc)
		return error_set(error, rc, "cannot read what was denied: %s", strerror(-rc));
	wanted_keep(options, rows);
	lines = view_proposal(rows, options->wildcards);
	json_decref(rows);
	if (options->json) {
		json_print(lines, options->json_lines);
		return 0;
	}
	print(lines, wanted_any(options));
	json_decref(lines);
	return 0;
}

int command_suggest(const struct command *command, int argc, char **argv)
{
	struct options options;
	const struct kernel *kernel;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	if (!wanted_is_right(&options))
		return EXIT_USAGE;
	rc = kernel_open(options.instance, &kernel, &error);
	if (rc)
		return fail_to_look(&options, rc, &error);
	rc = suggest(kernel, &options, &error);
	kernel_close(kernel);
	return rc ? fail(rc, &error) : EXIT_YES;
}
