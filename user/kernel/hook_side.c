// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What of an instance stands at devices: its pins say it of links, and each qdisc of filters. */
#include "hook_side.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pins.h"

static int each_link(const char *instance,
		     int (*visit)(void *context, const struct side_way *way, const struct device_side *side),
		     void *context)
{
	char path[PIN_PATH_SIZE];
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!rc && (entry = readdir(dir))) {
		struct device_side side = {.instance = instance};

		if (tcx_is_pin(entry->d_name, &side))
			rc = visit(context, &side_tcx, &side);
	}
	closedir(dir);
	return rc;
}

static int visit_filter(const struct device_side *side,
			int (*visit)(void *context, const struct side_way *way, const struct device_side *side),
			void *context)
{
	int fd = side_clsact.program(side);

	if (fd < 0)
		return 0;
	close(fd);
	return visit(context, &side_clsact, side);
}

static int each_filter(const char *instance,
		       int (*visit)(void *context, const struct side_way *way, const struct device_side *side),
		       void *context)
{
	struct clsact_devices devices;
	int rc = clsact_find_devices(&devices);

	if (rc) /* who may make no netlink socket has put no filter */
		return rc == -EAFNOSUPPORT ? 0 : rc;
	for (size_t i = 0; i < devices.count && !rc; i++)
		for (int place = 0; place < LAYER_PLACE_COUNT && !rc; place++) {
			struct device_side side = {instance, devices.ifindexes[i], (enum layer_place)place};

			rc = visit_filter(&side, visit, context);
		}
	free(devices.ifindexes);
	return rc;
}

int side_each(const char *instance,
	      int (*visit)(void *context, const struct side_way *way, const struct device_side *side), void *context)
{
	int rc = each_link(instance, visit, context);

	return rc ? rc : each_filter(instance, visit, context);
}

static int collect_pin(const char *instance, const char *name, bool (*lives)(void *context, uint32_t ifindex),
		       void *context)
{
	struct device_side side = {};
	char path[PIN_PATH_SIZE];
	uint32_t ifindex;

	snprintf(path, sizeof(path), INSTANCES "/%s/%s", instance, name);
	if (tcx_is_pin(name, &side) && !lives(context, side.ifindex))
		return tcx_cut(path);
	if (clsact_is_note(name, &ifindex) && !lives(context, ifindex) && unlink(path))
		return -errno;
	return 0;
}

int side_collect(const char *instance, bool (*lives)(void *context, uint32_t ifindex), void *context)
{
	char path[PIN_PATH_SIZE];
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), INSTANCES "/%s", instance);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!rc && (entry = readdir(dir)))
		rc = collect_pin(instance, entry->d_name, lives, context);
	closedir(dir);
	return rc == -ENOENT ? 0 : rc;
}
