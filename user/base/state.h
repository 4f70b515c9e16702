/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state folder (--state, /var/lib/egret): what must outlive a reboot, and what must be
 * readable where nothing is attached. Files, one of each an instance:
 *
 *   mark-INSTANCE    a person opened it with `egret detach`: who, when, which policy
 *   attach-INSTANCE  `egret attach` asks for it again; goes when an agent has attached
 *   ruled-INSTANCE   the policies that have ruled here
 *   layered-INSTANCE one of them said, or was free to leave to Egret, what the layers do: there is no way back
 *   policy-INSTANCE  the last good policy, whole (policy/kept.h)
 *   hits-INSTANCE    when each rule was hit last, and since when that is noted (agent/hit_record.h)
 *   agent-INSTANCE   locked as long as an agent lives
 *
 * Only root may write to the folder, and to those on the way to it: what lies there opens nodes.
 */
#ifndef EGRET_STATE_H
#define EGRET_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "hash.h"

#define STATE_DEFAULT "/var/lib/egret"

/*
 * Opens the folder, and makes it with @make. A descriptor, or a negative errno: -ENOENT if it is
 * not there, -EPERM if others than root can write to it, or read it. @error says what to do.
 */
int state_open(const char *path, bool make, struct error *error);

/* --- the mark --- */

#define STATE_MARK_POLICIES 2

struct state_mark {
	char user[64]; /* who called sudo, else root, else the user's number */
	uid_t uid;
	uint64_t at_ns; /* CLOCK_REALTIME */
	/* Hashes of the texts that it is about: the one that ruled, and one that lay there and had
	 * not begun to rule. "" = not known; the first agent that finds the mark writes its own. */
	char policies[STATE_MARK_POLICIES][HASH_TEXT_SIZE];
};

/* Who runs this program, and when; the policies are empty. */
void state_mark_begin(struct state_mark *ret);
int state_write_mark(int state, const char *instance, const struct state_mark *mark);
/* -ENOENT: there is none. A mark that cannot be read counts, too, as one of an unknown user: the instance
 * stays open. */
int state_read_mark(int state, const char *instance, struct state_mark *ret);
/* 0 also where there is none. */
int state_remove_mark(int state, const char *instance);
bool state_mark_names(const struct state_mark *mark, const char *policy_hash);
/* Adds one more policy; the first one stays. */
void state_mark_add(struct state_mark *mark, const char *policy_hash);
#define STATE_MARK_TEXT_SIZE 128
/* "alice at 2026-11-27 13:05:00"; returns @buf. */
const char *state_mark_format(const struct state_mark *mark, char buf[static STATE_MARK_TEXT_SIZE]);

/* --- the wish to be attached again --- */

int state_ask_attach(int state, const char *instance, bool cut);
/* Is there such a wish, and are connections that exist to be cut? */
bool state_wants_attach(int state, const char *instance, bool *ret_cut);
int state_remove_attach(int state, const char *instance);

/* --- what has ruled here: enforced, and its requirements answered --- */

int state_note_ruled(int state, const char *instance, const char *policy_hash);
/* @policy_hash NULL: any policy. */
bool state_has_ruled(int state, const char *instance, const char *policy_hash);
/* Also what layers do was as the policy says, or as Egret has it: releases before had no layers. */
int state_note_layered(int state, const char *instance);
bool state_has_layered(int state, const char *instance);

/* --- the last good policy --- */

/* After a crash the earlier policy is there or this one, and never a part of one. */
int state_write_policy(int state, const char *instance, const char *bytes, size_t len_bytes);
/*
 * *ret is malloc'd. -ENOENT: there is none; -EPERM: it is a link, or no file, or somebody else than root owns it,
 * or may write to it; -EFBIG: it is larger than @max_bytes. Nothing of it is read then.
 */
int state_read_policy(int state, const char *instance, size_t max_bytes, char **ret, size_t *ret_len_bytes);
int state_remove_policy(int state, const char *instance);

/* --- the last hits of rules: the same, of another file --- */

int state_write_hits(int state, const char *instance, const char *bytes, size_t len_bytes);
int state_read_hits(int state, const char *instance, size_t max_bytes, char **ret, size_t *ret_len_bytes);

/* --- an agent's life --- */

struct state_life {
	bool alive; /* some agent holds the file's lock at this moment */
	pid_t pid;  /* 0 = it ended, or it is in another pid namespace */
	/* Since the agent last wrote; it does every 10 s where nothing is attached. Where something
	 * is, its sign of life stands in the maps, and is younger. */
	int64_t beat_sec_ago;
	char standing[16]; /* why it governs nothing: "off", "mark", "unmarked"; "" = it does, or is about to.
			    "unpinned": it does, without pins that anybody sees */
};

/* A descriptor that holds the life; closing it ends it. -EBUSY: another agent's. */
int state_life_begin(int state, const char *instance);
/* Is it still the file of this folder? */
bool state_life_is_there(int state, const char *instance, int life);
void state_life_beat(int life, const char *standing);
/* Removes the file, too. Takes -1. */
void state_life_end(int state, const char *instance, int life);
/* -ENOENT: no agent has been here, or it ended in order. */
int state_read_life(int state, const char *instance, struct state_life *ret);

/* --- all of it --- */

/* So that two commands, or a command and an agent, do not change the folder at once. The lock ends with the
 * descriptor of the folder. Waits 2 s at most for a holder that stands still, and goes on without the lock. */
void state_lock(int state);
/* Removes all files of Egret, whatever instance, and the folder if it is empty then. */
int state_remove_all(int state, const char *path);

#endif
