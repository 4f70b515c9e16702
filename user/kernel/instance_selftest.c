// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Promise 12. A child joins a cgroup of its own below the governed one, makes
 * sockets there, and must be refused. These denials are not accounted for: a
 * person should not read of one that Egret caused.
 */
#include "../base/addr.h"
#include "instance_outer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISCARD_PORT     9 /* RFC 863: should a packet get out, it asks for no answer */
#define SELF_TEST_CGROUP "egret-selftest"

enum outcome { REFUSED = 0, LET_OUT = 1, NOT_TRIED = 2 };

/* The address is of IPv4 (agent/proof.c), and a kernel may have no IPv6: so the socket is none of IPv6. */
static struct sockaddr_in target(const struct egret_addr *addr)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons(DISCARD_PORT),
	    .sin_addr.s_addr = addr->word_be[3],
	};
}

static bool is_no_route(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL;
}

/* Before the network is up no packet comes as far as egress. But connect()'s hook runs before
 * the route is looked for. */
static int try_to_connect(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NOT_TRIED;
	return connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno == EPERM ? REFUSED : LET_OUT;
}

/* Both ways of sending a datagram: sendmsg's hook, and egress behind connect(). */
static int try_to_send(const struct egret_addr *addr)
{
	struct sockaddr_in to = target(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NOT_TRIED;
	if (sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
		return LET_OUT;
	if (is_no_route(errno))
		return try_to_connect(&to);
	if (errno != EPERM)
		return LET_OUT;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return is_no_route(errno) ? REFUSED : LET_OUT;
	return send(fd, "", 1, 0) < 0 && errno == EPERM ? REFUSED : LET_OUT;
}

static int run_child(int cgroup_fd, const struct egret_addr *addr)
{
	int fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		return NOT_TRIED;
	return try_to_send(addr);
}

static int outcome_of_child(int cgroup_fd, const struct egret_addr *addr)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (pid < 0)
		return NOT_TRIED;
	if (!pid) {
		/* It has the agent's locks, and must not outlive it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		_exit(getppid() == parent ? run_child(cgroup_fd, addr) : NOT_TRIED);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return NOT_TRIED;
	return WIFEXITED(status) && WEXITSTATUS(status) <= NOT_TRIED ? WEXITSTATUS(status) : NOT_TRIED;
}

int kernel_self_test(struct kernel *kernel, int cgroup_fd, const struct egret_addr *addr, struct error *error)
{
	char text[ADDR_TEXT_SIZE];
	int child_fd, outcome = NOT_TRIED;
	struct outer outer;
	struct stat st;

	if (mkdirat(cgroup_fd, SELF_TEST_CGROUP, 0755) && errno != EEXIST)
		return error_set(error, -errno,
				 "cannot make a cgroup below the governed one to prove that it is governed: %s",
				 strerror(errno));
	child_fd = openat(cgroup_fd, SELF_TEST_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (child_fd >= 0 && !fstat(child_fd, &st)) {
		outer_begin(&outer, kernel, st.st_ino);
		kernel_set_unaccounted(kernel, st.st_ino);
		outcome = outcome_of_child(child_fd, addr);
		kernel_set_unaccounted(kernel, 0);
		outer_end(&outer);
	}
	if (child_fd >= 0)
		close(child_fd);
	unlinkat(cgroup_fd, SELF_TEST_CGROUP, AT_REMOVEDIR);
	if (outcome == REFUSED)
		return 0;
	if (outcome == NOT_TRIED)
		return error_set(error, -EIO,
				 "the self-test could not make a socket in the governed cgroup, so nothing proves "
				 "that it is governed");
	return error_set(error, -EIO,
			 "the self-test failed: a socket in the governed cgroup was not refused %s, which no rule "
			 "allows; Egret does not govern here",
			 addr_format(addr, text));
}
