// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Of the hooks of the cgroup: sockets that are made there must be refused. */
#include "../base/addr.h"
#include "instance_child.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define DISCARD_PORT 9 /* RFC 863: should a packet get out, it asks for no answer */

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
		return CHILD_NOT_TRIED;
	return connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno == EPERM ? CHILD_REFUSED : CHILD_LET_OUT;
}

/* Both ways of sending a datagram: sendmsg's hook, and egress behind connect(). */
static int try_to_send(const struct egret_addr *addr)
{
	struct sockaddr_in to = target(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return CHILD_NOT_TRIED;
	if (sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
		return CHILD_LET_OUT;
	if (is_no_route(errno))
		return try_to_connect(&to);
	if (errno != EPERM)
		return CHILD_LET_OUT;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return is_no_route(errno) ? CHILD_REFUSED : CHILD_LET_OUT;
	return send(fd, "", 1, 0) < 0 && errno == EPERM ? CHILD_REFUSED : CHILD_LET_OUT;
}

static int try_in_child(void *context)
{
	return try_to_send(context);
}

int kernel_self_test(struct kernel *kernel, int cgroup_fd, const struct egret_addr *addr, struct error *error)
{
	char text[ADDR_TEXT_SIZE];
	struct egret_addr forbidden = *addr;
	int outcome = child_try(kernel, cgroup_fd, try_in_child, &forbidden, error);

	if (outcome <= 0)
		return outcome;
	if (outcome != CHILD_LET_OUT)
		return error_set(error, -EIO,
				 "the self-test could not make a socket in the governed cgroup, so nothing proves "
				 "that it is governed");
	return error_set(error, -EIO,
			 "the self-test failed: a socket in the governed cgroup was not refused %s, which no rule "
			 "allows; Egret does not govern here",
			 addr_format(addr, text));
}
