// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rules_path.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What tells a folder of the shipped rules from another folder of that name. */
#define SHIPPED_FILE "aks/node.rules"

/* Without links and "..", as a person would write it. false: nothing of ours lies there. */
static bool find_beside(const char *program, const char *folder, char ret_path[static PATH_MAX])
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s/" SHIPPED_FILE, program, folder) >= (int)sizeof(path) ||
	    access(path, F_OK))
		return false;
	path[strlen(path) - strlen("/" SHIPPED_FILE)] = '\0';
	return realpath(path, ret_path);
}

const char *rules_path_default(void)
{
	static char found[PATH_MAX];
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (len <= 0)
		return EGRET_RULES_PATH;
	program[len] = '\0';
	*strrchr(program, '/') = '\0';
	if (find_beside(program, "../rules", found) || find_beside(program, "../share/egret/rules", found))
		return found;
	return EGRET_RULES_PATH;
}
