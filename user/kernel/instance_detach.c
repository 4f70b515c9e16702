// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking an instance down: its links, its pins, its folder. */
#include "instance_detach.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "instance_folder.h"
#include "pins.h"

int instance_remove_pin(const char *instance, const char *name, struct error *error)
{
	char path[PIN_PATH_SIZE];
	int rc;

	snprintf(path, sizeof(path), INSTANCES "/%s/%s", instance, name);
	rc = hook_cut(name, path, error);
	if (!rc && unlink(path) && errno != ENOENT)
		rc = error_set(error, -errno, "cannot remove %s: %s", path, strerror(errno));
	return rc;
}

/* In the order of removal: what is attached goes before what it reads, the note of an exec last (EXEC_NOTE). */
enum rank { RANK_HOOK, RANK_MAP, RANK_NOTE, RANK_UNKNOWN };

static enum rank rank_of(const char *pin)
{
	if (hook_is_pin(pin))
		return RANK_HOOK;
	if (!strncmp(pin, "map_", strlen("map_")) || !strncmp(pin, "next_", strlen("next_")))
		return RANK_MAP;
	return strcmp(pin, EXEC_NOTE) ? RANK_UNKNOWN : RANK_NOTE;
}

/* Those of other versions included. */
static int remove_pins(const char *instance, enum rank rank, struct error *error)
{
	char path[PIN_PATH_SIZE];
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	dir = opendir(path);
	if (!dir)
		return error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	while (!rc && (entry = readdir(dir))) {
		if (rank_of(entry->d_name) == rank)
			rc = instance_remove_pin(instance, entry->d_name, error);
	}
	closedir(dir);
	return rc;
}

/* Everything that is pinned under the name, whoever made it. Of an empty folder also where no descriptor is left to
 * look into it: a start that ran out of them leaves nothing. */
static int remove_all(const char *instance, struct error *error)
{
	char path[PIN_PATH_SIZE];
	int rc = 0;

	if (folder_remove(instance))
		return 0;
	/* Last attached, first cut: egress must not judge sockets without a stamp. */
	for (int i = HOOK_COUNT - 1; i >= 0 && !rc; i--) {
		hook_pin_path(path, instance, i);
		rc = instance_remove_pin(instance, strrchr(path, '/') + 1, error);
	}
	for (int rank = RANK_HOOK; rank < RANK_UNKNOWN && !rc; rank++)
		rc = remove_pins(instance, rank, error);
	if (rc)
		return rc;
	if (folder_remove(instance))
		return 0;
	return error_set(error, -errno, "cannot remove " INSTANCES "/%s: %s; something else was pinned there", instance,
			 strerror(errno));
}

int kernel_detach(const char *instance, struct error *error)
{
	char path[PIN_PATH_SIZE];
	struct stat st;
	int rc;

	rc = pins_check_name(instance, error);
	if (!rc)
		rc = kernel_check_pins(error);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	if (lstat(path, &st))
		return error_set(error, -ENOENT, "no instance %s is running here", instance);
	if (!S_ISDIR(st.st_mode))
		return error_set(error, -ENOTDIR, "%s is a link or a file, which Egret did not make", path);
	return remove_all(instance, error);
}

int kernel_take_down(struct kernel *kernel, struct error *error)
{
	/* `egret detach` was here first; what has the name now is somebody else's. */
	if (!folder_is_there(kernel))
		return 0;
	return remove_all(kernel->instance, error);
}
