// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Raw tracepoints of the whole kernel, as BPF links (5.7). They judge nobody: they only remember. */
#include "hook.h"
#include "hook_link.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* The section is "raw_tp/NAME". */
static int attach(const struct bpf_program *program, int target_fd)
{
	const char *name = strchr(bpf_program__section_name(program), '/') + 1;
	int fd = bpf_raw_tracepoint_open(name, bpf_program__fd(program));

	(void)target_fd;
	return fd < 0 ? -errno : fd;
}

static bool is_attached(int fd)
{
	struct bpf_link_info info = {};

	return !hook_link_info(fd, &info);
}

static int same_target(int fd, int target_fd)
{
	(void)fd;
	(void)target_fd;
	return 1;
}

/* The kernel has no BPF_LINK_DETACH for it: it goes with the pin, and with the last descriptor. */
static int detach(int fd)
{
	(void)fd;
	return 0;
}

const struct hook_kind hook_tracepoint = {
    .pin = "tracepoint",
    .attach = attach,
    .program = hook_link_program,
    .is_attached = is_attached,
    .same_target = same_target,
    .detach = detach,
};
