// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Of the layer source. A child has two cgroups of its own, and the agent may say of each whether it is a pod: the
 * sockets are made in one, and the child calls from the other. With the host's for both everything must work, else the
 * machine itself refuses it and nothing is proved. Nothing is sent: a frame has no device to leave by.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "handle.h"
#include "instance_child.h"

#define CALLERS_CGROUP "egret-selftest-caller"
/* include/linux/socket.h: a family of which no kernel has anything left (Ash), and `set families` no word. */
#define NO_FAMILY 18

struct trial {
	struct kernel *kernel;
	int procs_fd;            /* of the caller's cgroup */
	uint64_t socket, caller; /* the cgroups' ids */
	bool may_send_frames;
	int result_fd; /* where the child writes its struct source_proof */
};

static void note_missing(struct source_proof *proof, enum egret_source source, const char *why)
{
	proof->outcome[source] = SOURCE_NOT_TRIED;
	snprintf(proof->why[source], sizeof(proof->why[source]), "%s", why);
}

/* --- what is tried: 0, or the error --- */

static int make_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_family(int packet_fd)
{
	(void)packet_fd;
	return make_socket(NO_FAMILY, SOCK_STREAM, 0);
}

static int try_protocol(int packet_fd)
{
	(void)packet_fd;
	return make_socket(AF_INET, SOCK_RAW, EGRET_PROTOCOL_L2TP);
}

static int try_frame(int packet_fd)
{
	const struct sockaddr_ll nowhere = {.sll_family = AF_PACKET};

	return sendto(packet_fd, "", 1, 0, (const struct sockaddr *)&nowhere, sizeof(nowhere)) < 0 ? errno : 0;
}

static int try_option(int packet_fd)
{
	const int off = 0;

	return setsockopt(packet_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &off, sizeof(off)) ? errno : 0;
}

static const struct {
	int (*run)(int packet_fd);
	bool by_caller; /* judged by who calls; else by whose socket it is */
	bool of_packet;
} tries[EGRET_SOURCE_COUNT] = {
    [EGRET_SOURCE_FAMILIES] = {try_family, true, false},
    [EGRET_SOURCE_FRAMES] = {try_frame, true, true},
    [EGRET_SOURCE_OPTIONS] = {try_option, true, true},
    [EGRET_SOURCE_HOOK_OPTIONS] = {try_option, false, true},
    [EGRET_SOURCE_HOOK_PROTOCOLS] = {try_protocol, true, false},
};

/* --- in the child --- */

/* Of the policy that rules. */
static int set_kind(const struct trial *trial, uint64_t cgroup_id, bool is_pod)
{
	return kernel_set_audience(trial->kernel, cgroup_id, kernel_settings(trial->kernel)->born,
				   is_pod ? EGRET_AUDIENCE_POD : EGRET_AUDIENCE_HOST);
}

static bool set_kinds(const struct trial *trial, bool socket_is_pod, bool caller_is_pod)
{
	kernel_set_unaccounted(trial->kernel, caller_is_pod ? trial->caller : trial->socket);
	return !set_kind(trial, trial->socket, socket_is_pod) && !set_kind(trial, trial->caller, caller_is_pod);
}

static void try_one(const struct trial *trial, enum egret_source source, int packet_fd, struct source_proof *proof)
{
	if (tries[source].of_packet && packet_fd < 0)
		return note_missing(proof, source, "no packet socket can be made (module af_packet)");
	if (source == EGRET_SOURCE_FRAMES && trial->may_send_frames)
		return note_missing(proof, source, "`set families` lets pods send frames");
	if (!set_kinds(trial, false, false) || tries[source].run(packet_fd) == EPERM)
		return note_missing(proof, source, "this machine does not let the agent itself do what pods may not");
	if (!set_kinds(trial, !tries[source].by_caller, tries[source].by_caller))
		return note_missing(proof, source, "no process can be made a pod's");
	proof->outcome[source] = tries[source].run(packet_fd) == EPERM ? SOURCE_REFUSED : SOURCE_LET_PASS;
}

static int prove_in_child(const struct trial *trial)
{
	struct source_proof proof = {};
	int packet_fd;

	if (!set_kinds(trial, false, false))
		return CHILD_NOT_TRIED;
	packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (write(trial->procs_fd, "0", 1) != 1)
		return CHILD_NOT_TRIED;
	for (int source = 0; source < EGRET_SOURCE_COUNT; source++)
		try_one(trial, source, packet_fd, &proof);
	return write(trial->result_fd, &proof, sizeof(proof)) == sizeof(proof) ? CHILD_REFUSED : CHILD_NOT_TRIED;
}

/* --- in the parent --- */

static uint64_t id_of_cgroup(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* The child's first cgroup is the one that it is run in. */
static int run_child(void *context)
{
	struct trial *trial = context;

	trial->socket = trial->kernel->config->unaccounted_cgroup;
	return prove_in_child(trial);
}

static int try_from(struct trial *trial, int cgroup_fd, int caller_fd, struct error *error)
{
	int outcome;

	trial->caller = id_of_cgroup(caller_fd);
	trial->procs_fd = openat(caller_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (trial->procs_fd < 0)
		return error_set(error, -errno, "cannot enter a cgroup to prove the layer source: %s", strerror(errno));
	outcome = child_try(trial->kernel, cgroup_fd, run_child, trial, error);
	close(trial->procs_fd);
	if (outcome <= 0)
		return outcome;
	return error_set(error, -EIO, "no process can be started in a cgroup below the governed one");
}

static int try_below(struct trial *trial, int cgroup_fd, struct error *error)
{
	int caller_fd, rc;

	if (mkdirat(cgroup_fd, CALLERS_CGROUP, 0755) && errno != EEXIST)
		return error_set(error, -errno, "cannot make a cgroup to prove the layer source: %s", strerror(errno));
	caller_fd = openat(cgroup_fd, CALLERS_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = caller_fd < 0 ? error_set(error, -errno, "cannot open a cgroup that was just made: %s", strerror(errno))
			   : try_from(trial, cgroup_fd, caller_fd, error);
	if (caller_fd >= 0)
		close(caller_fd);
	unlinkat(cgroup_fd, CALLERS_CGROUP, AT_REMOVEDIR);
	return rc;
}

int kernel_source_prove(struct kernel *kernel, int cgroup_fd, struct source_proof *ret, struct error *error)
{
	struct trial trial = {
	    .kernel = kernel,
	    .may_send_frames = egret_family_may_send(kernel_settings(kernel)->families, EGRET_FAMILY_PACKET),
	};
	int pipe_fds[2], rc;

	*ret = (struct source_proof){};
	if (pipe2(pipe_fds, O_CLOEXEC))
		return error_set(error, -errno, "no pipe can be made: %s", strerror(errno));
	trial.result_fd = pipe_fds[1];
	rc = try_below(&trial, cgroup_fd, error);
	close(pipe_fds[1]);
	if (!rc && read(pipe_fds[0], ret, sizeof(*ret)) != sizeof(*ret))
		rc = error_set(error, -EIO, "the process that proves the layer source said nothing");
	close(pipe_fds[0]);
	return rc;
}
