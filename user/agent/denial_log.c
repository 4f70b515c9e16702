// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "denial_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/hash.h"
#include "../base/log.h"
#include "../view/completion.h"
#include "../view/denials.h"
#include "../view/json.h"
#include "../view/ocsf.h"
#include "../view/rows.h"
#include "../view/subject_name.h"
#include "culprits.h"
#include "egret_limits.h"
#include "egret_subject.h"

/* Lines: 20 at once and 5 a second, of one owner 5 and 1. */
static const struct bound {
	uint64_t interval_ns;
	unsigned int burst;
} all_lines = {CLOCK_NS_PER_SEC / 5, 20}, own_lines = {CLOCK_NS_PER_SEC, 5},
  /* Events, which are for a machine, of 2 KB each: 80 MB of them last an hour at least where one owner floods. */
    all_events = {CLOCK_NS_PER_SEC / 100, 1000}, own_events = {CLOCK_NS_PER_SEC / 10, 200};

#define TELL_NS     (10 * CLOCK_NS_PER_SEC)
#define MAX_WAITING 2048
#define MAX_SEEN    (EGRET_MAX_DROPS + EGRET_MAX_REFUSALS)
/* A look costs no more than that part of a CPU. */
#define LOOK_SHARE 40
#define PROBES     8
/* A sentence of the log's own fits: an agent never waits for who reads its log. */
#define SAYING_SIZE 1024
/* For what is found out of a row, which may need an answer of DNS. */
#define PATIENCE_NS (3 * CLOCK_NS_PER_SEC)

void denial_log_begin(struct denial_log *log, bool on, const char *ocsf)
{
	*log = (struct denial_log){.on = on, .begun_ns = clock_kernel_ns()};
	rotated_file_begin(&log->ocsf, ocsf);
}

void denial_log_end(struct denial_log *log)
{
	rotated_file_end(&log->ocsf);
	free(log->seen);
	free(log->waiting);
	*log = (struct denial_log){};
}

static bool pace_has(const struct denial_pace *pace, const struct bound *bound, uint64_t now)
{
	return pace->due_ns <= now + (bound->burst - 1) * bound->interval_ns;
}

static void pace_take(struct denial_pace *pace, const struct bound *bound, uint64_t now)
{
	pace->due_ns = (pace->due_ns > now ? pace->due_ns : now) + bound->interval_ns;
}

/* --- whose share it is --- */

/* Of a few places the owner's own, or else that of whoever was quiet longest. */
static struct denial_share *share_of(struct denial_log *log, uint64_t owner, uint64_t now)
{
	uint64_t at = hash_bytes(HASH_BEGIN, (const char *)&owner, sizeof(owner));
	struct denial_share *share, *oldest = NULL;

	for (int i = 0; i < PROBES; i++) {
		share = &log->shares[(at + (uint64_t)i) % DENIAL_LOG_SHARES];
		if (share->used_ns && share->owner == owner)
			oldest = share;
		if (share == oldest)
			break;
		if (!oldest || share->used_ns < oldest->used_ns)
			oldest = share;
	}
	if (!oldest->used_ns || oldest->owner != owner)
		*oldest = (struct denial_share){.owner = owner};
	oldest->used_ns = now;
	return oldest;
}

/* --- rows that wait to be written --- */

static bool make_room(struct denial_log *log)
{
	size_t capacity = log->waiting_capacity ? 2 * log->waiting_capacity : 32;
	struct denial_row *waiting;

	if (log->waiting_count < log->waiting_capacity)
		return true;
	if (capacity > MAX_WAITING)
		return false;
	waiting = reallocarray(log->waiting, capacity, sizeof(*waiting));
	if (!waiting)
		return false;
	log->waiting = waiting;
	log->waiting_capacity = capacity;
	return true;
}

static void count_missed(struct denial_log *log, struct denial_share *share)
{
	share->missed = true;
	log->unlogged++;
}

void denial_log_row(struct denial_log *log, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct denial_row row = {.key = *key, .drop = *drop};

	if (!log->on)
		return;
	if (make_room(log)) {
		log->waiting[log->waiting_count++] = row;
		return;
	}
	count_missed(log, share_of(log, denial_owner(&row.key, &row.drop), clock_now_ns()));
	log->unwritten += log->ocsf.path != NULL;
}

/* --- what is written --- */

struct writing {
	struct denial_log *log;
	const struct kernel *kernel;
	struct subject_cache subjects;
	struct egret_meta meta;
	char hostname[256];
	uint64_t now;
};

