// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "hook_side.h"
#include "instance_detach.h"
#include "instance_layers.h"
#include "instance_source.h"
#include "instance_takeover.h"
#include "read_before.h"
#include "egret_abi.h"

static void note_owner(struct kernel *kernel, const char *name, const struct stat *st)
{
	snprintf(kernel->note, sizeof(kernel->note),
		 "%s of instance %s belonged to uid %u with mode %03o, so others may have written to it: all of it is "
		 "made anew",
		 name, kernel->instance, (unsigned int)st->st_uid, st->st_mode & 07777U);
	kernel->side_by_side = true;
}

/* What is taken over must have been root's alone. */
static int inspect_owners(struct kernel *kernel, struct error *error)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd;

	if (fstat(kernel->dir_fd, &st))
		return error_set(error, -errno, "cannot look at the pins of instance %s: %s", kernel->instance,
				 strerror(errno));
	if (!pins_are_roots(&st)) {
		note_owner(kernel, "the folder", &st);
		if (fchown(kernel->dir_fd, 0, 0) || fchmod(kernel->dir_fd, 0700))
			return error_set(error, -errno, "cannot take the folder of instance %s back: %s",
					 kernel->instance, strerror(errno));
	}
	fd = openat(kernel->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return error_set(error, -errno, "cannot list the pins of instance %s: %s", kernel->instance,
				 strerror(errno));
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && !fstatat(kernel->dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    !S_ISLNK(st.st_mode) && !pins_are_roots(&st))
			note_owner(kernel, entry->d_name, &st);
	}
	closedir(dir);
	return 0;
}

static int pinned_meta(const struct kernel *kernel, struct egret_meta *ret)
{
	char path[PIN_PATH_SIZE];
	struct bpf_map_info info = {};
	__u32 zero = 0, len = sizeof(info);
	int fd, rc = -EPROTO;

	pin_path(path, kernel->instance, "map", map_shapes[MAP_meta].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_MAP_TYPE_ARRAY &&
	    info.value_size == sizeof(*ret) && !bpf_map_lookup_elem(fd, &zero, ret))
		rc = 0;
	close(fd);
	return rc;
}

static bool is_as_made(const struct kernel *kernel, enum kernel_map map)
{
	char path[PIN_PATH_SIZE];
	bool fits;
	int fd;

	pin_path(path, kernel->instance, "map", map_shapes[map].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	fits = map_fits(fd, map);
	close(fd);
	return fits;
}

static void inspect_version(struct kernel *kernel)
{
	struct egret_meta meta = {};
	int rc = pinned_meta(kernel, &meta);

	if (rc == -ENOENT && !kernel->was_running)
		return; /* nothing is there */
	if (rc || (meta.abi && meta.abi != EGRET_ABI_VERSION)) {
		kernel->before = before_open(kernel->instance);
		snprintf(kernel->note, sizeof(kernel->note),
			 "instance %s was made by another version of Egret: its programs are replaced side by side, %s",
			 kernel->instance,
			 kernel->before ? "and what they learned is carried over"
					: "and what they learned is learned anew");
		kernel->side_by_side = true;
		return;
	}
	for (int i = 0; i < MAP_COUNT; i++) {
		if (is_as_made(kernel, i))
			continue;
		snprintf(kernel->note, sizeof(kernel->note),
			 "map %s of instance %s is not what this version of Egret makes: all of it is made anew",
			 map_shapes[i].name, kernel->instance);
		kernel->side_by_side = true;
		return;
	}
}

int takeover_inspect(struct kernel *kernel, struct error *error)
{
	int rc;

	takeover_discard(kernel);
	rc = inspect_owners(kernel, error);
	if (!rc && !kernel->side_by_side)
		inspect_version(kernel);
	return rc;
}

void takeover_discard(const struct kernel *kernel)
{
	char path[PIN_PATH_SIZE];

	for (int i = 0; i < MAP_COUNT; i++) {
		pin_path(path, kernel->instance, "next", map_shapes[i].name);
		unlink(path);
	}
}

static bool is_known(const char *name)
{
	struct device_side side;
	uint32_t ifindex;
	char known[64];

	if (tcx_is_pin(name, &side) || clsact_is_note(name, &ifindex) || source_is_pin(name))
		return true;
	for (int i = 0; i < MAP_COUNT; i++) {
		snprintf(known, sizeof(known), "map_%s", map_shapes[i].name);
		if (!strcmp(name, known))
			return true;
	}
	for (int i = 0; i < HOOK_COUNT; i++) {
		snprintf(known, sizeof(known), "%s_%s", hooks[i].kind->pin, hooks[i].name);
		if (!strcmp(name, known))
			return true;
	}
	return false;
}

/* Hooks and maps that only the other version had. */
static int remove_unknown(const struct kernel *kernel, struct error *error)
{
	int fd = openat(kernel->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return error_set(error, -errno, "cannot list the pins of instance %s: %s", kernel->instance,
				 strerror(errno));
	while (!rc && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && !is_known(entry->d_name))
			rc = instance_remove_pin(kernel->instance, entry->d_name, error);
	}
	closedir(dir);
	return rc;
}

/* The pin is made anew, since its file may belong to somebody else: the new one is root's. */
static int pin_link_anew(const struct kernel *kernel, enum kernel_hook hook)
{
	char path[PIN_PATH_SIZE], fresh[PIN_PATH_SIZE];

	hook_pin_path(path, kernel->instance, hook);
	pin_path(fresh, kernel->instance, "next", hooks[hook].name);
	unlink(fresh);
	if (bpf_obj_pin(kernel->links[hook], fresh) || rename(fresh, path))
		return -errno;
	return 0;
}

/* meta comes last: until then the instance is seen as of another version, and made anew again. */
static int rename_maps(const struct kernel *kernel)
{
	char from[PIN_PATH_SIZE], to[PIN_PATH_SIZE];

	for (int i = 0; i <= MAP_COUNT; i++) {
		int map = i < MAP_COUNT ? i : MAP_meta;

		if (i == MAP_meta)
			continue;
		pin_path(from, kernel->instance, "next", map_shapes[map].name);
		pin_path(to, kernel->instance, "map", map_shapes[map].name);
		if (rename(from, to))
			return -errno;
	}
	return 0;
}

static int refused_pins(const struct kernel *kernel, int rc, struct error *error)
{
	return error_set(error, rc, "cannot put the new pins of instance %s in place: %s", kernel->instance,
			 strerror(-rc));
}

int takeover_settle_hooks(struct kernel *kernel, struct error *error)
{
	int rc = 0;

	for (int i = 0; i < HOOK_COUNT && !rc; i++)
		if (!hooks[i].kind->replace)
			rc = pin_link_anew(kernel, i);
	return rc ? refused_pins(kernel, rc, error) : 0;
}

int takeover_settle(struct kernel *kernel, struct error *error)
{
	int rc = 0;

	for (int i = 0; i < HOOK_COUNT && !rc; i++)
		rc = pin_link_anew(kernel, i);
	if (!rc)
		rc = layers_pin_anew(kernel);
	if (!rc)
		rc = rename_maps(kernel);
	if (rc)
		return refused_pins(kernel, rc, error);
	kernel->side_by_side = false;
	before_close(kernel->before);
	kernel->before = NULL;
	return remove_unknown(kernel, error);
}
