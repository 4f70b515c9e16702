// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hook_link.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

int hook_link_info(int fd, struct bpf_link_info *ret)
{
	__u32 len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return bpf_obj_get_info_by_fd(fd, ret, &len) ? -errno : 0;
}

int hook_link_program(int fd)
{
	struct bpf_link_info info;
	int rc = hook_link_info(fd, &info), program_fd;

	if (rc)
		return rc;
	program_fd = bpf_prog_get_fd_by_id(info.prog_id);
	return program_fd < 0 ? -errno : program_fd;
}
