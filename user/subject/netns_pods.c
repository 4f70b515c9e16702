// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_pods.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/net_namespace.h>
#include <linux/nsfs.h>

#include "../base/netlink.h"
#include "tree.h"

#define NO_NSID (-1) /* NETNSA_NSID_NOT_ASSIGNED */

void netns_pods_clear(struct netns_pods *pods)
{
	free(pods->all);
	*pods = (struct netns_pods){};
}

/* --- who is where --- */

static struct netns_pod *find(const struct netns_pods *pods, ino_t netns)
{
	for (size_t i = 0; i < pods->count; i++)
		if (pods->all[i].netns == netns)
			return &pods->all[i];
	return NULL;
}

static int add(struct netns_pods *pods, const struct netns_pod *pod)
{
	if (pods->count == pods->capacity) {
		size_t capacity = pods->capacity ? 2 * pods->capacity : 64;
		struct netns_pod *larger = realloc(pods->all, capacity * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		pods->all = larger;
		pods->capacity = capacity;
	}
	pods->all[pods->count++] = *pod;
	return 0;
}

int netns_pods_note(struct netns_pods *pods, ino_t netns, uint64_t pod, pid_t pid)
{
	struct netns_pod *known = find(pods, netns);

	if (!known)
		return add(pods, &(struct netns_pod){netns, pod, pid, NO_NSID});
	if (known->pod != pod)
		known->pod = 0;
	return 0;
}

/* A process that ends meanwhile is nobody. */
static int note_process(struct netns_pods *pods, pid_t pid, uint64_t pod)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat(path, &st) ? 0 : netns_pods_note(pods, st.st_ino, pod, pid);
}

static int note_cgroup(void *context, const struct tree_cgroup *cgroup)
{
	int fd, pid, rc = 0;
	FILE *file;

	if (!cgroup->pod)
		return 0;
	fd = openat(cgroup->fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file)
		return 0; /* it went meanwhile */
	/* cgroups(7): of a process in another PID namespace the number is 0. */
	while (!rc && fscanf(file, "%d", &pid) == 1)
		rc = pid ? note_process(context, pid, cgroup->pod) : 0;
	fclose(file);
	return rc;
}

/* --- what the namespaces are called --- */

static int take_nsid(void *context, const struct nlmsghdr *message)
{
	netlink_read(netlink_attrs_of(message, sizeof(struct rtgenmsg)), NETNSA_NSID, context, sizeof(int32_t));
	return 0;
}

/* NETNSA_FD: 4.0. */
static int32_t ask_nsid(int netns_fd)
{
	const struct rtgenmsg body = {.rtgen_family = AF_UNSPEC};
	struct netlink_question question;
	int32_t nsid = NO_NSID;

	netlink_begin(&question, RTM_GETNSID, 0, &body, sizeof(body));
	netlink_add(&question, NETNSA_FD, &netns_fd, sizeof(netns_fd));
	return netlink_ask(NETLINK_ROUTE, &question, take_nsid, &nsid) ? NO_NSID : nsid;
}

/* Whoever made one with no rights outside of a user namespace learns for that one alone (subject_settle of
 * bpf/subject.h): by its cookie, which programs know. NS_GET_USERNS: 4.9. */
static bool is_of_own_user_namespace(int netns_fd)
{
	int fd = ioctl(netns_fd, NS_GET_USERNS);
	struct stat own, its;
	bool is = fd >= 0 && !fstat(fd, &its) && !stat("/proc/self/ns/user", &own) && its.st_ino == own.st_ino;

	if (fd >= 0)
		close(fd);
	return is;
}

/* The number of a process that ended may be another's by now, which is elsewhere. */
static void call(struct netns_pod *pod)
{
	struct stat st;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pod->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && st.st_ino == pod->netns && is_of_own_user_namespace(fd))
		pod->nsid = ask_nsid(fd);
	close(fd);
}

int netns_pods_find(struct netns_pods *ret)
{
	int rc;

	*ret = (struct netns_pods){};
	rc = tree_walk(note_cgroup, ret);
	if (rc)
		netns_pods_clear(ret);
	for (size_t i = 0; i < ret->count; i++)
		if (ret->all[i].pod)
			call(&ret->all[i]);
	return rc;
}

uint64_t netns_pods_of(const struct netns_pods *pods, int32_t nsid)
{
	for (size_t i = 0; i < pods->count; i++)
		if (nsid >= 0 && pods->all[i].nsid == nsid)
			return pods->all[i].pod;
	return 0;
}
