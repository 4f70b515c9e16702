// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The pins of an instance: names, opening, taking down. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "folder.h"
#include "egret_abi.h"

#define NAME_ENTRY(name, ...) #name,
const char *const kernel_map_names[MAP_COUNT] = {EGRET_MAPS(NAME_ENTRY)};
const char *const kernel_hook_names[HOOK_COUNT] = {KERNEL_HOOKS(NAME_ENTRY)};

void instance_pin_path(char buf[static PIN_PATH_SIZE], const char *instance, const char *kind, const char *name)
{
	snprintf(buf, PIN_PATH_SIZE, INSTANCES "/%s/%s_%s", instance, kind, name);
}

int instance_check_name(const char *instance, struct error *error)
{
	size_t len = strlen(instance);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)instance[i]) && instance[i] != '-' && instance[i] != '_')
			len = 0;
	if (len && len < sizeof(((struct kernel *)0)->instance))
		return 0;
	return error_set(error, -EINVAL, "\"%s\" cannot name an instance; use up to 63 letters, digits, - and _",
			 instance);
}

struct kernel *kernel_alloc(const char *instance)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return NULL;
	snprintf(kernel->instance, sizeof(kernel->instance), "%s", instance);
	kernel->dir_fd = kernel->buckets.fd = kernel->inner_ports = -1;
	for (int i = 0; i < MAP_COUNT; i++)
		kernel->maps[i] = -1;
	for (int i = 0; i < HOOK_COUNT; i++)
		kernel->links[i] = -1;
	return kernel;
}

int kernel_map_config(struct kernel *kernel, bool writable, struct error *error)
{
	int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *page;

	page = mmap(NULL, sizeof(*kernel->config), protection, MAP_SHARED, kernel->maps[MAP_config], 0);
	if (page == MAP_FAILED)
		return error_set(error, -errno, "cannot map the configuration of instance %s: %s", kernel->instance,
				 strerror(errno));
	kernel->config = page;
	kernel->writable = writable;
	return 0;
}

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

struct sizes {
	uint32_t key, value;
};

#define SIZES_OF(key, value)                                                                                           \
	{                                                                                                              \
		sizeof(key), sizeof(value)                                                                             \
	}

/* The kernel copies as much as a map's values hold, whatever the reader has room for. */
static const struct sizes map_sizes[MAP_COUNT] = {
    [MAP_addrs] = SIZES_OF(uint32_t, struct egret_bucket),
    [MAP_cidrs] = SIZES_OF(struct egret_cidr_key, struct egret_target),
    [MAP_ports] = SIZES_OF(uint32_t, struct egret_port),
    [MAP_rules] = SIZES_OF(uint32_t, struct egret_rule),
    [MAP_texts] = SIZES_OF(uint32_t, struct egret_rule_text),
    [MAP_lists] = SIZES_OF(uint64_t, struct egret_target),
    [MAP_config] = SIZES_OF(uint32_t, struct egret_config),
    [MAP_meta] = SIZES_OF(uint32_t, struct egret_meta),
    [MAP_hits] = SIZES_OF(uint32_t, struct egret_hit),
    [MAP_classes] = SIZES_OF(uint64_t, struct egret_class),
    [MAP_subjects] = SIZES_OF(uint64_t, struct egret_subject),
    [MAP_names] = SIZES_OF(uint32_t, struct egret_name),
    [MAP_sockets] = SIZES_OF(int, struct egret_sock),
    [MAP_flows] = SIZES_OF(struct egret_flow_key, struct egret_flow),
    [MAP_arrivals] = SIZES_OF(struct egret_flow_key, struct egret_flow),
    [MAP_counters] = SIZES_OF(uint32_t, struct egret_counter),
    [MAP_reasons] = SIZES_OF(uint32_t, struct egret_counter),
    [MAP_drops] = SIZES_OF(struct egret_drop_key, struct egret_drop),
    [MAP_existing] = SIZES_OF(uint64_t, struct egret_existing),
    [MAP_queries] = SIZES_OF(int, struct egret_queries),
    [MAP_streams] = SIZES_OF(int, struct egret_stream_bytes),
    [MAP_crowds] = SIZES_OF(int, struct egret_crowd),
    [MAP_wanted] = {0, 0}, /* a ring has neither */
    [MAP_learned] = SIZES_OF(struct egret_learned_key, struct egret_learned),
    [MAP_rings] = SIZES_OF(struct egret_ring_key, struct egret_learned_key),
    [MAP_teachers] = SIZES_OF(uint64_t, struct egret_teacher),
    [MAP_asked] = SIZES_OF(uint64_t, struct egret_asked),
    [MAP_seen] = SIZES_OF(uint32_t, struct egret_seen_bucket),
    [MAP_lessons] = SIZES_OF(uint32_t, struct egret_counter),
    [MAP_epoch] = SIZES_OF(uint32_t, uint32_t),
};

