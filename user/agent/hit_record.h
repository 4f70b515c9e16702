/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last hits of rules, kept in the state folder over reboots, by what each rule says: an id means nothing after one.
 * The file is written when it is due, which is when something moved by minutes.
 */
#ifndef EGRET_HIT_RECORD_H
#define EGRET_HIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

struct kernel;

struct hit_record {
	bool recalled;    /* into the maps of the instance that is governed */
	uint64_t look_ns; /* CLOCK_MONOTONIC: when it is looked at next */
	uint64_t hash;    /* of what was written */
};

/* Rules of which the maps know nothing have what is kept of them. @state: path of the folder, NULL = there is none. */
void hit_record_recall(struct hit_record *record, struct kernel *kernel, const char *state, const char *instance);
/* Writes what moved, at most once a minute; @last: at once. */
void hit_record_keep(struct hit_record *record, const struct kernel *kernel, const char *state, const char *instance,
		     bool last);

#endif
