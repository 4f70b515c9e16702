// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs of devices by links (tcx, 6.6), pinned as tcx_IFINDEX_in and tcx_IFINDEX_out. They run before all filters
 * of qdiscs, and no qdisc is needed. A link outlives its device, and then says so with ifindex 0.
 */
#include "hook_side.h"
#include "hook_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"

/* include/uapi/linux/bpf.h of 6.6; libbpf 1.1 and its headers are older, and pass them on. */
#define ATTACH_TCX_INGRESS ((enum bpf_attach_type)46)
#define ATTACH_TCX_EGRESS  ((enum bpf_attach_type)47)
#define LINK_TYPE_TCX      11
#define FLAG_BEFORE        (1U << 3) /* with no program named: before all */

/* No device has it: dev_new_index() counts up from 1. */
#define IFINDEX_OF_NONE INT32_MAX

#define PREFIX "tcx_"

static const char *const place_names[LAYER_PLACE_COUNT] = {[LAYER_INGRESS] = "in", [LAYER_EGRESS] = "out"};

static enum bpf_attach_type attach_type(enum layer_place place)
{
	return place == LAYER_INGRESS ? ATTACH_TCX_INGRESS : ATTACH_TCX_EGRESS;
}

static void side_pin_path(char buf[static PIN_PATH_SIZE], const struct device_side *side)
{
	snprintf(buf, PIN_PATH_SIZE, INSTANCES "/%s/" PREFIX "%u_%s", side->instance, side->ifindex,
		 place_names[side->place]);
}

bool tcx_is_pin(const char *name, struct device_side *ret)
{
	char again[64];

	for (int place = 0; place < LAYER_PLACE_COUNT; place++) {
		if (sscanf(name, PREFIX "%u_", &ret->ifindex) != 1)
			return false;
		ret->place = (enum layer_place)place;
		snprintf(again, sizeof(again), PREFIX "%u_%s", ret->ifindex, place_names[place]);
		if (!strcmp(name, again))
			return true;
	}
	return false;
}

/* bpf_link_info.tcx has `ifindex` where .xdp has it, and `attach_type` where .netns has it. */
static bool stands_at(int fd, const struct device_side *side)
{
	struct bpf_link_info info;

	return !hook_link_info(fd, &info) && info.type == LINK_TYPE_TCX && info.xdp.ifindex == side->ifindex &&
	       info.netns.attach_type == attach_type(side->place);
}

/* -ENOENT also of what outlived its device. */
static int open_link(const struct device_side *side)
{
	char path[PIN_PATH_SIZE];
	int fd;

	side_pin_path(path, side);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	if (stands_at(fd, side))
		return fd;
	close(fd);
	return -ENOENT;
}

static int put_anew(const struct device_side *side, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FLAG_BEFORE);
	char path[PIN_PATH_SIZE];
	int fd = bpf_link_create(program_fd, (int)side->ifindex, attach_type(side->place), &options), rc;

	if (fd < 0)
		return -errno;
	side_pin_path(path, side);
	unlink(path); /* of what outlived its device */
	rc = bpf_obj_pin(fd, path) ? -errno : 0;
	close(fd);
	return rc;
}

static int put(const struct device_side *side, int program_fd)
{
	int fd = open_link(side), rc;

	if (fd == -ENOENT)
		return put_anew(side, program_fd);
	if (fd < 0)
		return fd;
	rc = bpf_link_update(fd, program_fd, NULL) ? -errno : 0;
	close(fd);
	return rc;
}

static int program(const struct device_side *side)
{
	int fd = open_link(side), rc;

	if (fd < 0)
		return fd;
	rc = hook_link_program(fd);
	close(fd);
	return rc;
}

int tcx_cut(const char *path)
{
	int fd = bpf_obj_get(path), rc;

	if (fd < 0)
		return -errno;
	/* Whoever else has it open; one without its device is detached already. */
	rc = bpf_link_detach(fd) && errno != ENOLINK ? -errno : 0;
	close(fd);
	return !rc && unlink(path) && errno != ENOENT ? -errno : rc;
}

static int take_away(const struct device_side *side)
{
	char path[PIN_PATH_SIZE];

	side_pin_path(path, side);
	return tcx_cut(path);
}

int tcx_pin_anew(const struct device_side *side)
{
	char path[PIN_PATH_SIZE], name[32], fresh[PIN_PATH_SIZE];
	int fd = open_link(side), rc = 0;

	if (fd < 0)
		return fd;
	side_pin_path(path, side);
	snprintf(name, sizeof(name), PREFIX "%u_%s", side->ifindex, place_names[side->place]);
	pin_path(fresh, side->instance, "next", name);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh) || rename(fresh, path))
		rc = -errno;
	close(fd);
	return rc;
}

/* -EINVAL: the kernel has no such kind of link. One that has it looks for the device. */
bool tcx_works(int program_fd)
{
	int fd = bpf_link_create(program_fd, IFINDEX_OF_NONE, ATTACH_TCX_INGRESS, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno == ENODEV;
}

const struct side_way side_tcx = {.put = put, .program = program, .take_away = take_away};
