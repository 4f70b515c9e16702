/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent says on standard error: lines for people or, with --log-format json, an object a line. A process has
 * one standard error, so there is one log, which nobody has to open.
 *
 * Where systemd reads it each line begins with its priority, "<4>": sd-daemon(3).
 */
#ifndef EGRET_LOG_H
#define EGRET_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct diag;

/* Numbers of syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
};

/* Of the agent, before its first line: it waits for nobody who reads them, and counts the lines that are lost so. A
 * command that does not call it writes plain lines, without priorities. */
void log_begin(bool json);
/* Is a person looking at lines as they come? */
bool log_is_terminal(void);

/* "egret: ...", or {"time", "level", "message"}. */
__attribute__((format(printf, 2, 3))) void log_say(enum log_level level, const char *format, ...);
/* The same, with @fields behind them, "{...}", where an object is written. */
void log_event(enum log_level level, const char *message, const char *fields);
/* On a terminal: a line that the next one takes the place of. */
void log_step(const char *text);
/* Each finding is a line. */
void log_diag(const struct diag *diag);

/* How many lines were lost, if any, once whoever reads them goes on. The next line tells it, too. */
void log_tell_lost(void);
/* Would a line of @len bytes be taken at once? A reader that stands still must not hold up who writes. */
bool log_has_room(size_t len);

#endif
