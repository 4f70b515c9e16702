// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "links.h"

#include <stdlib.h>
#include <string.h>

#include "../device/class.h"
#include "../device/monitor.h"
#include "../device/overlay.h"

static void describe(const struct device_link *link, const struct device_class *class, struct layer_link *ret)
{
	ret->ifindex = link->ifindex;
	memcpy(ret->name, link->name, sizeof(ret->name));
	ret->ingress = class->ingress;
	ret->egress = class->egress;
	if (link->up)
		ret->overlay_count = device_overlays_of(link, ret->overlays);
}

void links_list(struct layer_links *ret)
{
	const struct device_table *table;
	struct device_monitor *monitor;
	struct device_class *classes;

	*ret = (struct layer_links){};
	if (device_monitor_new(&monitor))
		return;
	table = device_monitor_table(monitor);
	classes = calloc(table->count + 1, sizeof(*classes));
	ret->all = calloc(table->count + 1, sizeof(*ret->all));
	if (classes && ret->all) {
		device_classify(table, classes);
		ret->count = table->count;
	}
	for (size_t i = 0; i < ret->count; i++)
		describe(&table->links[i], &classes[i], &ret->all[i]);
	free(classes);
	device_monitor_free(monitor);
}