static bool has_sizes(int fd, uint32_t key_size, uint32_t value_size)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.key_size == key_size && info.value_size == value_size;
}

/* The first maps hold tables, one a slot; a slot may still be empty. */
static bool table_fits(int outer_fd, enum kernel_map map)
{
	if (!has_sizes(outer_fd, sizeof(uint32_t), sizeof(uint32_t)))
		return false;
	for (uint32_t slot = 0; slot < EGRET_POLICY_SLOTS; slot++) {
		uint32_t id;
		bool fits;
		int fd;

		if (bpf_map_lookup_elem(outer_fd, &slot, &id))
			continue;
		fd = bpf_map_get_fd_by_id(id);
		if (fd < 0)
			continue;
		fits = has_sizes(fd, map_sizes[map].key, map_sizes[map].value);
		close(fd);
		if (!fits)
			return false;
	}
	return true;
}

bool instance_map_fits(int fd, enum kernel_map map)
{
	return kernel_map_is_table(map) ? table_fits(fd, map) : has_sizes(fd, map_sizes[map].key, map_sizes[map].value);
}

static int check_sizes(const struct kernel *kernel, struct error *error)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		if (instance_map_fits(kernel->maps[i], i))
			continue;
		return error_set(
		    error, -EPROTO,
		    "map %s of instance %s is of another version of Egret; "
		    "use that version, start this one's agent, or take it down: egret detach --instance %s",
		    kernel_map_names[i], kernel->instance, kernel->instance);
	}
	return 0;
}

int kernel_open(const char *instance, struct kernel **ret, struct error *error)
{
	char path[PIN_PATH_SIZE];
	struct kernel *kernel;
	int rc;

	rc = instance_check_name(instance, error);
	if (!rc)
		rc = kernel_check_pins(error);
	if (rc)
		return rc;
	kernel = kernel_alloc(instance);
	if (!kernel)
		return error_set(error, -ENOMEM, "out of memory");
	for (int i = 0; i < MAP_COUNT; i++) {
		instance_pin_path(path, instance, "map", kernel_map_names[i]);
		kernel->maps[i] = bpf_obj_get(path);
		if (kernel->maps[i] >= 0)
			continue;
		rc = -errno;
		if (rc == -EPERM || rc == -EACCES)
			error_set(error, -EPERM, "reading the maps of instance %s needs root; use sudo", instance);
		else
			error_set(error, rc, "no instance %s is running here; start it: egret run --policy FILE",
				  instance);
		goto out;
	}
	for (int i = 0; i < HOOK_COUNT; i++) {
		instance_pin_path(path, instance, "link", kernel_hook_names[i]);
		kernel->links[i] = bpf_obj_get(path);
	}
	rc = check_abi(kernel, error);
	if (!rc)
		rc = kernel_map_config(kernel, false, error);
	if (!rc)
		rc = check_sizes(kernel, error);
	if (rc)
		goto out;
	*ret = kernel;
	return 0;
out:
	kernel_free(kernel);
	return rc;
}

