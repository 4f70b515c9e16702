/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TCP connections that local processes began and that stand at this moment, with their owners:
 * from sock_diag(7), in the network namespaces that can be seen from here. What came in to a
 * listener, and what stays on the machine's own addresses, is left out.
 */
#ifndef EGRET_CONNECTIONS_H
#define EGRET_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egret_addr.h"

struct connection {
	uint64_t cookie;    /* of its socket, as programs have it */
	uint64_t cgroup_id; /* of its socket */
	uint64_t scope;     /* cookie of its network namespace; 0 = this kernel does not tell */
	struct egret_addr addr;
	uint16_t port; /* of the peer */
};

struct connections {
	struct connection *all;
	size_t count, capacity;
};

/* Those of the caller's network namespace. On failure *ret holds those that were found before it. */
int connections_find(struct connections *ret);
/* Those of every network namespace that a process in /proc is in, too. */
int connections_find_everywhere(struct connections *ret);
const struct connection *connections_with(const struct connections *connections, uint64_t cookie);
void connections_clear(struct connections *connections);

#endif
