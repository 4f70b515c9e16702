// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "instance_outer.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "read_open.h"

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

static void tell(void *context, const char *instance)
{
	struct outer *outer = context;
	struct error ignored;
	struct kernel *kernel;

	/* For one word that is written. */
	if (outer->count == OUTER_MAX || !strcmp(instance, outer->own) ||
	    open_pinned(instance, PROT_READ | PROT_WRITE, &kernel, &ignored))
		return;
	if (kernel_governed_cgroup(kernel) && take_place(kernel, outer->cgroup_id))
		outer->all[outer->count++] = kernel;
	else
		handle_free(kernel);
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
		handle_free(outer->all[i]);
	}
	outer->count = 0;
}
