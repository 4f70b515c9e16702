/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A line of the log for each new row of denials, and an event of each for a SIEM (view/ocsf.h). Both are bounded, in
 * all and for each owner of rows (a pod, a service), and owners that were quiet go first; what is not written is
 * counted, and that is told.
 */
#ifndef EGRET_DENIAL_LOG_H
#define EGRET_DENIAL_LOG_H

#include "../base/rotated_file.h"
#include "../kernel/read.h"

#define DENIAL_LOG_SHARES 256

/* So many at once, and one more for each interval: @due_ns is when all of it would be used up again. */
struct denial_pace {
	uint64_t due_ns;
};

struct denial_share {
	uint64_t owner; /* 0 = nobody's */
	uint64_t used_ns;
	struct denial_pace lines, events;
	bool missed; /* something of it was not logged since that was told last */
};

struct denial_row {
	struct egret_drop_key key;
	struct egret_drop drop;
	uint64_t due_ns; /* of its owner: who was quiet goes first */
};

struct denial_log {
	bool on;
	uint64_t begun_ns;       /* CLOCK_MONOTONIC of the kernel: rows of before were another agent's to log */
	uint64_t denied_packets; /* when rows were looked at last */
	uint64_t look_ns;        /* not before then again */
	bool late;               /* a row waits for what is to be found out of it */
	uint64_t *seen;          /* rows, as hashes in order */
	size_t seen_count;
	struct denial_row *waiting;
	size_t waiting_count, waiting_capacity;
	struct denial_pace lines, events;
	struct denial_share shares[DENIAL_LOG_SHARES];
	uint64_t unlogged; /* rows since that was told last */
	uint64_t tell_ns;  /* when it may be told again */
	struct rotated_file ocsf;
	uint64_t unwritten; /* events since the file was written last, or that was told */
	bool failed;        /* to write the file: told */
};

/* @on: else nothing is ever logged. @ocsf: path, "-", or NULL. */
void denial_log_begin(struct denial_log *log, bool on, const char *ocsf);
void denial_log_end(struct denial_log *log);
/* Twice a second: looks for new rows if something was denied, and writes what there is to write. */
void denial_log_beat(struct denial_log *log, const struct kernel *kernel);
/* A new row, of which all is found out that will be; it is written at the next beat. */
void denial_log_row(struct denial_log *log, const struct egret_drop_key *key, const struct egret_drop *drop);

#endif
