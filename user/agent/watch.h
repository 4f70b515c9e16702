/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Did the files of a policy change, and did they come to rest? All folders on the way to them are watched, also those
 * that symbolic links lead to and those that hold such a link: editors put a new file in the place of the old one,
 * ConfigMaps and git-sync a new link somewhere on the way. Where inotify is not to be had, or used up, the files are
 * looked at every few seconds; else twice a minute, for what no event tells.
 */
#ifndef EGRET_WATCH_H
#define EGRET_WATCH_H

#include <stdbool.h>

#include "../base/error.h"
#include "../policy/policy.h"

struct watch;

/* @files, which are copied, and @paths, of which some may not be there yet. 0; -ENOMEM; or another errno:
 * *ret is a watch all the same, which only looks now and then, and @error says why. */
int watch_new(const struct policy_files *files, const char *const *paths, size_t path_count, struct watch **ret,
	      struct error *error);
void watch_free(struct watch *watch); /* takes NULL */
/* Readable when something moved in one of the folders, or when it is time to look. -1 for NULL. */
int watch_fd(const struct watch *watch);
/* Takes what there is to be read. Something may have moved that the files which were read do not show: one that was
 * missing is there. */
bool watch_drain(struct watch *watch);
/* Is any of the files another one than the one that was read, and are all at rest? While they are not, watch_fd
 * can be read again soon. */
bool watch_sees_change(struct watch *watch);

#endif
