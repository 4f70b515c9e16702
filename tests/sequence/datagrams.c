// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct datagram_socket *any_socket(void)
{
	return &bed.sockets[random_below(SOCKETS)];
}

void socket_close(struct datagram_socket *one)
{
	if (one->fd >= 0)
		close(one->fd);
	one->fd = -1;
}

static void socket_bind(struct datagram_socket *one, uint16_t port)
{
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(any6);
	int no = 0;

	if (!one->v4)
		setsockopt(one->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(one->fd, one->v4 ? (struct sockaddr *)&any4 : (struct sockaddr *)&any6,
		 one->v4 ? sizeof(any4) : sizeof(any6)) ||
	    getsockname(one->fd, (struct sockaddr *)&any6, &len))
		die("bind");
	one->port = ntohs(any6.sin6_port); /* at the same place in both families */
}

void socket_open(struct datagram_socket *one, enum maker_kind maker, bool v4, uint16_t port)
{
	socket_close(one);
	*one = (struct datagram_socket){.maker = maker, .v4 = v4};
	one->fd = maker_socket(&bed.makers[one->maker], one->v4 ? AF_INET : AF_INET6, SOCK_DGRAM);
	socket_bind(one, port);
	one->history.owner = maker;
	one->history.port = one->port;
	one->history.arrivals = &bed.arrivals;
	note("  open socket %td maker %d %s port %u%s\n", one - bed.sockets, one->maker, one->v4 ? "v4" : "v6",
	     one->port, port ? " again" : "");
}

void socket_connect(struct datagram_socket *one, const struct model_packet *peer)
{
	struct sockaddr_storage to;
	socklen_t len = socket_address(peer, one->v4, &to);

	one->peer = *peer;
	set_subject(one->maker, &one->peer);
	if (connect(one->fd, (struct sockaddr *)&to, len))
		die("connect of a datagram socket");
	one->history.connected = true;
	note("  connect socket %td to %s\n", one - bed.sockets, destination(peer));
}

/* A new socket on the port of the old one knows nothing of its peers, but that they spoke to its owner on that port. */
void step_open(void)
{
	struct datagram_socket *one = any_socket();
	uint16_t port = one->fd >= 0 && random_below(2) ? one->port : 0;
	enum maker_kind maker = one->fd >= 0 && random_below(2) ? one->maker : (enum maker_kind)random_below(MAKERS);
	struct model_packet peer = {0};

	if (port && one->history.count) {
		peer.addr = one->history.flows[0].addr;
		peer.port = one->history.flows[0].port;
	}
	socket_open(one, maker, random_below(2), port);
	if (random_below(4))
		return;
	if (!peer.port || peer.port > INTERNET_PORTS || (one->v4 && !addr_is_v4(&peer.addr)))
		draw_destination(&peer, IPPROTO_UDP, one->v4);
	peer.l4_proto = IPPROTO_UDP;
	socket_connect(one, &peer);
}

static bool token_is_there(const struct model_packet *packet)
{
	return internet_got(packet->port, bed.token, unexpected);
}

static void check_arrival(const struct model_packet *packet, const struct parcel *parcel, struct model_verdict expected,
			  ssize_t sent, int error)
{
	bool passes = model_passes(expected);

	if (passes ? sent < 0 : sent >= 0 || error != EPERM)
		disagree("sendto %s: %s; the model %s", destination(packet), sent >= 0 ? "sent" : strerror(error),
			 says(expected));
	if (passes && sent >= 0 && !parcel->arrives(packet))
		disagree("what was sent to %s did not arrive", destination(packet));
}

/* The one that the model names, or the one that it may be instead. */
static void check_count(struct datagram_socket *one, const struct model_packet *packet, struct model_verdict expected,
			uint64_t before, struct model_verdict other, uint64_t other_before)
{
	/* A flow to a resolver keeps the rule that it had, which the model does not follow: all speak for it. */
	if (model_passes(expected) && packet->port == INTERNET_DNS_PORT)
		return;
	if (other.rule && counted(other, packet) != other_before)
		history_counted(&one->history, packet, &bed.clock, other.rule);
	else if (counted(expected, packet) == before)
		disagree("was not counted for %s: the model %s", destination(packet), says(expected));
}