static bool write_line(const json_t *row)
{
	char line[ROW_LINE_SIZE];
	char *fields = json_dumps(row, 0);
	bool has_room = fields && log_has_room(strlen(fields) + sizeof(line));

	if (has_room)
		log_event(json_flag(row, "audited") ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING, row_line(row, line),
			  fields);
	free(fields);
	return has_room;
}

static const char *why_not_written(int rc)
{
	switch (rc) {
	case -EINVAL:
		return "it is no regular file";
	case -ELOOP:
		return "it is a link";
	case -EAGAIN:
		return "whoever reads it stands still";
	default:
		return strerror(-rc);
	}
}

static const char *ocsf_place(const struct denial_log *log)
{
	return strcmp(log->ocsf.path, "-") != 0 ? log->ocsf.path : "standard output";
}

/* Told when it begins, and when it is over. */
static void note_written(struct denial_log *log, int rc)
{
	if (rc && !log->failed && log_has_room(SAYING_SIZE))
		log_say(LOG_LEVEL_WARNING,
			"denials cannot be written to %s (--ocsf): %s; they are lost until it can be written",
			ocsf_place(log), why_not_written(rc));
	if (!rc && log->failed && log_has_room(SAYING_SIZE)) {
		log_say(LOG_LEVEL_NOTICE, "denials are written to %s again; %llu were lost", ocsf_place(log),
			(unsigned long long)log->unwritten);
		log->unwritten = 0;
	}
	log->failed = rc;
	log->unwritten += rc != 0;
}

