// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading the programs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cgroup_depth.h"
#include "hook_side.h"
#include "instance_carry.h"
#include "instance_takeover.h"
#include "instance_undo.h"
#include "pins.h"
#include "read_before.h"
#include "tick.h"
#include "write_teach.h"

#include "egret.skel.h"

/* libbpf's words go here, so that a refused load can quote the last of them. */
static char last_words[256];

static int keep_last_words(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		vsnprintf(last_words, sizeof(last_words), format, args);
	return 0;
}

/* The cookie of our network namespace. SO_NETNS_COOKIE: 5.14; 0 without it. */
static uint64_t own_netns(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

/* @ret: what has the map's name only until the programs are loaded: a map that is reused brings its own. */
static int pin_maps(struct kernel *kernel, struct bpf_map *ret[static MAP_COUNT])
{
	char path[PIN_PATH_SIZE];
	int rc;

	for (int i = 0; i < MAP_COUNT; i++) {
		ret[i] = bpf_object__find_map_by_name(kernel->skeleton->obj, map_shapes[i].name);
		if (!ret[i])
			return -ENOENT;
		pin_path(path, kernel->instance, kernel->side_by_side ? "next" : "map", map_shapes[i].name);
		rc = bpf_map__set_pin_path(ret[i], path);
		if (rc)
			return rc;
	}
	return 0;
}

/* A link whose cgroup was removed governs nothing, and never will again: it counts as no link. */
static void open_pinned_hooks(struct kernel *kernel)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		kernel->links[i] = hook_open(kernel->instance, i);
		if (kernel->links[i] >= 0 && !hooks[i].kind->is_attached(kernel->links[i])) {
			close(kernel->links[i]);
			kernel->links[i] = -1;
		}
		kernel->was_running |= kernel->links[i] >= 0 && hooks[i].kind != &hook_tracepoint;
	}
}

/* A running instance may not be moved to another cgroup behind its user's back. */
static int check_same_cgroup(const struct kernel *kernel, int cgroup_fd, struct error *error)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		int same = kernel->links[i] < 0 ? 1 : hooks[i].kind->same_target(kernel->links[i], cgroup_fd);

		if (same < 0)
			return error_set(error, same, "cannot tell which cgroup instance %s is to govern: %s",
					 kernel->instance, strerror(-same));
		if (same)
			continue;
		return error_set(error, -EBUSY,
				 "instance %s governs another cgroup, and goes on with that; take it down first: "
				 "egret detach --instance %s; or choose another --instance",
				 kernel->instance, kernel->instance);
	}
	return 0;
}

static int refused_load(int rc, struct error *error)
{
	last_words[strcspn(last_words, "\n")] = '\0';
	if (rc == -EPERM)
		return error_set(error, rc,
				 "the kernel does not let Egret load its programs (%s); run it as root, with no "
				 "seccomp or lockdown=confidentiality in the way",
				 last_words);
	return error_set(error, rc, "the kernel refused Egret's programs (%s: %s)", strerror(-rc), last_words);
}

/* Peers that sockets remember must still verify, and addresses be found, when an agent adopts
 * the instance. */
static void read_hash_keys(const struct kernel *kernel, struct egret_meta *meta)
{
	char path[PIN_PATH_SIZE];
	struct bpf_map_info info = {};
	__u32 zero = 0, len = sizeof(info);
	int fd;

	pin_path(path, kernel->instance, "map", map_shapes[MAP_meta].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.value_size == sizeof(*meta))
		bpf_map_lookup_elem(fd, &zero, meta);
	close(fd);
}

static int choose_hash_keys(struct kernel *kernel, struct egret_meta *meta)
{
	if (!kernel->side_by_side)
		read_hash_keys(kernel, meta);
	else if (kernel->before)
		memcpy(meta->hash_keys, before_hash_keys(kernel->before),
		       BEFORE_HASH_KEYS * sizeof(meta->hash_keys[0]));
	if (!meta->hash_keys[0] && getrandom(meta->hash_keys, sizeof(meta->hash_keys), 0) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(meta->hash_keys) / sizeof(meta->hash_keys[0]); i++) {
		meta->hash_keys[i] |= 1;
		kernel->skeleton->rodata->hash_keys[i] = meta->hash_keys[i];
		kernel->hash_keys[i] = meta->hash_keys[i];
	}
	return 0;
}

