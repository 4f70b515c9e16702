// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Teaching from user space, through a program (bpf/teach_run.h): what programs could not read from a stream, they want
 * the agent to ask. */
#include "write_teach.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "egret.skel.h"

/* The program finds its buffer taken when it interrupted one that asks: that one needs microseconds. */
#define TRIES   100
#define WAIT_NS 50000

#define DNS_HEADER_SIZE 12 /* RFC 1035 section 4.1.1 */

int kernel_wanted_fd(const struct kernel *kernel)
{
	return ring_buffer__epoll_fd(kernel->wanted);
}

struct wanted_visit {
	void (*visit)(void *context, const struct egret_wanted *wanted);
	void *context;
};

static int visit_wanted(void *context, void *data, size_t size)
{
	const struct wanted_visit *visit = *(struct wanted_visit *const *)context;

	if (size >= sizeof(struct egret_wanted))
		visit->visit(visit->context, data);
	return 0;
}

int kernel_take_wanted(struct kernel *kernel, void (*visit)(void *context, const struct egret_wanted *wanted),
		       void *context)
{
	struct wanted_visit one = {visit, context};
	int rc;

	kernel->wanted_visit = &one;
	rc = ring_buffer__consume(kernel->wanted);
	kernel->wanted_visit = NULL;
	return rc < 0 ? rc : 0;
}

int wanted_open(struct kernel *kernel)
{
	kernel->wanted = ring_buffer__new(kernel->maps[MAP_wanted], visit_wanted, &kernel->wanted_visit, NULL);
	return kernel->wanted ? 0 : -errno;
}

/* The name as in a DNS message (RFC 1035 section 3.1). */
static int put_name(uint8_t to[static EGRET_TAUGHT_BYTES], const char *name)
{
	size_t at = DNS_HEADER_SIZE;

	while (*name) {
		size_t len = strcspn(name, ".");

		if (!len || len > EGRET_LABEL_MAX || at + 1 + len + 1 > EGRET_TAUGHT_BYTES)
			return -EINVAL;
		to[at++] = (uint8_t)len;
		memcpy(to + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	return 0;
}

static int run(const struct kernel *kernel, struct egret_taught *taught)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = taught, .data_size_in = sizeof(*taught));

	for (int i = 0; i < TRIES; i++) {
		if (bpf_prog_test_run_opts(bpf_program__fd(kernel->skeleton->progs.egret_teach), &options))
			return -errno;
		if (!options.retval)
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
	}
	return -EBUSY;
}

int teach(const struct kernel *kernel, const char *name, struct egret_taught *taught)
{
	int rc = put_name(taught->question, name);

	return rc ? rc : run(kernel, taught);
}

int kernel_teach(struct kernel *kernel, const struct egret_wanted *wanted, const struct egret_addr *addr,
		 uint32_t ttl_sec)
{
	struct egret_taught taught = {
	    .addr = *addr, .scope = wanted->scope, .owner = wanted->owner, .ttl_sec = ttl_sec};

	return teach(kernel, wanted->text, &taught);
}
