// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The command's name, field 2, may hold anything; but no ')' comes behind it. */
static uint64_t start_ticks_of(const char *process)
{
	unsigned long long ticks = 0;
	char line[1024], *behind;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%s/stat", process);
	file = fopen(line, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file) && (behind = strrchr(line, ')')))
		sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		       &ticks);
	fclose(file);
	return ticks;
}

static uint64_t own_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
}

/* /proc counts processes in the pid namespace of who mounted it. */
static bool proc_is_of_own_namespace(void)
{
	char self[16] = "";

	return readlink("/proc/self", self, sizeof(self) - 1) > 0 && atoi(self) == getpid();
}

struct process_id process_self(void)
{
	return (struct process_id){getpid(), start_ticks_of("self"), own_namespace()};
}

enum process_life process_look(const struct process_id *id)
{
	char process[16];

	if (id->pid_namespace != own_namespace() || !proc_is_of_own_namespace())
		return PROCESS_HIDDEN;
	snprintf(process, sizeof(process), "%d", (int)id->pid);
	return start_ticks_of(process) == id->start_ticks ? PROCESS_ALIVE : PROCESS_GONE;
}