/* Where the depth cannot be told nobody is taken for governed, and the proof of the layers says so. */
static void tell_governed(struct kernel *kernel, int cgroup_fd)
{
	uint64_t id;
	int depth = cgroup_depth(cgroup_fd, &id);

	if (!depth)
		return; /* the root: all are governed */
	kernel->skeleton->rodata->governed_cgroup = depth < 0 ? UINT64_MAX : id;
	kernel->skeleton->rodata->governed_depth = depth < 0 ? 0 : (uint32_t)depth;
}

/* An instance of exec looks at no devices: without these programs, a fifth of what the kernel has to verify, the
 * command begins sooner. */
static void choose_programs(struct kernel *kernel)
{
	if (!kernel->of_exec)
		return;
	bpf_program__set_autoload(kernel->skeleton->progs.egret_device, false);
	bpf_program__set_autoload(kernel->skeleton->progs.egret_uplink, false);
}

static int load_programs(struct kernel *kernel, int cgroup_fd, struct error *error)
{
	struct bpf_map *maps[MAP_COUNT];
	struct egret_meta meta = {};
	struct stat netns;
	int rc;

	libbpf_set_print(keep_last_words);
	kernel->skeleton = egret_bpf__open();
	if (!kernel->skeleton)
		return error_set(error, -errno, "cannot read the BPF object: %s", strerror(errno));
	kernel->skeleton->rodata->ticks_per_sec = tick_hz();
	kernel->skeleton->rodata->node_netns = own_netns();
	if (!kernel->skeleton->rodata->node_netns && !stat("/proc/self/ns/net", &netns))
		kernel->skeleton->rodata->node_netns_inode = netns.st_ino;
	tell_governed(kernel, cgroup_fd);
	choose_programs(kernel);
	rc = choose_hash_keys(kernel, &meta);
	if (rc)
		return error_set(error, rc, "no random numbers: %s", strerror(-rc));
	rc = pin_maps(kernel, maps);
	if (!rc)
		rc = carry_sockets(kernel);
	if (!rc)
		rc = egret_bpf__load(kernel->skeleton);
	if (rc)
		return refused_load(rc, error);
	for (int i = 0; i < MAP_COUNT; i++) {
		kernel->maps[i] = fcntl(bpf_map__fd(maps[i]), F_DUPFD_CLOEXEC, 3);
		if (kernel->maps[i] < 0)
			return error_set(error, -errno, "cannot keep a map open: %s", strerror(errno));
	}
	kernel->has_tcx = !kernel->of_exec && tcx_works(bpf_program__fd(kernel->skeleton->progs.egret_device));
	return kernel_set_meta(kernel, &meta);
}

int kernel_load(struct kernel *kernel, int cgroup_fd, struct error *error)
{
	int rc;

	open_pinned_hooks(kernel);
	rc = check_same_cgroup(kernel, cgroup_fd, error);
	if (!rc)
		rc = takeover_inspect(kernel, error);
	if (!rc)
		rc = load_programs(kernel, cgroup_fd, error);
	if (!rc)
		rc = handle_map_config(kernel, PROT_READ | PROT_WRITE, error);
	if (!rc && (wanted_open(kernel) || denied_open(kernel)))
		rc = error_set(error, -errno, "cannot read the rings that programs write to: %s", strerror(errno));
	if (!rc)
		rc = undo_remember(kernel, error);
	if (!rc)
		carry_rules(kernel);
	if (rc)
		kernel_undo(kernel);
	return rc;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	undo_forget(kernel);
	before_close(kernel->before);
	ring_buffer__free(kernel->wanted);
	ring_buffer__free(kernel->denied);
	egret_bpf__destroy(kernel->skeleton);
	handle_free(kernel);
}

const char *kernel_takeover_note(const struct kernel *kernel)
{
	return kernel->note;
}

bool kernel_is_side_by_side(const struct kernel *kernel)
{
	return kernel->side_by_side;
}

bool kernel_was_running(const struct kernel *kernel)
{
	return kernel->was_running;
}