uint64_t link_cgroup(int link_fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	/* A link whose cgroup was removed is dead, and says so with cgroup id 0. */
	if (link_fd < 0 || bpf_obj_get_info_by_fd(link_fd, &info, &len))
		return 0;
	return info.cgroup.cgroup_id;
}

bool kernel_is_attached(const struct kernel *kernel, const char **ret_missing)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		if (link_cgroup(kernel->links[i]))
			continue;
		if (ret_missing)
			*ret_missing = kernel_hook_names[i];
		return false;
	}
	return true;
}

bool kernel_is_pinned(const struct kernel *kernel)
{
	char path[PIN_PATH_SIZE];

	instance_pin_path(path, kernel->instance, "link", kernel_hook_names[HOOK_egress]);
	return !access(path, F_OK);
}

/* A holder that still runs has the link open: it is cut, not only unpinned. */
static int cut_link(const char *path, struct error *error)
{
	int fd = bpf_obj_get(path), rc = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	/* BPF_LINK_DETACH: 5.9. A link without its cgroup is detached already. */
	if (bpf_link_detach(fd) && errno != ENOLINK && errno != EINVAL)
		rc = error_set(error, -errno, "cannot detach %s: %s", path, strerror(errno));
	close(fd);
	return rc;
}

int instance_remove_pin(const char *instance, const char *name, struct error *error)
{
	char path[PIN_PATH_SIZE];
	int rc = 0;

	snprintf(path, sizeof(path), INSTANCES "/%s/%s", instance, name);
	if (!strncmp(name, "link_", strlen("link_")))
		rc = cut_link(path, error);
	if (!rc && unlink(path) && errno != ENOENT)
		rc = error_set(error, -errno, "cannot remove %s: %s", path, strerror(errno));
	return rc;
}

/* All pins that begin with @prefix, those of other versions included. */
static int remove_pins(const char *instance, const char *prefix, struct error *error)
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
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			rc = instance_remove_pin(instance, entry->d_name, error);
	}
	closedir(dir);
	return rc;
}

int instance_remove(const char *instance, struct error *error)
{
	static const char *const kinds[] = {"link_", "map_", "next_", EXEC_NOTE};
	char path[PIN_PATH_SIZE];
	int rc = 0;

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	/* Last attached, first cut: egress must not judge sockets without a stamp. */
	for (int i = HOOK_COUNT - 1; i >= 0 && !rc; i--) {
		char name[64];

		snprintf(name, sizeof(name), "link_%s", kernel_hook_names[i]);
		rc = instance_remove_pin(instance, name, error);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !rc; i++)
		rc = remove_pins(instance, kinds[i], error);
	if (rc)
		return rc;
	if (rmdir(path))
		return error_set(error, -errno, "cannot remove %s: %s; something else was pinned there", path,
				 strerror(errno));
	rmdir(INSTANCES); /* stays while other instances are there */
	return 0;
}

int kernel_detach(const char *instance, struct error *error)
{
	char path[PIN_PATH_SIZE];
	struct stat st;
	int rc;

	rc = instance_check_name(instance, error);
	if (!rc)
		rc = kernel_check_pins(error);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	if (lstat(path, &st))
		return error_set(error, -ENOENT, "no instance %s is running here", instance);
	if (!S_ISDIR(st.st_mode))
		return error_set(error, -ENOTDIR, "%s is a link or a file, which Egret did not make", path);
	return instance_remove(instance, error);
}

bool kernel_is_there(const char *instance)
{
	char path[PIN_PATH_SIZE];

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	return *instance && !access(path, F_OK);
}

bool kernel_is_held(const char *instance)
{
	char path[PIN_PATH_SIZE];
	bool held;
	int fd;

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

int kernel_each_instance(void (*visit)(void *context, const char *instance), void *context)
{
	struct error ignored;
	struct dirent *entry;
	int rc = kernel_check_pins(&ignored);
	DIR *dir;

	if (rc)
		return rc;
	dir = opendir(INSTANCES);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			visit(context, entry->d_name);
	closedir(dir);
	return 0;
}
