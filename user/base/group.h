/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Users and groups by their names, from /etc: a static program cannot ask the name service. */
#ifndef EGRET_GROUP_H
#define EGRET_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* False: /etc/group has none of this name. */
bool group_find(const char *name, gid_t *ret);
/* False: /etc/passwd has none of this name. */
bool user_find(const char *name, uid_t *ret);

#endif
