// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The devices that a layer looks at, and what the layers let pass. */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "hook_side.h"
#include "layer.h"

bool kernel_layer_is_attached(const struct kernel *kernel, uint32_t ifindex, enum layer_place place)
{
	const struct device_side side = {kernel->instance, ifindex, place};
	int fd = side_tcx.program(&side);

	if (fd < 0)
		fd = side_clsact.program(&side);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct device_visit {
	const struct kernel *kernel;
	int (*visit)(void *context, uint32_t ifindex, const struct egret_device *device, bool ingress, bool egress);
	void *context;
};

static int visit_device(void *context, const void *key)
{
	const struct device_visit *visit = context;
	uint32_t ifindex = *(const uint32_t *)key;
	struct egret_device device;

	if (bpf_map_lookup_elem(visit->kernel->maps[MAP_devices], &ifindex, &device))
		return 0; /* it went meanwhile */
	return visit->visit(visit->context, ifindex, &device,
			    kernel_layer_is_attached(visit->kernel, ifindex, LAYER_INGRESS),
			    kernel_layer_is_attached(visit->kernel, ifindex, LAYER_EGRESS));
}

int kernel_each_device(const struct kernel *kernel,
		       int (*visit)(void *context, uint32_t ifindex, const struct egret_device *device, bool ingress,
				    bool egress),
		       void *context)
{
	struct device_visit visiting = {kernel, visit, context};
	uint32_t keys[2];

	return map_each_entry(kernel->maps[MAP_devices], EGRET_MAX_DEVICES, (void *[]){&keys[0], &keys[1]},
			      visit_device, &visiting);
}

int kernel_get_device(const struct kernel *kernel, uint32_t ifindex, struct egret_device *ret)
{
	return bpf_map_lookup_elem(kernel->maps[MAP_devices], &ifindex, ret) ? -errno : 0;
}

int kernel_get_device_owner(const struct kernel *kernel, uint32_t ifindex, struct egret_sender *ret)
{
	return bpf_map_lookup_elem(kernel->maps[MAP_device_owners], &ifindex, ret) ? -errno : 0;
}

bool kernel_knows_owner(const struct kernel *kernel, uint32_t ifindex)
{
	struct egret_sender sender;

	return !kernel_get_device_owner(kernel, ifindex, &sender);
}

bool kernel_has_overlay(const struct kernel *kernel, const struct egret_overlay *overlay)
{
	uint32_t value;

	return !bpf_map_lookup_elem(kernel->maps[MAP_overlays], overlay, &value);
}

int kernel_get_look(const struct kernel *kernel, enum egret_layer layer, enum egret_look look,
		    struct egret_counter *ret)
{
	return map_sum_over_cpus(kernel->maps[MAP_looks], EGRET_LOOK_INDEX(layer, look), ret);
}
