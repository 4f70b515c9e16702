/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For whom `egret exec` runs its command: the person who typed it, with the environment, the
 * groups and the home that this person has, also where they come from a directory (LDAP,
 * Azure AD) that a static program cannot ask.
 *
 * What egret itself runs with is root's. The person's environment is read, and given to the
 * command only; nothing of it decides anything here.
 */
#ifndef EGRET_CALLER_H
#define EGRET_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "../base/error.h"

#define CALLER_MAX_GROUPS 1024
#define CALLER_CLAIM_SIZE 64

struct caller {
	uid_t uid;
	gid_t gid;
	gid_t groups[CALLER_MAX_GROUPS];
	size_t group_count;
	char user[64];     /* "" = no name is known for the uid */
	char home[4096];   /* "" = not known */
	char *environment; /* "NAME=VALUE\0...": the person's own; NULL = what egret was given */
	size_t environment_len;
	pid_t pid;       /* of the person's own egret, which called sudo; 0 = there is none */
	uid_t pid_uid;   /* whose process that is */
	bool plain_root; /* root, and nobody told for whom */
	bool same;       /* as whoever called: nothing is to be changed */
};

/*
 * The calling egret, as an argument for the one that sudo starts: its pid, its start time, so
 * that another process of that pid is not taken for it, and a number that nobody can guess.
 */
int caller_claim(char ret[static CALLER_CLAIM_SIZE]);

/*
 * @claim: of caller_claim, or NULL. @user: as whom to run, or NULL for the person who called:
 * by SUDO_UID and SUDO_GID (sudo(8)), or whoever this process is. -EINVAL: @error says what is
 * wrong with them. caller_free also after a failure.
 */
int caller_find(const char *claim, const char *user, struct caller *ret, struct error *error);
void caller_free(struct caller *caller);

/* A file to be written, made anew, as that person may make it: egret is root and must not make
 * files for people where they could not. NULL: errno tells. The calling process is root. */
FILE *caller_open(const struct caller *caller, const char *path);

/* In the child: becomes that person, with the environment in which to look for the command. */
int caller_become(const struct caller *caller);

#endif
