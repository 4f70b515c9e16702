// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "group.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

bool group_find(const char *name, gid_t *ret)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *group;
	bool found = false;

	while (file && !found && (group = fgetgrent(file))) {
		found = !strcmp(group->gr_name, name);
		if (found)
			*ret = group->gr_gid;
	}
	if (file)
		fclose(file);
	return found;
}

bool user_find(const char *name, uid_t *ret)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *user;
	bool found = false;

	while (file && !found && (user = fgetpwent(file))) {
		found = !strcmp(user->pw_name, name);
		if (found)
			*ret = user->pw_uid;
	}
	if (file)
		fclose(file);
	return found;
}
