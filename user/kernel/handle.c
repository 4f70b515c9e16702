// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

struct kernel *handle_new(const char *instance)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return NULL;
	snprintf(kernel->instance, sizeof(kernel->instance), "%s", instance);
	kernel->dir_fd = kernel->buckets.fd = kernel->inner_ports = kernel->inner_resolved = -1;
	for (int i = 0; i < MAP_COUNT; i++)
		kernel->maps[i] = kernel->view_tables[i] = -1;
	for (int i = 0; i < HOOK_COUNT; i++)
		kernel->links[i] = -1;
	for (int i = 0; i < EGRET_SOURCE_TRACED; i++)
		kernel->sources[i] = -1;
	return kernel;
}

int handle_map_config(struct kernel *kernel, int protection, struct error *error)
{
	void *page = mmap(NULL, sizeof(*kernel->config), protection, MAP_SHARED, kernel->maps[MAP_config], 0);

	if (page == MAP_FAILED)
		return error_set(error, -errno, "cannot map the configuration of instance %s: %s", kernel->instance,
				 strerror(errno));
	kernel->config = page;
	return 0;
}

int handle_copy_config(struct kernel *kernel, struct error *error)
{
	uint32_t zero = 0;

	kernel->config = calloc(1, sizeof(*kernel->config));
	if (!kernel->config)
		return error_set(error, -ENOMEM, "out of memory");
	if (bpf_map_lookup_elem(kernel->maps[MAP_config], &zero, kernel->config))
		return error_set(error, -errno, "cannot read the configuration of instance %s: %s", kernel->instance,
				 strerror(errno));
	return 0;
}

void handle_free(struct kernel *kernel)
{
	if (kernel->config && kernel->view)
		free(kernel->config);
	else if (kernel->config)
		munmap(kernel->config, sizeof(*kernel->config));
	for (int i = 0; i < MAP_COUNT; i++) {
		if (kernel->maps[i] >= 0)
			close(kernel->maps[i]);
		if (kernel->view_tables[i] >= 0)
			close(kernel->view_tables[i]);
	}
	for (int i = 0; i < HOOK_COUNT; i++)
		if (kernel->links[i] >= 0)
			close(kernel->links[i]);
	for (int i = 0; i < EGRET_SOURCE_TRACED; i++)
		if (kernel->sources[i] >= 0)
			close(kernel->sources[i]);
	if (kernel->buckets.fd >= 0)
		close(kernel->buckets.fd);
	if (kernel->inner_ports >= 0)
		close(kernel->inner_ports);
	if (kernel->inner_resolved >= 0)
		close(kernel->inner_resolved);
	if (kernel->dir_fd >= 0)
		close(kernel->dir_fd);
	free(kernel);
}

size_t handle_view_tables(const enum kernel_map **ret)
{
	static const enum kernel_map tables[] = {MAP_texts, MAP_addrs, MAP_cidrs, MAP_ports, MAP_lists, MAP_sets};

	*ret = tables;
	return sizeof(tables) / sizeof(*tables);
}

int handle_slot_fd(const struct kernel *kernel, enum kernel_map table, uint32_t slot)
{
	uint32_t id;
	int fd;

	if (kernel->view) {
		fd = slot == handle_slot(kernel) ? fcntl(kernel->view_tables[table], F_DUPFD_CLOEXEC, 0) : -1;
		return fd < 0 ? -ENOENT : fd;
	}
	if (bpf_map_lookup_elem(kernel->maps[table], &slot, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

int handle_inner_fd(const struct kernel *kernel, enum kernel_map table)
{
	return handle_slot_fd(kernel, table, handle_slot(kernel));
}
