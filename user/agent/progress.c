// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/log.h"

#define TERMINAL_INTERVAL_NS (100 * CLOCK_NS_PER_MS)
#define PLAIN_INTERVAL_NS    (2 * CLOCK_NS_PER_SEC)

void progress_start(struct progress *progress, bool quiet)
{
	uint64_t now = clock_now_ns();

	*progress = (struct progress){
	    .quiet = quiet, .terminal = log_is_terminal(), .last_ns = now, .last_done = SIZE_MAX, .begun_ns = now};
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

void progress_step(struct progress *progress, const char *what, size_t done, size_t all)
{
	uint64_t interval = progress->terminal ? TERMINAL_INTERVAL_NS : PLAIN_INTERVAL_NS;
	uint64_t now = clock_now_ns();
	char text[128];

	if (progress->quiet || now - progress->last_ns < interval || done == progress->last_done)
		return;
	progress->last_ns = now;
	progress->last_done = done;
	snprintf(text, sizeof(text), "%s: %zu of %zu", what, done, all);
	if (progress->terminal)
		log_step(text);
	else
		log_say(LOG_LEVEL_INFO, "%s", text);
}

static void say(struct progress *progress, enum log_level level, const char *format, va_list args)
{
	char *text;

	progress->last_done = SIZE_MAX;
	if (vasprintf(&text, format, args) < 0)
		return;
	log_say(level, "%s", text);
	free(text);
}

void progress_say(struct progress *progress, const char *format, ...)
{
	va_list args;

	if (progress->quiet)
		return;
	va_start(args, format);
	say(progress, LOG_LEVEL_INFO, format, args);
	va_end(args);
}

void progress_warn(struct progress *progress, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(progress, LOG_LEVEL_WARNING, format, args);
	va_end(args);
}
