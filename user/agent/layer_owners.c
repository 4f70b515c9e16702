// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whose a pod's device is, programs learn from the first socket of the pod that sends by it. Where all comes from a
 * namespace in the pod (docker in it) or from a virtual machine (Kata), there may never be one: then the agent finds
 * the pod in the namespace at the device's other end.
 */
#include "layers.h"

#include "../subject/cgroup.h"
#include "../subject/netns_pods.h"
#include "internal.h"

/* A search walks the processes of all pods. */
#define APART_NS (10 * CLOCK_NS_PER_SEC)

/* A pod's first process comes a moment after its device. What is no pod's is looked for less and less. */
static uint64_t pause_ns(const struct layer_device *device)
{
	static const uint64_t pauses_sec[] = {1, 10, 60, 600};
	const unsigned int last = sizeof(pauses_sec) / sizeof(pauses_sec[0]) - 1;

	return pauses_sec[device->searches < last ? device->searches : last] * CLOCK_NS_PER_SEC;
}

static bool is_ownerless(const struct layer_device *device)
{
	const uint32_t wanted = EGRET_DEVICE_LEADS_IN | EGRET_DEVICE_HAS_PEER;

	return !device->owned && (device->written.flags & wanted) == wanted;
}

/* Programs may know by now. */
static bool is_one_due(const struct agent *agent)
{
	const struct layer_devices *devices = &agent->layers.devices;
	uint64_t now_ns = clock_now_ns();
	bool due = false;

	for (size_t i = 0; i < devices->count; i++) {
		struct layer_device *device = &devices->all[i];

		if (!is_ownerless(device))
			continue;
		device->owned = kernel_knows_owner(agent->kernel, device->ifindex);
		due |= !device->owned && device->searched_ns + pause_ns(device) <= now_ns;
	}
	return due;
}

/* What is not governed passes, so nothing is written of a cgroup whose place cannot be found. */
static bool note_owner(const struct agent *agent, uint32_t ifindex, uint64_t pod)
{
	char path[CGROUP_PATH_SIZE], governed[CGROUP_PATH_SIZE];

	return !cgroup_path_of_fd(agent->options.cgroup_fd, governed, sizeof(governed)) &&
	       !cgroup_path_of_id(pod, path, sizeof(path)) &&
	       !kernel_note_owner(agent->kernel, ifindex, pod, cgroup_path_is_below(path, governed));
}

static void search(struct agent *agent)
{
	const struct layer_devices *devices = &agent->layers.devices;
	struct netns_pods pods;

	netns_pods_find(&pods);
	agent->layers.searched_ns = clock_now_ns();
	for (size_t i = 0; i < devices->count; i++) {
		struct layer_device *device = &devices->all[i];
		uint64_t pod;

		if (!is_ownerless(device))
			continue;
		device->searches++;
		device->searched_ns = agent->layers.searched_ns;
		pod = netns_pods_of(&pods, device->written.peer_nsid);
		if (pod)
			device->owned = note_owner(agent, device->ifindex, pod);
	}
	netns_pods_clear(&pods);
}

static void search_is_due(void *context)
{
	struct agent *agent = context;

	if (is_one_due(agent))
		search(agent);
	layers_await_owners(agent);
}

void layers_await_owners(struct agent *agent)
{
	struct layers *layers = &agent->layers;
	uint64_t at_ns = UINT64_MAX;

	for (size_t i = 0; i < layers->devices.count; i++) {
		const struct layer_device *device = &layers->devices.all[i];
		uint64_t due_ns = device->searched_ns + pause_ns(device);

		if (is_ownerless(device) && due_ns < at_ns)
			at_ns = due_ns;
	}
	loop_timer_stop(&layers->search_due);
	if (at_ns == UINT64_MAX)
		return;
	if (layers->searched_ns && at_ns < layers->searched_ns + APART_NS)
		at_ns = layers->searched_ns + APART_NS;
	loop_timer_set(agent->loop, &layers->search_due, at_ns, search_is_due, agent);
}