static void write_event(struct writing *writing, const struct denial *denial, const json_t *row)
{
	struct denial_log *log = writing->log;
	json_t *event = ocsf_event(denial, row, &writing->meta, writing->hostname);
	char *text = json_dumps(event, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;

	json_decref(event);
	if (!text)
		return;
	text[len] = '\n'; /* in place of the NUL: it is written by its length */
	note_written(log, rotated_file_write(&log->ocsf, text, len + 1));
	free(text);
}

static void write_row(struct writing *writing, const struct denial_row *waiting)
{
	struct denial_log *log = writing->log;
	struct denial_share *share = share_of(log, denial_owner(&waiting->key, &waiting->drop), writing->now);
	struct denial denial = {.key = waiting->key, .drop = waiting->drop};
	bool has_line =
	    pace_has(&log->lines, &all_lines, writing->now) && pace_has(&share->lines, &own_lines, writing->now);
	bool has_event = log->ocsf.path && pace_has(&log->events, &all_events, writing->now) &&
			 pace_has(&share->events, &own_events, writing->now);
	json_t *row = has_line || has_event ? denial_to_json(writing->kernel, &denial, &writing->subjects) : NULL;

	if (has_line && write_line(row)) {
		pace_take(&log->lines, &all_lines, writing->now);
		pace_take(&share->lines, &own_lines, writing->now);
	} else {
		count_missed(log, share);
	}
	if (has_event) {
		pace_take(&log->events, &all_events, writing->now);
		pace_take(&share->events, &own_events, writing->now);
		write_event(writing, &denial, row);
	} else {
		log->unwritten += log->ocsf.path != NULL;
	}
	json_decref(row);
}

/* Of one owner as they came. */
static int quiet_first(const void *a, const void *b)
{
	const struct denial_row *left = a, *right = b;

	if (left->due_ns != right->due_ns)
		return left->due_ns > right->due_ns ? 1 : -1;
	if (left->drop.first_ns != right->drop.first_ns)
		return left->drop.first_ns > right->drop.first_ns ? 1 : -1;
	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static void sort_waiting(struct denial_log *log, uint64_t now)
{
	for (size_t i = 0; i < log->waiting_count; i++)
		log->waiting[i].due_ns =
		    share_of(log, denial_owner(&log->waiting[i].key, &log->waiting[i].drop), now)->lines.due_ns;
	qsort(log->waiting, log->waiting_count, sizeof(*log->waiting), quiet_first);
}

static void write_waiting(struct denial_log *log, const struct kernel *kernel)
{
	struct writing *writing = log->waiting_count ? calloc(1, sizeof(*writing)) : NULL;

	if (!writing)
		return;
	writing->log = log;
	writing->kernel = kernel;
	writing->now = clock_now_ns();
	if (log->ocsf.path)
		kernel_get_meta(kernel, &writing->meta);
	if (gethostname(writing->hostname, sizeof(writing->hostname) - 1))
		writing->hostname[0] = '\0';
	sort_waiting(log, writing->now);
	for (size_t i = 0; i < log->waiting_count; i++)
		write_row(writing, &log->waiting[i]);
	subject_cache_clear(&writing->subjects);
	free(writing);
	free(log->waiting);
	log->waiting = NULL;
	log->waiting_count = log->waiting_capacity = 0;
}

static size_t forget_missed(struct denial_log *log)
{
	size_t owners = 0;

	for (size_t i = 0; i < DENIAL_LOG_SHARES; i++) {
		owners += log->shares[i].missed;
		log->shares[i].missed = false;
	}
	return owners;
}

static void tell_unlogged(struct denial_log *log)
{
	size_t owners = forget_missed(log);

	if (!log->unlogged)
		return;
	log_say(LOG_LEVEL_WARNING,
		"%llu more denial%s of %zu subject%s %s not logged; `egret drops` has the newest of each",
		(unsigned long long)log->unlogged, log->unlogged == 1 ? "" : "s", owners, owners == 1 ? "" : "s",
		log->unlogged == 1 ? "was" : "were");
	log->unlogged = 0;
}

/* What a file that cannot be written has lost is told when it can be. */
static void tell_unwritten(struct denial_log *log)
{
	if (!log->unwritten || log->failed)
		return;
	log_say(LOG_LEVEL_WARNING, "%llu more denial%s %s not written to %s: too many at once",
		(unsigned long long)log->unwritten, log->unwritten == 1 ? "" : "s",
		log->unwritten == 1 ? "was" : "were", ocsf_place(log));
	log->unwritten = 0;
}

static void tell_missing(struct denial_log *log)
{
	uint64_t now = clock_now_ns();

	log_tell_lost();
	if ((!log->unlogged && !log->unwritten) || now < log->tell_ns || !log_has_room(SAYING_SIZE))
		return;
	log->tell_ns = now + TELL_NS;
	tell_unlogged(log);
	tell_unwritten(log);
}

/* --- which rows are new --- */

struct look {
	struct denial_log *log;
	const struct kernel *kernel;
	uint64_t *hashes;
	size_t count;
};

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* A row that made room and came again is a new one. */
static uint64_t hash_of(const struct egret_drop_key *key, const struct egret_drop *drop)
{
	uint64_t hash = hash_bytes(HASH_BEGIN, (const char *)key, sizeof(*key));

	return hash_bytes(hash, (const char *)&drop->first_ns, sizeof(drop->first_ns));
}

static bool is_seen(const struct denial_log *log, uint64_t hash)
{
	return log->seen_count && bsearch(&hash, log->seen, log->seen_count, sizeof(hash), by_number);
}

/* It says more when it is completed. One that would not be logged anyway waits for nothing. */
static bool is_to_wait(struct denial_log *log, const struct kernel *kernel, const struct denial_row *row)
{
	uint64_t now = clock_now_ns(), age = clock_kernel_ns() - row->drop.first_ns;
	struct egret_completion completion;

	return completion_is_due(row->key.reason) && age < PATIENCE_NS && pace_has(&log->lines, &all_lines, now) &&
	       pace_has(&share_of(log, denial_owner(&row->key, &row->drop), now)->lines, &own_lines, now) &&
	       kernel_get_completion(kernel, &row->key, row->drop.first_ns, &completion);
}

static int look_at_row(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct look *look = context;
	struct denial_row row = {.key = *key, .drop = *drop};
	uint64_t hash = hash_of(key, drop);
	bool is_new = drop->first_ns >= look->log->begun_ns && !is_seen(look->log, hash);

	if (is_new && is_to_wait(look->log, look->kernel, &row)) {
		look->log->late = true;
		return 0;
	}

	if (look->count < MAX_SEEN)
		look->hashes[look->count++] = hash;
	if (is_new)
		denial_log_row(look->log, key, drop);
	return 0;
}

static void look_at_rows(struct denial_log *log, const struct kernel *kernel)
{
	struct look look = {.log = log, .kernel = kernel, .hashes = malloc(MAX_SEEN * sizeof(*look.hashes))};
	uint64_t began = clock_now_ns();

	if (!look.hashes)
		return;
	log->late = false;
	kernel_each_drop(kernel, look_at_row, &look);
	qsort(look.hashes, look.count, sizeof(*look.hashes), by_number);
	free(log->seen);
	log->seen = realloc(look.hashes, look.count * sizeof(*look.hashes) + 1);
	log->seen_count = log->seen ? look.count : 0;
	log->look_ns = clock_now_ns() + LOOK_SHARE * (clock_now_ns() - began);
}

void denial_log_beat(struct denial_log *log, const struct kernel *kernel)
{
	uint64_t denied;

	if (!log->on)
		return;
	denied = culprits_packets(kernel);
	if ((log->late || denied != log->denied_packets) && clock_now_ns() >= log->look_ns) {
		log->denied_packets = denied;
		look_at_rows(log, kernel);
	}
	write_waiting(log, kernel);
	tell_missing(log);
}
