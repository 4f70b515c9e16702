// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "format.h"
#include "rotated_file.h"
#include "text.h"

/* Whoever reads what an agent says has that time, once; then lines are lost until he reads on. */
#define PATIENCE_MS 200
/* Of the line that tells of those. */
#define TELL_SIZE 256

static struct {
	bool json, priorities;
	bool waits_for_nobody;
	unsigned long long lost; /* lines since that was told */
	bool open_line;          /* on a terminal: of log_step, or half a line that it had no room for */
} as;

/* JOURNAL_STREAM: device and inode of what the journal reads, decimal, with a colon between: systemd.exec(5). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uint64_t device, inode;
	struct stat st;

	return stream && sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) == 2 && !fstat(STDERR_FILENO, &st) &&
	       st.st_dev == device && st.st_ino == inode;
}

/* A terminal that poll() calls ready may take no more than a part of a line, and whoever writes would wait for the rest
 * to be read. Opened anew, so that others that have this terminal wait as before. */
static void wait_for_no_terminal(void)
{
	int fd = isatty(STDERR_FILENO) ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	dup2(fd, STDERR_FILENO);
	close(fd);
}

void log_begin(bool json)
{
	as.json = json;
	as.priorities = is_journal();
	as.waits_for_nobody = true;
	wait_for_no_terminal();
}

bool log_is_terminal(void)
{
	return !as.json && isatty(STDERR_FILENO);
}

static const char *level_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_NOTICE:
		return "notice";
	case LOG_LEVEL_INFO:
		break;
	}
	return "info";
}

/* A whole line is written at once: others may write to the same pipe. */
struct line {
	FILE *file; /* NULL: out of memory */
	char *bytes;
	size_t len;
};

static void line_begin(struct line *line, enum log_level level)
{
	*line = (struct line){};
	line->file = open_memstream(&line->bytes, &line->len);
	if (line->file && as.priorities)
		fprintf(line->file, "<%d>", level);
}

static bool is_read(size_t len)
{
	return !as.waits_for_nobody || fd_gets_room(STDERR_FILENO, len, as.lost ? 0 : PATIENCE_MS);
}

static void put_line(const struct line *line)
{
	if (as.open_line)
		fputs("\r\033[K", stderr);
	as.open_line = false;
	if (fwrite(line->bytes, 1, line->len, stderr) == line->len || errno != EAGAIN)
		return;
	as.lost++;
	as.open_line = isatty(STDERR_FILENO);
}

static void line_end(struct line *line)
{
	if (!line->file)
		return;
	putc('\n', line->file);
	if (!fclose(line->file) && is_read(line->len + TELL_SIZE)) {
		log_tell_lost();
		put_line(line);
	} else {
		as.lost++;
	}
	free(line->bytes);
}

void log_tell_lost(void)
{
	unsigned long long lost = as.lost;

	if (!lost || !is_read(TELL_SIZE))
		return;
	as.lost = 0;
	log_say(LOG_LEVEL_WARNING, "%llu line%s of this log %s lost: whoever reads it stood still", lost,
		lost == 1 ? "" : "s", lost == 1 ? "was" : "were");
}

/* RFC 8259 section 7. What is no character is "?" by then. */
static void put_string(FILE *out, const char *text)
{
	char *copy = strdup(text);

	putc('"', out);
	if (copy)
		text_make_printable(copy, strlen(copy) + 1);
	for (const char *at = copy; at && *at; at++) {
		if (*at == '"' || *at == '\\')
			putc('\\', out);
		putc(*at, out);
	}
	putc('"', out);
	free(copy);
}

static void put_object(FILE *out, enum log_level level, const char *message)
{
	char now[TIME_TEXT_SIZE];

	fprintf(out, "{\"time\": \"%s\", \"level\": \"%s\", \"message\": ", time_format(time(NULL), now),
		level_word(level));
	put_string(out, message);
}

void log_event(enum log_level level, const char *message, const char *fields)
{
	struct line line;

	line_begin(&line, level);
	if (line.file && as.json) {
		put_object(line.file, level, message);
		fprintf(line.file, "%s%s", fields[1] == '}' ? "" : ", ", fields + 1);
	} else if (line.file) {
		fprintf(line.file, "egret: %s", message);
	}
	line_end(&line);
}

void log_say(enum log_level level, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	log_event(level, text, "{}");
	free(text);
}

void log_step(const char *text)
{
	fprintf(stderr, "%segret: %s", as.open_line ? "\r\033[K" : "", text);
	fflush(stderr);
	as.open_line = true;
}

/* Lines and columns are counted from 1. */
static void put_place(FILE *file, const char *key, unsigned int number)
{
	if (number)
		fprintf(file, ", \"%s\": %u", key, number);
	else
		fprintf(file, ", \"%s\": null", key);
}

static void say_finding(void *context, const struct diag_entry *entry)
{
	enum log_level level = entry->severity == DIAG_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
	struct line line;

	(void)context;
	line_begin(&line, level);
	if (line.file && as.json) {
		put_object(line.file, level, entry->text);
		fputs(", \"file\": ", line.file);
		put_string(line.file, entry->file);
		put_place(line.file, "line", entry->line);
		put_place(line.file, "column", entry->line ? entry->column : 0);
		fputs("}", line.file);
	} else if (line.file) {
		diag_print_entry(entry, line.file);
	}
	line_end(&line);
}

void log_diag(const struct diag *diag)
{
	size_t hidden = diag->errors + diag->warnings - diag->count;

	diag_each(diag, say_finding, NULL);
	if (hidden)
		log_say(LOG_LEVEL_WARNING, "and %zu more, not shown", hidden);
}

bool log_has_room(size_t len)
{
	return fd_has_room(STDERR_FILENO, len);
}
