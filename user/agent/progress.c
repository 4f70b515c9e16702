// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "../base/clock.h"

#define TERMINAL_INTERVAL_NS (100 * CLOCK_NS_PER_MS)
#define PLAIN_INTERVAL_NS    (2 * CLOCK_NS_PER_SEC)

void progress_start(struct progress *progress, bool quiet)
{
	uint64_t now = clock_now_ns();

	*progress = (struct progress){
	    .quiet = quiet, .terminal = isatty(STDERR_FILENO), .last_ns = now, .last_done = SIZE_MAX, .begun_ns = now};
}

void progress_stage(struct progress *progress, const char *name)
{
	uint64_t spent_ns = clock_now_ns() - progress->begun_ns;

	for (size_t i = 0; i < progress->stages; i++)
		spent_ns -= progress->stage_ns[i];
	if (progress->stages == PROGRESS_STAGES)
		return;
	progress->stage_names[progress->stages] = name;
	progress->stage_ns[progress->stages++] = spent_ns;
}

void progress_say_stages(struct progress *progress)
{
	uint64_t all_ns = 0;
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < progress->stages; i++) {
		all_ns += progress->stage_ns[i];
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s %.2f", i ? "," : "",
					progress->stage_names[i], (double)progress->stage_ns[i] / CLOCK_NS_PER_SEC);
		if (len >= sizeof(text))
			break;
	}
	progress_say(progress, "started in %.2f s:%s", (double)all_ns / CLOCK_NS_PER_SEC, text);
}

static void clear_line(struct progress *progress)
{
	if (progress->open_line)
		fputs("\r\033[K", stderr);
	progress->open_line = false;
}

void progress_step(struct progress *progress, const char *what, size_t done, size_t all)
{
	uint64_t interval = progress->terminal ? TERMINAL_INTERVAL_NS : PLAIN_INTERVAL_NS;
	uint64_t now = clock_now_ns();

	if (progress->quiet || now - progress->last_ns < interval || done == progress->last_done)
		return;
	progress->last_ns = now;
	progress->last_done = done;
	clear_line(progress);
	fprintf(stderr, "egret: %s: %zu of %zu%s", what, done, all, progress->terminal ? "" : "\n");
	progress->open_line = progress->terminal;
	fflush(stderr);
}

static void say(struct progress *progress, const char *format, va_list args)
{
	clear_line(progress);
	progress->last_done = SIZE_MAX;
	fputs("egret: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void progress_say(struct progress *progress, const char *format, ...)
{
	va_list args;

	if (progress->quiet)
		return;
	va_start(args, format);
	say(progress, format, args);
	va_end(args);
}

void progress_warn(struct progress *progress, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(progress, format, args);
	va_end(args);
}
