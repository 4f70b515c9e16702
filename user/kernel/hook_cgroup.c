// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Hooks of a cgroup: BPF links (5.7). Who is in the cgroup, or below it, is judged.
 *
 * Those of calls (hook_call) come before the programs of others, where the kernel lets them: what translates a service
 * at the socket changes the address that the caller named, and only that tells whether a trusted resolver is asked.
 */
#include "hook.h"
#include "hook_link.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* include/uapi/linux/bpf.h: before all without this flag, and before all that have it. */
#define FLAG_PREORDER (1U << 6)
#define FLAG_BEFORE   (1U << 3)

static int attach_with(const struct bpf_program *program, int cgroup_fd, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	int fd =
	    bpf_link_create(bpf_program__fd(program), cgroup_fd, bpf_program__expected_attach_type(program), &options);

	return fd < 0 ? -errno : fd;
}

static int attach(const struct bpf_program *program, int cgroup_fd)
{
	return attach_with(program, cgroup_fd, 0);
}

/* Links take flags since 6.17. */
static int attach_first(const struct bpf_program *program, int cgroup_fd)
{
	int fd = attach_with(program, cgroup_fd, FLAG_PREORDER | FLAG_BEFORE);

	return fd == -EINVAL ? attach(program, cgroup_fd) : fd;
}

/* BPF_LINK_UPDATE: 5.7. */
static int replace(int fd, int program_fd)
{
	return bpf_link_update(fd, program_fd, NULL) ? -errno : 0;
}

/* A link whose cgroup was removed is dead, and says so with cgroup id 0. */
uint64_t hook_cgroup_id(int fd)
{
	struct bpf_link_info info = {};

	return hook_link_info(fd, &info) ? UINT64_MAX : info.cgroup.cgroup_id;
}

static bool is_attached(int fd)
{
	struct bpf_link_info info = {};

	return !hook_link_info(fd, &info) && info.cgroup.cgroup_id;
}

/* The id of a cgroup is the number of its folder's inode. */
static int same_target(int fd, int cgroup_fd)
{
	struct stat st;

	if (fstat(cgroup_fd, &st))
		return -errno;
	return hook_cgroup_id(fd) == st.st_ino;
}

/* BPF_LINK_DETACH: 5.9. A link without its cgroup is detached already. */
static int detach(int fd)
{
	return bpf_link_detach(fd) && errno != ENOLINK && errno != EINVAL ? -errno : 0;
}

const struct hook_kind hook_call = {
    .pin = "link",
    .attach = attach_first,
    .replace = replace,
    .program = hook_link_program,
    .is_attached = is_attached,
    .same_target = same_target,
    .detach = detach,
};

const struct hook_kind hook_cgroup = {
    .pin = "link",
    .attach = attach,
    .replace = replace,
    .program = hook_link_program,
    .is_attached = is_attached,
    .same_target = same_target,
    .detach = detach,
};
