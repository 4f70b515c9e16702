// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "outer.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A self-test of another inner instance may hold the place; it takes milliseconds. */
#define TRIES   50
#define WAIT_US 1000

static bool replace(struct kernel *kernel, uint64_t from, uint64_t to)
{
	__u64 expected = from;

	return __atomic_compare_exchange_n(&kernel->config->unaccounted_cgroup, &expected, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static bool take_place(struct kernel *kernel, uint64_t cgroup_id)
{
	for (int i = 0; i < TRIES; i++) {
		if (replace(kernel, 0, cgroup_id))
			return true;
		usleep(WAIT_US);
	}
	return false;
}

/* What is opened to be read, for one word that is written. */
static int open_writable(const char *instance, struct kernel **ret)
{
	struct error ignored;
	int rc = kernel_open(instance, ret, &ignored);

	if (rc)
		return rc;
	munmap((*ret)->config, sizeof(*(*ret)->config));
	(*ret)->config = NULL;
	rc = kernel_map_config(*ret, true, &ignored);
	if (rc)
		kernel_free(*ret);
	return rc;
}

static void tell(void *context, const char *instance)
{
	struct outer *outer = context;
	struct kernel *kernel;

	if (outer->count == OUTER_MAX || !strcmp(instance, outer->own) || open_writable(instance, &kernel))
		return;
	if (kernel_governed_cgroup(kernel) && take_place(kernel, outer->cgroup_id))
		outer->all[outer->count++] = kernel;
	else
		kernel_free(kernel);
}

void outer_begin(struct outer *outer, const struct kernel *own, uint64_t cgroup_id)
{
	*outer = (struct outer){.cgroup_id = cgroup_id, .own = own->instance};
	kernel_each_instance(tell, outer);
}

void outer_end(struct outer *outer)
{
	for (size_t i = 0; i < outer->count; i++) {
		replace(outer->all[i], outer->cgroup_id, 0);
		kernel_free(outer->all[i]);
	}
	outer->count = 0;
}
