// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A crowd of others' flows, out and past what their map holds, takes nothing from who came in. */
#include "bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#define BATCH   2048
#define CLIENTS 7 /* more than a socket holds by itself */

/* Flows of owners that do not exist, and whatever the owners that do could have among those that went out: the kernel
 * cannot tell. */
static void fill_flows(void)
{
	static struct egret_place places[BATCH];
	static struct egret_flows flows[BATCH];
	static uint64_t number;
	int fd = bpf_map__fd(bed.programs->maps.flows);

	for (int batches = 2 * EGRET_MAX_FLOW_SETS / BATCH; batches; batches--) {
		__u32 count = BATCH;

		for (size_t i = 0; i < BATCH; i++) {
			places[i].owner = UINT64_MAX - number / EGRET_FLOW_SHARE;
			places[i].place = number++ % EGRET_FLOW_SHARE;
		}
		if (bpf_map_update_batch(fd, places, flows, &count, NULL))
			die("the flows of a crowd");
	}
}

static void answer_all(struct datagram_socket *one, struct model_packet clients[static CLIENTS])
{
	for (size_t i = 0; i < CLIENTS && !bed.give_up; i++)
		send_to(one, &clients[i]);
}

void step_crowd(void)
{
	struct datagram_socket *server = &bed.sockets[0];
	struct model_packet clients[CLIENTS] = {0};

	/* What these spilled is pushed out. */
	for (int i = 0; i < SOCKETS; i++)
		socket_close(&bed.sockets[i]);
	socket_open(server, (enum maker_kind)random_below(MAKERS), random_below(2), 0);
	for (size_t i = 0; i < CLIENTS && !bed.give_up; i++) {
		draw_destination(&clients[i], IPPROTO_UDP, server->v4);
		receive_from(server, &clients[i]);
	}
	/* Not answered before: what was looked for once, the kernel keeps longer. */
	note("  a crowd\n");
	fill_flows();
	answer_all(server, clients);
}