bool send_parcel(struct datagram_socket *one, struct model_packet *packet, const struct parcel *parcel)
{
	struct model_verdict expected, other = {.allow = true};
	uint64_t count, other_count;
	struct sockaddr_storage to;
	socklen_t len = socket_address(packet, one->v4, &to);
	ssize_t sent;
	int error;

	set_subject(one->maker, packet);
	step_begins();
	if (history_is_unsure(&one->history, &bed.world.model, packet, &bed.clock) || is_unsure(packet))
		return false;
	expected = history_send(&one->history, &bed.world.model, packet, &bed.clock, &other.rule);
	bed.token = (bed.token + 2) & ~1ULL;
	bed.token |= !model_passes(expected);
	note("  send socket %td to %s: model %s (%u)\n", one - bed.sockets, destination(packet), says(expected),
	     other.rule);
	count = counted(expected, packet);
	other_count = counted(other, packet);
	sent = sendto(one->fd, parcel->bytes, parcel->len, MSG_DONTWAIT, (struct sockaddr *)&to, len);
	error = errno;
	step_ends();
	check_arrival(packet, parcel, expected, sent, error);
	check_count(one, packet, expected, count, other, other_count);
	return model_passes(expected);
}

void send_to(struct datagram_socket *one, struct model_packet *packet)
{
	const struct parcel parcel = {&bed.token, sizeof(bed.token), token_is_there};

	send_parcel(one, packet, &parcel);
}

/* Somebody who was spoken to, most of the time, by this socket or by another. */
static void draw_peer(const struct datagram_socket *one, struct model_packet *packet)
{
	const struct history *history = random_below(4) ? &one->history : &any_socket()->history;

	draw_destination(packet, IPPROTO_UDP, one->v4);
	if (one->history.connected) {
		*packet = one->peer;
	} else if (history->count && random_below(3)) {
		const struct history_flow *flow = &history->flows[random_below((uint32_t)history->count)];

		if (flow->port > INTERNET_PORTS || (one->v4 && !addr_is_v4(&flow->addr))) /* where only questions go */
			return;
		packet->addr = flow->addr;
		packet->port = flow->port;
	}
}

void step_send(void)
{
	struct datagram_socket *one = any_socket();
	struct model_packet packet = {0};

	if (one->fd < 0)
		return;
	draw_peer(one, &packet);
	send_to(one, &packet);
}

/* To one address, from every socket that can: what was changed about it must show. */
void send_from_all(const struct egret_addr *addr)
{
	for (size_t i = 0; i < 2 * SOCKETS && !bed.give_up; i++) {
		struct model_packet packet = {.addr = *addr, .l4_proto = IPPROTO_UDP, .port = 1 + i / SOCKETS};

		if (bed.sockets[i % SOCKETS].fd >= 0 && !bed.sockets[i % SOCKETS].history.connected &&
		    (!bed.sockets[i % SOCKETS].v4 || addr_is_v4(addr)))
			send_to(&bed.sockets[i % SOCKETS], &packet);
	}
}

/* More peers than a socket holds by itself, and then all of them again. */
void step_send_to_many(void)
{
	struct datagram_socket *one = any_socket();
	struct model_packet packets[7] = {0};

	if (one->fd < 0 || one->history.connected)
		return;
	for (size_t i = 0; i < 7; i++)
		draw_destination(&packets[i], IPPROTO_UDP, one->v4);
	for (size_t i = 0; i < 14 && !bed.give_up; i++)
		send_to(one, &packets[i % 7]);
}

void receive_from(struct datagram_socket *one, const struct model_packet *packet)
{
	struct sockaddr_in6 to = internet_address(addr_is_v4(&packet->addr) ? &bed.node4 : &bed.node6, one->port);

	step_begins();
	if (history_is_unsure(&one->history, NULL, packet, &bed.clock))
		return;
	history_receive(&one->history, packet, &bed.clock);
	bed.token = (bed.token + 2) & ~1ULL;
	note("  receive socket %td from %s\n", one - bed.sockets, destination(packet));
	if (!internet_send(&packet->addr, packet->port, &to, bed.token))
		die("the internet cannot send");
	if (!token_arrives(one->fd, bed.token, 1000))
		disagree("a datagram from %s did not come in", destination(packet));
	step_ends();
}

void step_receive(void)
{
	struct datagram_socket *one = any_socket();
	struct model_packet packet = {0};

	if (one->fd < 0)
		return;
	draw_peer(one, &packet);
	receive_from(one, &packet);
}

/* What is denied now stays denied, whoever writes. */
static void meet(struct datagram_socket *one, const struct history_flow *flow)
{
	struct model_packet packet = {.addr = flow->addr, .port = flow->port, .l4_proto = IPPROTO_UDP};

	send_to(one, &packet);
	if (random_below(2))
		return;
	receive_from(one, &packet);
	send_to(one, &packet);
}

#define MEET_PEERS 3

void meet_again(void)
{
	for (struct datagram_socket *one = bed.sockets; one < bed.sockets + SOCKETS; one++) {
		size_t first = one->history.count ? random_below((uint32_t)one->history.count) : 0;

		for (size_t i = 0; one->fd >= 0 && i < MEET_PEERS && i < one->history.count && !bed.give_up; i++) {
			struct history_flow flow = one->history.flows[(first + i) % one->history.count];

			if (flow.port <= INTERNET_PORTS)
				meet(one, &flow);
		}
	}
}
