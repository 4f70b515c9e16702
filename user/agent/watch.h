/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Did the files of a policy change? Their folders are watched, since editors and ConfigMaps
 * put a new file, or a new link, in the place of the old one.
 */
#ifndef EGRET_WATCH_H
#define EGRET_WATCH_H

#include <stdbool.h>

#include "../policy/policy.h"

struct watch;

/* @policy must outlive it. -errno: inotify is not to be had; changes are then told by SIGHUP alone. */
int watch_new(const struct policy *policy, struct watch **ret);
void watch_free(struct watch *watch); /* takes NULL */
/* Readable when something moved in one of the folders. -1 for NULL. */
int watch_fd(const struct watch *watch);
/* Takes what there is to be read. */
void watch_drain(struct watch *watch);
/* Is any of the files another one than the one that was read? */
bool watch_sees_change(const struct watch *watch);

/* What lies in the places of @policy's files now; malloc'd, paths are borrowed. NULL: no memory. */
struct policy_file *watch_look(const struct policy *policy);

#endif
