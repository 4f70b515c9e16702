// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "instance_layers.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "hook_side.h"
#include "instance_folder.h"

#include "egret.skel.h"

int layers_program(const struct kernel *kernel, enum layer_place place)
{
	return bpf_program__fd(place == LAYER_INGRESS ? kernel->skeleton->progs.egret_device
						      : kernel->skeleton->progs.egret_uplink);
}

/* --- at one device --- */

static const char *hint(int rc)
{
	switch (rc) {
	case -EINVAL:
		return "; a filter of priority 1 that is no BPF program stands in the way (tc filter show shows it)";
	case -ENOENT:
		return "; this kernel has no qdisc clsact or no BPF filter (modules sch_ingress, cls_bpf)";
	default:
		return "";
	}
}

static int refused_side(const struct device_side *side, int rc, struct error *error)
{
	const char *what = side->place == LAYER_INGRESS ? "comes in by" : "leaves by";
	char name[IF_NAMESIZE] = "";

	if_indextoname(side->ifindex, name);
	if (rc == -ENODEV)
		return error_set(error, rc, "device %u is gone", side->ifindex);
	if (rc == -EBUSY)
		return error_set(
		    error, rc,
		    "device %s has a qdisc \"ingress\", which leaves no room to look at what leaves by it; "
		    "look who made it, and remove it: tc qdisc del dev %s ingress",
		    name, name);
	if (rc == -EEXIST)
		return error_set(error, rc,
				 "somebody else's program has Egret's place at device %s; look at it: tc filter show "
				 "dev %s ingress; tc filter show dev %s egress",
				 name, name, name);
	return error_set(error, rc, "cannot look at what %s device %s (%u): %s%s", what, name, side->ifindex,
			 strerror(-rc), hint(rc));
}

static int put(const struct kernel *kernel, const struct device_side *side)
{
	int program_fd = layers_program(kernel, side->place), rc = -EINVAL;

	if (kernel->has_tcx)
		rc = side_tcx.put(side, program_fd);
	/* Some devices may know no links. */
	return rc == -EINVAL || rc == -EOPNOTSUPP ? side_clsact.put(side, program_fd) : rc;
}

int kernel_layer_attach(struct kernel *kernel, uint32_t ifindex, enum layer_place place, struct error *error)
{
	const struct device_side side = {kernel->instance, ifindex, place};
	int rc;

	if (!kernel->config->generation)
		return error_set(error, -ESTALE, "instance %s has no policy, or was detached", kernel->instance);
	rc = put(kernel, &side);
	if (rc == -ENOENT && !folder_is_there(kernel))
		return error_set(error, -ESTALE, "instance %s was detached", kernel->instance);
	return rc ? refused_side(&side, rc, error) : 0;
}

static int take_away(const struct side_way *way, const struct device_side *side)
{
	int rc = way->take_away(side);

	return rc == -ENOENT || rc == -ENODEV ? 0 : rc;
}

int kernel_layer_detach(struct kernel *kernel, uint32_t ifindex, enum layer_place place)
{
	const struct device_side side = {kernel->instance, ifindex, place};
	int rc = take_away(&side_tcx, &side), of_filter = take_away(&side_clsact, &side);

	return rc ? rc : of_filter;
}

bool kernel_layer_has_tcx(const struct kernel *kernel)
{
	return kernel->has_tcx;
}

/* --- at all devices --- */

/* Of distinct programs there are few, and of sides many. */
struct program {
	uint32_t id;
	int fd;
};

struct stood {
	const struct side_way *way;
	uint32_t ifindex;
	enum layer_place place;
	size_t program; /* index of .programs */
};

struct layers_before {
	struct stood *sides;
	size_t side_count;
	struct program *programs;
	size_t program_count;
};

static uint32_t id_of(int program_fd)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(program_fd, &info, &len) ? 0 : info.id;
}

/* Keeps @fd, or closes it. Returns the program's index. */
static int keep_program(struct layers_before *before, int fd)
{
	uint32_t id = id_of(fd);
	struct program *more;

	for (size_t i = 0; i < before->program_count; i++) {
		if (before->programs[i].id != id)
			continue;
		close(fd);
		return (int)i;
	}
	more = realloc(before->programs, (before->program_count + 1) * sizeof(*more));
	if (!more) {
		close(fd);
		return -ENOMEM;
	}
	before->programs = more;
	more[before->program_count] = (struct program){id, fd};
	return (int)before->program_count++;
}

static int remember_side(void *context, const struct side_way *way, const struct device_side *side)
{
	struct layers_before *before = context;
	struct stood *more;
	int fd = way->program(side), program;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENODEV ? 0 : fd;
	program = keep_program(before, fd);
	if (program < 0)
		return program;
	more = realloc(before->sides, (before->side_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	before->sides = more;
	more[before->side_count++] = (struct stood){way, side->ifindex, side->place, (size_t)program};
	return 0;
}

int layers_remember(const struct kernel *kernel, struct layers_before **ret)
{
	struct layers_before *before = calloc(1, sizeof(*before));
	int rc;

	if (!before)
		return -ENOMEM;
	rc = side_each(kernel->instance, remember_side, before);
	if (rc) {
		layers_forget(before);
		return rc;
	}
	*ret = before;
	return 0;
}

void layers_forget(struct layers_before *before)
{
	if (!before)
		return;
	for (size_t i = 0; i < before->program_count; i++)
		close(before->programs[i].fd);
	free(before->programs);
	free(before->sides);
	free(before);
}

static int restore_side(void *context, const struct side_way *way, const struct device_side *side)
{
	const struct layers_before *before = context;

	for (size_t i = 0; i < before->side_count; i++) {
		const struct stood *stood = &before->sides[i];

		if (stood->way == way && stood->ifindex == side->ifindex && stood->place == side->place) {
			way->put(side, before->programs[stood->program].fd);
			return 0;
		}
	}
	way->take_away(side);
	return 0;
}

void layers_restore(const struct kernel *kernel, const struct layers_before *before)
{
	side_each(kernel->instance, restore_side, (void *)before);
}

static int replace_side(void *context, const struct side_way *way, const struct device_side *side)
{
	const struct kernel *kernel = context;
	int rc = way->put(side, layers_program(kernel, side->place));

	return rc == -ENODEV ? 0 : rc;
}

int layers_replace(const struct kernel *kernel, struct error *error)
{
	int rc = side_each(kernel->instance, replace_side, (void *)kernel);

	return rc ? error_set(error, rc, "cannot replace the programs at devices of instance %s: %s", kernel->instance,
			      strerror(-rc))
		  : 0;
}

static int pin_anew(void *context, const struct side_way *way, const struct device_side *side)
{
	int rc = way == &side_tcx ? tcx_pin_anew(side) : 0;

	(void)context;
	return rc == -ENOENT ? 0 : rc; /* of a device that is gone */
}

int layers_pin_anew(const struct kernel *kernel)
{
	return side_each(kernel->instance, pin_anew, NULL);
}

struct removal {
	int count;
	struct error *error;
};

static int remove_filter(void *context, const struct side_way *way, const struct device_side *side)
{
	struct removal *removal = context;
	int rc = way == &side_clsact ? take_away(way, side) : 0;

	if (rc)
		return error_set(removal->error, rc, "cannot remove the filter of instance %s at device %u: %s",
				 side->instance, side->ifindex, strerror(-rc));
	removal->count += way == &side_clsact;
	return 0;
}

int layers_remove_filters(const char *instance, struct error *error)
{
	struct removal removal = {.error = error};
	int rc = side_each(instance, remove_filter, &removal);

	return rc ? rc : removal.count;
}
