// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "egret_reasons.h"

static struct stream *any_stream(void)
{
	return &bed.streams[random_below(STREAMS)];
}

void stream_close(struct stream *stream)
{
	struct linger at_once = {1, 0};

	if (stream->peer_fd >= 0) {
		setsockopt(stream->peer_fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(stream->peer_fd);
	}
	if (stream->fd >= 0) {
		setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(stream->fd);
	}
	stream->fd = stream->peer_fd = -1;
}

/* Where a translation may change the destination, only what leaves is judged. */
static void check_quiet_denial(const struct stream *stream, struct model_verdict expected, int rc, uint64_t before)
{
	if (!rc || errno != EINPROGRESS)
		disagree("connect to %s: %s; the model denies it when it leaves", destination(&stream->packet),
			 rc ? strerror(errno) : "connected");
	if (counted(expected, &stream->packet) == before)
		disagree("connect to %s was not denied for reason %u when it left", destination(&stream->packet),
			 expected.reason);
	if (internet_is_called(stream->packet.port, 1))
		disagree("connect to %s arrived; the model denies it", destination(&stream->packet));
}

static void check_connected(struct stream *stream, struct model_verdict expected, int rc, uint64_t before)
{
	if (!model_passes(expected)) {
		if (model_is_service(&bed.world.model, &stream->packet.addr))
			check_quiet_denial(stream, expected, rc, before);
		else if (!rc || errno != EPERM)
			disagree("connect to %s: %s; the model denies it", destination(&stream->packet),
				 rc ? strerror(errno) : "connected");
		stream_close(stream);
		return;
	}
	if (rc && errno != EINPROGRESS)
		disagree("connect to %s: %s; the model allows it", destination(&stream->packet), strerror(errno));
	if (expected.told && counted(expected, &stream->packet) == before)
		disagree("connect to %s was not counted: the model %s", destination(&stream->packet), says(expected));
	stream->peer_fd = internet_accept(stream->packet.port);
	if (stream->peer_fd < 0)
		disagree("connect to %s: no connection came; the model allows it", destination(&stream->packet));
	history_stream(&stream->connection, &bed.world.model, &stream->packet, &bed.clock);
}

static void connect_to(struct stream *stream, enum maker_kind maker, const struct model_packet *packet, bool v4)
{
	struct model_verdict expected;
	struct sockaddr_storage to;
	uint64_t before;
	socklen_t len;
	int rc;

	stream_close(stream);
	*stream = (struct stream){.fd = -1, .peer_fd = -1, .maker = maker, .packet = *packet};
	set_subject(maker, &stream->packet);
	step_begins();
	if (is_unsure(packet))
		return;
	expected = model_judge(&bed.world.model, &stream->packet);
	note("  connect stream %td maker %d to %s: model %s\n", stream - bed.streams, stream->maker,
	     destination(&stream->packet), says(expected));
	stream->fd = maker_socket(&bed.makers[stream->maker], v4 ? AF_INET : AF_INET6, SOCK_STREAM);
	len = socket_address(&stream->packet, v4, &to);
	before = counted(expected, &stream->packet);
	rc = connect(stream->fd, (struct sockaddr *)&to, len);
	step_ends();
	check_connected(stream, expected, rc, before);
}

void step_connect(void)
{
	struct model_packet packet = {0};
	bool v4 = random_below(2);

	draw_destination(&packet, IPPROTO_TCP, v4);
	connect_to(any_stream(), (enum maker_kind)random_below(MAKERS), &packet, v4);
}

void connect_from_all(const struct egret_addr *addr)
{
	struct model_packet packet = {
	    .addr = *addr, .l4_proto = IPPROTO_TCP, .port = (uint16_t)(1 + random_below(INTERNET_PORTS))};

	for (int maker = 0; maker < MAKERS && !bed.give_up; maker++)
		connect_to(&bed.streams[maker % STREAMS], (enum maker_kind)maker, &packet,
			   addr_is_v4(addr) && random_below(2));
}

void step_accept(void)
{
	struct stream *stream = any_stream();
	struct sockaddr_in6 to;

	stream_close(stream);
	stream->inbound = true;
	stream->maker = (enum maker_kind)random_below(MAKERS);
	draw_destination(&stream->packet, IPPROTO_TCP, false);
	to = internet_address(addr_is_v4(&stream->packet.addr) ? &bed.node4 : &bed.node6,
			      (uint16_t)(7000 + stream->maker));
	note("  accept stream %td maker %d from %s\n", stream - bed.streams, stream->maker,
	     destination(&stream->packet));
	stream->peer_fd = internet_connect(&stream->packet.addr, &to);
	if (stream->peer_fd < 0)
		disagree("nobody could connect from %s", destination(&stream->packet));
	stream->fd = accept4(bed.listeners[stream->maker], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (stream->fd < 0)
		die("accept");
}

static void say_over(struct stream *stream)
{
	struct model_verdict expected = {.allow = true, .rule = EGRET_RULE_INBOUND};
	uint64_t count;

	set_subject(stream->maker, &stream->packet);
	step_begins();
	if (is_unsure(&stream->packet))
		return;
	if (!stream->inbound)
		expected = history_stream(&stream->connection, &bed.world.model, &stream->packet, &bed.clock);
	note("  say over stream %td: model %s\n", stream - bed.streams, says(expected));
	count = counted(expected, &stream->packet);
	bed.token += 2;
	if (send(stream->fd, &bed.token, sizeof(bed.token), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(bed.token))
		disagree("send over a stream to %s: %s", destination(&stream->packet), strerror(errno));
	step_ends();
	if (expected.told && counted(expected, &stream->packet) == count)
		disagree("what was said to %s was not counted: the model %s", destination(&stream->packet),
			 says(expected));
	if (model_passes(expected)) {
		if (!token_arrives(stream->peer_fd, bed.token, 1000))
			disagree("what was said to %s did not arrive; the model allows it",
				 destination(&stream->packet));
		return;
	}
	if (counted(expected, &stream->packet) == count || token_arrives(stream->peer_fd, bed.token, 2))
		disagree("what was said to %s was not denied for reason %u", destination(&stream->packet),
			 expected.reason);
	stream_close(stream); /* it repeats itself for minutes */
}

void step_say(void)
{
	struct stream *stream = any_stream();

	if (stream->fd >= 0)
		say_over(stream);
}

void say_over_all(void)
{
	for (int i = 0; i < STREAMS && !bed.give_up; i++) {
		if (bed.streams[i].fd >= 0)
			say_over(&bed.streams[i]);
	}
}
