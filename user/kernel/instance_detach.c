// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking an instance down: its links, its pins, its folder. */
#include "instance_detach.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "hook_side.h"
#include "instance_folder.h"
#include "instance_layers.h"
#include "instance_source.h"
#include "maps.h"
#include "pins.h"

/* For two seconds: an agent attaches within a few milliseconds, and sees then that the instance was opened. */
#define REMOVE_TRIES    100
#define REMOVE_PAUSE_US 20000

static int cut_side(const char *path, struct error *error)
{
	int rc = tcx_cut(path);

	return rc && rc != -ENOENT ? error_set(error, rc, "cannot detach %s: %s", path, strerror(-rc)) : 0;
}

int instance_remove_pin(const char *instance, const char *name, struct error *error)
{
	struct device_side side;
	char path[PIN_PATH_SIZE];
	int rc;

	snprintf(path, sizeof(path), INSTANCES "/%s/%s", instance, name);
	rc = tcx_is_pin(name, &side) ? cut_side(path, error) : hook_cut(name, path, error);
	if (!rc && unlink(path) && errno != ENOENT)
		rc = error_set(error, -errno, "cannot remove %s: %s", path, strerror(errno));
	return rc;
}

/* In the order of removal: layers judge what hooks have stamped, what is attached goes before what it reads, the note
 * of an exec last (EXEC_NOTE). */
enum rank { RANK_LAYER, RANK_HOOK, RANK_MAP, RANK_NOTE, RANK_UNKNOWN };

static enum rank rank_of(const char *pin)
{
	struct device_side side;
	uint32_t ifindex;

	if (tcx_is_pin(pin, &side) || source_is_pin(pin))
		return RANK_LAYER;
	if (hook_is_pin(pin))
		return RANK_HOOK;
	if (!strncmp(pin, "map_", strlen("map_")) || !strncmp(pin, "next_", strlen("next_")))
		return RANK_MAP;
	return strcmp(pin, EXEC_NOTE) && !clsact_is_note(pin, &ifindex) ? RANK_UNKNOWN : RANK_NOTE;
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

/* An exec has no layers. */
static int remove_filters(const char *instance, struct error *error)
{
	int rc = kernel_is_of_exec(instance) ? 0 : layers_remove_filters(instance, error);

	return rc < 0 ? rc : 0;
}

/* Before what they judge by goes: what hooks have stamped. */
static int remove_layers(const char *instance, struct error *error)
{
	int rc = remove_pins(instance, RANK_LAYER, error);

	return rc ? rc : remove_filters(instance, error);
}

static int open_pinned_map(const char *instance, enum kernel_map map)
{
	char path[PIN_PATH_SIZE];

	pin_path(path, instance, "map", map_shapes[map].name);
	return bpf_obj_get(path);
}

/* A program of a layer that stands where nobody sees it from here, as in another network namespace, lets all pass now.
 * In every version the first word of `config` is the generation. */
static void end_policy(const char *instance)
{
	int fd = open_pinned_map(instance, MAP_config);
	uint32_t *generation;

	if (fd < 0)
		return;
	generation = mmap(NULL, sizeof(*generation), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (generation == MAP_FAILED)
		return;
	__atomic_store_n(generation, 0, __ATOMIC_RELEASE);
	munmap(generation, sizeof(*generation));
}

/* Last attached, first cut: egress must not judge sockets without a stamp. */
static int remove_hooks(const char *instance, struct error *error)
{
	char path[PIN_PATH_SIZE];
	int rc = 0;

	for (int i = HOOK_COUNT - 1; i >= 0 && !rc; i--) {
		hook_pin_path(path, instance, i);
		rc = instance_remove_pin(instance, strrchr(path, '/') + 1, error);
	}
	return rc ? rc : remove_pins(instance, RANK_HOOK, error);
}

/* Everything that is pinned under the name, whoever made it. */
static int remove_each(const char *instance, struct error *error)
{
	int rc = remove_layers(instance, error);

	if (!rc)
		rc = remove_hooks(instance, error);
	if (!rc)
		end_policy(instance);
	/* An agent that lives put them back, until it saw that no policy rules. */
	if (!rc)
		rc = remove_filters(instance, error);
	for (int rank = RANK_MAP; rank < RANK_UNKNOWN && !rc; rank++)
		rc = remove_pins(instance, rank, error);
	return rc;
}

/* Is anything pinned under the name that is not Egret's? */
static bool has_other_pins(const char *instance)
{
	char path[PIN_PATH_SIZE];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && rank_of(entry->d_name) == RANK_UNKNOWN;
	closedir(dir);
	return found;
}

/* Again while an agent that is just attaching goes on pinning. Of an empty folder also where no descriptor is left to
 * look into it: a start that ran out of them leaves nothing. */
static int remove_all(const char *instance, struct error *error)
{
	for (int i = 0; i < REMOVE_TRIES; i++) {
		int rc;

		if (folder_remove(instance))
			return 0;
		rc = remove_each(instance, error);
		if (!kernel_is_there(instance))
			return 0;
		if (rc)
			return rc;
		if (folder_remove(instance))
			return 0;
		if (has_other_pins(instance))
			return error_set(error, -ENOTEMPTY,
					 "cannot remove " INSTANCES "/%s: something else was pinned there", instance);
		usleep(REMOVE_PAUSE_US);
	}
	return error_set(error, -EBUSY, "cannot remove " INSTANCES "/%s: an agent attaches it again and again",
			 instance);
}

/* Who removed the pins by hand left the filters, which judge on. */
static int remove_unpinned(const char *instance, struct error *error)
{
	int count = layers_remove_filters(instance, error);

	if (count)
		return count < 0 ? count : 0;
	return error_set(error, -ENOENT, "no instance %s is running here", instance);
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
		return remove_unpinned(instance, error);
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
