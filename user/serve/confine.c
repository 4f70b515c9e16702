// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/group.h"
#include "../kernel/read.h"

#ifndef CAP_BPF
#define CAP_BPF 39 /* Linux 5.8 */
#endif

static int refused(struct error *error, const char *what)
{
	return error_set(error, -errno,
			 "cannot %s: %s; start it as root, or as a user of group " KERNEL_VIEWERS
			 " with CAP_BPF (setpriv, AmbientCapabilities of systemd)",
			 what, strerror(errno));
}

/* The user of the group's name; or else a number that is the group's. */
static int become_user(struct error *error)
{
	gid_t group;
	uid_t user;

	if (!group_find(KERNEL_VIEWERS, &group))
		return error_set(error, -ENOENT,
				 "there is no group " KERNEL_VIEWERS ", whose members may read the maps: "
				 "groupadd --system " KERNEL_VIEWERS ", then start the agent anew");
	if (!user_find(KERNEL_VIEWERS, &user))
		user = group;
	if (!user || !group)
		return error_set(error, -EINVAL, "user and group " KERNEL_VIEWERS " must not be root's");
	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) || setresgid(group, group, group) ||
	    setresuid(user, user, user))
		return refused(error, "become a user of group " KERNEL_VIEWERS);
	return 0;
}

/* Where maps can be read without, it is not missed. */
static int keep_only_bpf(struct error *error)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {};
	uint32_t bit = 1U << (CAP_BPF % 32);

	if (syscall(SYS_capget, &header, data))
		return refused(error, "read its capabilities");
	data[0] = (struct __user_cap_data_struct){};
	data[1] =
	    (struct __user_cap_data_struct){.effective = data[1].permitted & bit, .permitted = data[1].permitted & bit};
	if (syscall(SYS_capset, &header, data))
		return refused(error, "give up its capabilities");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return 0;
}

int confine_rights(struct error *error)
{
	int rc = geteuid() ? 0 : become_user(error);

	if (!rc)
		rc = keep_only_bpf(error);
	if (rc)
		return rc;
	/* Its own /proc is root's since it changed its user, and how much memory maps take is read there. */
	if (prctl(PR_SET_DUMPABLE, 1) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return refused(error, "give up what it may become");
	return 0;
}
