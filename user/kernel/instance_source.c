// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The traced programs of the layer source. The kernel has no way to put another program under such a link: a new one is
 * attached beside the old one, which goes when the new one is pinned in its place.
 */
#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cgroup_depth.h"
#include "handle.h"
#include "hook_link.h"
#include "instance_source.h"
#include "pins.h"

#include "source.skel.h"

#define PIN "source"

static const char *const labels[] = {
#define LABEL(symbol, label, where) label,
    EGRET_SOURCES(LABEL)
#undef LABEL
};

static void source_pin_path(char buf[static PIN_PATH_SIZE], const struct kernel *kernel, enum egret_source source)
{
	pin_path(buf, kernel->instance, PIN, labels[source]);
}

/* Also of a program that only another version has. */
bool source_is_pin(const char *pin)
{
	return !strncmp(pin, PIN "_", strlen(PIN "_"));
}

/* --- loading --- */

static int keep_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

/* By their names: all that the object has are the instance's. */
static int share_maps(const struct kernel *kernel, struct source_bpf *skeleton)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skeleton->obj, map_shapes[i].name);
		int rc = map ? bpf_map__reuse_fd(map, kernel->maps[i]) : -ENOENT;

		if (rc)
			return rc;
	}
	return 0;
}

/* Where the depth cannot be told nobody is governed, and the proof says so. */
static void tell_governed(struct source_bpf *skeleton, int cgroup_fd)
{
	uint64_t id = 0;
	int depth = cgroup_depth(cgroup_fd, &id);

	if (!depth)
		return; /* the root */
	skeleton->rodata->governed_cgroup = depth < 0 ? UINT64_MAX : id;
	skeleton->rodata->governed_depth = depth < 0 ? 0 : (uint32_t)depth;
}

static int load(const struct kernel *kernel, int cgroup_fd, struct source_bpf **ret)
{
	libbpf_print_fn_t before = libbpf_set_print(keep_quiet);
	struct source_bpf *skeleton = source_bpf__open();
	int rc = skeleton ? share_maps(kernel, skeleton) : -errno;

	if (!rc) {
		tell_governed(skeleton, cgroup_fd);
		rc = source_bpf__load(skeleton);
	}
	libbpf_set_print(before);
	if (rc)
		source_bpf__destroy(skeleton);
	else
		*ret = skeleton;
	return rc;
}

/* --- attaching --- */

static void note_lack(struct kernel *kernel, enum egret_source source, const char *what, int rc)
{
	snprintf(kernel->source_lacks[source], sizeof(kernel->source_lacks[source]), "its program cannot be %s: %s",
		 what, strerror(-rc));
}

/* BPF_RAW_TRACEPOINT_OPEN without a name: 5.5. */
static int attach_one(struct kernel *kernel, enum egret_source source, int program_fd)
{
	char path[PIN_PATH_SIZE], fresh[PIN_PATH_SIZE];
	int fd = bpf_raw_tracepoint_open(NULL, program_fd), rc = 0;

	if (fd < 0)
		return -errno;
	source_pin_path(path, kernel, source);
	pin_path(fresh, kernel->instance, "next", labels[source]);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh) || rename(fresh, path))
		rc = -errno;
	if (rc) {
		unlink(fresh);
		close(fd);
		return rc;
	}
	kernel->sources[source] = fd;
	return 0;
}

/* A program of before is not to go on by maps that nobody writes any more. */
static void unpin(const struct kernel *kernel, enum egret_source source)
{
	char path[PIN_PATH_SIZE];

	source_pin_path(path, kernel, source);
	unlink(path);
}

static void close_link(struct kernel *kernel, enum egret_source source)
{
	if (kernel->sources[source] >= 0)
		close(kernel->sources[source]);
	kernel->sources[source] = -1;
}

static bool stand(const struct kernel *kernel)
{
	for (int i = 0; i < EGRET_SOURCE_TRACED; i++)
		if (kernel->sources[i] < 0)
			return false;
	return true;
}

static void attach_all(struct kernel *kernel, const struct source_bpf *skeleton)
{
	const struct bpf_program *const programs[EGRET_SOURCE_TRACED] = {
	    [EGRET_SOURCE_FAMILIES] = skeleton->progs.egret_source_families,
	    [EGRET_SOURCE_FRAMES] = skeleton->progs.egret_source_frames,
	    [EGRET_SOURCE_OPTIONS] = skeleton->progs.egret_source_options,
	};

	for (int i = 0; i < EGRET_SOURCE_TRACED; i++) {
		int rc = kernel->sources[i] >= 0 ? 0 : attach_one(kernel, i, bpf_program__fd(programs[i]));

		kernel->source_lacks[i][0] = '\0';
		if (!rc)
			continue;
		note_lack(kernel, i, "attached", rc);
		unpin(kernel, i);
	}
}

void kernel_source_attach(struct kernel *kernel, int cgroup_fd)
{
	struct source_bpf *skeleton = NULL;
	int rc = stand(kernel) ? 0 : load(kernel, cgroup_fd, &skeleton);

	for (int i = 0; i < EGRET_SOURCE_TRACED && rc; i++) {
		note_lack(kernel, i, "loaded", rc);
		unpin(kernel, i);
	}
	if (!skeleton)
		return;
	attach_all(kernel, skeleton);
	source_bpf__destroy(skeleton);
}

void kernel_source_detach(struct kernel *kernel)
{
	for (int i = 0; i < EGRET_SOURCE_TRACED; i++) {
		kernel->source_lacks[i][0] = '\0';
		unpin(kernel, i);
		close_link(kernel, i);
	}
}

const char *kernel_source_lacks(const struct kernel *kernel, enum egret_source source)
{
	if (source >= EGRET_SOURCE_TRACED || !kernel->source_lacks[source][0])
		return NULL;
	return kernel->source_lacks[source];
}

/* --- what stands --- */

static uint64_t missed_by(int link_fd)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd = hook_link_program(link_fd);

	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.recursion_misses = 0;
	close(fd);
	return info.recursion_misses;
}

void kernel_source_get(const struct kernel *kernel, enum egret_source source, struct kernel_source *ret)
{
	char path[PIN_PATH_SIZE];
	int fd;

	*ret = (struct kernel_source){};
	source_pin_path(path, kernel, source);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	ret->attached = true;
	ret->missed = missed_by(fd);
	close(fd);
}
