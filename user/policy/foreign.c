/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who else may change what a rules file says: whoever may write it, or a folder or link on the way to it.
 * It is a warning and no error: the policy of an ordinary user, for `exec`, is such a file, too.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../base/way.h"
#include "loader.h"

/* Who goes along the way to a file. */
struct looker {
	bool sticky; /* others may write to the folder that was reached, but by its sticky bit not replace what is not
			theirs */
	struct way_finding *finding;
};

/* Who called sudo is root already. */
static bool is_trusted(uid_t uid)
{
	const char *caller = geteuid() == 0 ? getenv("SUDO_UID") : NULL;

	return uid == 0 || uid == geteuid() || (caller && *caller && strtoul(caller, NULL, 10) == uid);
}

/* A group of the user's own (its number is the user's) has nobody else in it. */
static bool others_may_write(const struct stat *st)
{
	bool own_group = st->st_uid != 0 && st->st_gid == st->st_uid;

	return st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !own_group);
}

/* The folders of a ConfigMap may be written to by all, as far as their mode says; but they are mounted read-only. */
static bool is_read_only(const char *path)
{
	struct statvfs fs;

	return !statvfs(path, &fs) && fs.f_flag & ST_RDONLY;
}

static void find_fault(struct looker *looker, const char *path, const struct stat *st)
{
	struct way_finding *finding = looker->finding;
	bool sticky = S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX;

	looker->sticky = sticky && others_may_write(st);
	if (finding->fault[0] || (!S_ISLNK(st->st_mode) && is_read_only(path)))
		return;
	if (!is_trusted(st->st_uid))
		snprintf(finding->fault, sizeof(finding->fault),
			 "%s belongs to uid %u, who may change this policy; chown root %s", path,
			 (unsigned int)st->st_uid, path);
	else if (others_may_write(st) && !looker->sticky && !S_ISLNK(st->st_mode))
		snprintf(finding->fault, sizeof(finding->fault),
			 "others may write %s (mode %04o), and so change this policy; chmod go-w %s", path,
			 (unsigned int)st->st_mode & 07777U, path);
}

void way_look(const char *path, struct way_finding *ret)
{
	struct looker looker = {.finding = ret};
	struct way_part part;
	struct way way;
	struct stat st;

	*ret = (struct way_finding){0};
	if (way_begin(&way, path))
		return;
	if (!stat("/", &st))
		find_fault(&looker, "/", &st);
	while (way_next(&way, &part) > 0) {
		/* A link itself cannot be written to. Who may write to its folder can put another one in its place. */
		if (!S_ISLNK(part.st.st_mode) || looker.sticky)
			find_fault(&looker, part.path, &part.st);
	}
	ret->by_link = way.links > 0;
}

static bool was_told(const struct policy *policy, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (policy->files[i].fault && !strcmp(policy->files[i].fault, policy->files[index].fault))
			return true;
	}
	return false;
}

void policy_report_files(const struct policy *policy, struct diag *diag)
{
	for (size_t i = 0; i < policy->file_count; i++) {
		const struct policy_file *file = &policy->files[i];

		if (file->fault && !was_told(policy, i))
			diag_add(diag, DIAG_WARNING, (struct diag_place){.file = file->path}, "%s", file->fault);
	}
}

const char *policy_files_fault(const struct policy *policy)
{
	for (size_t i = 0; i < policy->file_count; i++) {
		if (policy->files[i].fault)
			return policy->files[i].fault;
	}
	return "";
}
