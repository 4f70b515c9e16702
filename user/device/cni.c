// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cni.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Such files are some hundred octets. */
#define FILE_SIZE 65536

static bool is_read_by_cni(const char *name)
{
	static const char *const endings[] = {".conf", ".conflist", ".json"}; /* libcni, ConfFiles */
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (!strcmp(ending, endings[i]))
			return true;
	return false;
}

/* As a text of its own, anywhere: as the type of a plugin, or in a list of capabilities that only this plugin has. */
static bool file_names(int folder, const char *name, const char *quoted)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[FILE_SIZE];
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text));
	close(fd);
	return len > 0 && memmem(text, len, quoted, strlen(quoted));
}

bool cni_names_plugin(const char *path, const char *type)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool found = false;
	char quoted[64];

	if (!folder)
		return false;
	snprintf(quoted, sizeof(quoted), "\"%s\"", type);
	while (!found && (entry = readdir(folder)))
		found = is_read_by_cni(entry->d_name) && file_names(dirfd(folder), entry->d_name, quoted);
	closedir(folder);
	return found;
}
