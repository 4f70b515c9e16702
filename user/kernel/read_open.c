// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "read_open.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pins.h"
#include "egret_abi.h"

/* A pinned map is looked at before it is read: another version may have left it. */
static int check_abi(const struct kernel *kernel, struct error *error)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct egret_meta meta;

	if (bpf_obj_get_info_by_fd(kernel->maps[MAP_meta], &info, &len) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.value_size != sizeof(meta) || kernel_get_meta(kernel, &meta) ||
	    (meta.abi && meta.abi != EGRET_ABI_VERSION))
		return error_set(error, -EPROTO,
				 "instance %s was made by another version of Egret; "
				 "use that version, or take it down: egret detach --instance %s",
				 kernel->instance, kernel->instance);
	return 0;
}

static int check_sizes(const struct kernel *kernel, struct error *error)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		if (map_fits(kernel->maps[i], i))
			continue;
		return error_set(
		    error, -EPROTO,
		    "map %s of instance %s is of another version of Egret; "
		    "use that version, start this one's agent, or take it down: egret detach --instance %s",
		    map_shapes[i].name, kernel->instance, kernel->instance);
	}
	return 0;
}

static int open_pin(const struct kernel *kernel, const char *path)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = kernel->view ? BPF_F_RDONLY : 0);

	return bpf_obj_get_opts(path, &opts);
}

static int not_shared(const char *instance, struct error *error)
{
	return error_set(error, -EPERM,
			 "the maps of instance %s are not for group " KERNEL_VIEWERS ": start its agent anew, now that "
			 "there is such a group, and give this process the group and CAP_BPF",
			 instance);
}

static int open_map(struct kernel *kernel, enum kernel_map map, struct error *error)
{
	char path[PIN_PATH_SIZE];
	int rc;

	pin_path(path, kernel->instance, "map", map_shapes[map].name);
	kernel->maps[map] = open_pin(kernel, path);
	if (kernel->maps[map] >= 0)
		return 0;
	rc = -errno;
	if (kernel->view && (rc == -EPERM || rc == -EACCES))
		return not_shared(kernel->instance, error);
	if (rc == -EPERM || rc == -EACCES)
		return error_set(error, -EPERM, "reading the maps of instance %s needs root; use sudo",
				 kernel->instance);
	return error_set(error, rc, "no instance %s is running here; start it: egret run --policy FILE",
			 kernel->instance);
}

/* `meta` first: another version may not have all others. */
static int open_maps(struct kernel *kernel, struct error *error)
{
	int rc = open_map(kernel, MAP_meta, error);

	if (!rc)
		rc = check_abi(kernel, error);
	for (int i = 0; i < MAP_COUNT && !rc; i++)
		if (i != MAP_meta)
			rc = open_map(kernel, i, error);
	return rc;
}

int open_pinned(const char *instance, int protection, struct kernel **ret, struct error *error)
{
	struct kernel *kernel;
	int rc;

	rc = pins_check_name(instance, error);
	if (!rc)
		rc = kernel_check_pins(error);
	if (rc)
		return rc;
	kernel = handle_new(instance);
	if (!kernel)
		return error_set(error, -ENOMEM, "out of memory");
	rc = open_maps(kernel, error);
	for (int i = 0; i < HOOK_COUNT && !rc; i++)
		kernel->links[i] = hook_open(instance, i);
	if (!rc)
		rc = handle_map_config(kernel, protection, error);
	if (!rc)
		rc = check_sizes(kernel, error);
	if (rc) {
		handle_free(kernel);
		return rc;
	}
	*ret = kernel;
	return 0;
}

/* Is it the one that the copied configuration speaks of? Pins follow a switch of the policy a moment later. */
static bool is_of_slot(const struct kernel *kernel, enum kernel_map table, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), id, slot = handle_slot(kernel);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && !bpf_map_lookup_elem(kernel->maps[table], &slot, &id) &&
	       info.id == id;
}

/* Texts of rules are by their ids, which mean the same in the policy before. */
static void open_view_tables(struct kernel *kernel)
{
	const enum kernel_map *tables;
	size_t count = handle_view_tables(&tables);
	char path[PIN_PATH_SIZE];
	int fd;

	for (size_t i = 0; i < count; i++) {
		pin_path_now(path, kernel->instance, "map", map_shapes[tables[i]].name);
		fd = open_pin(kernel, path);
		if (fd >= 0 && (tables[i] == MAP_texts || is_of_slot(kernel, tables[i], fd)))
			kernel->view_tables[tables[i]] = fd;
		else if (fd >= 0)
			close(fd);
	}
}

/* Links can be opened by who may write to them only: of those a view has the pins. */
static int open_view(struct kernel *kernel, struct error *error)
{
	int rc = open_maps(kernel, error);

	if (!rc)
		rc = handle_copy_config(kernel, error);
	if (!rc)
		rc = check_sizes(kernel, error);
	if (!rc)
		open_view_tables(kernel);
	return rc;
}

size_t kernel_view_commands(const int **ret)
{
	/* What is opened is a map of which the file's mode says that it may be read. */
	static const int commands[] = {
	    BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_MAP_LOOKUP_BATCH, BPF_OBJ_GET, BPF_OBJ_GET_INFO_BY_FD,
	};

	*ret = commands;
	return sizeof(commands) / sizeof(*commands);
}

int kernel_view(const char *instance, const struct kernel **ret, struct error *error)
{
	struct kernel *kernel;
	int rc;

	rc = pins_check_name(instance, error);
	if (!rc)
		rc = pins_check_unlisted(error);
	if (rc == -EPERM && access(INSTANCES, F_OK) && errno == EACCES)
		return not_shared(instance, error);
	if (rc)
		return rc;
	kernel = handle_new(instance);
	if (!kernel)
		return error_set(error, -ENOMEM, "out of memory");
	kernel->view = true;
	rc = open_view(kernel, error);
	if (rc) {
		handle_free(kernel);
		return rc;
	}
	*ret = kernel;
	return 0;
}

int kernel_open(const char *instance, const struct kernel **ret, struct error *error)
{
	struct kernel *kernel;
	int rc = open_pinned(instance, PROT_READ, &kernel, error);

	if (!rc)
		*ret = kernel;
	return rc;
}

void kernel_close(const struct kernel *kernel)
{
	if (kernel)
		handle_free((struct kernel *)kernel);
}
