/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was before, and what it changes about a verdict: datagram flows with their
 * direction and age, connections with their origin. Plain lists, one for each socket.
 * Times are milliseconds; the caller says what the short and the long one are.
 */
#ifndef EGRET_HISTORY_H
#define EGRET_HISTORY_H

#include "model.h"

#define HISTORY_MAX_FLOWS 64

/* A rule by what it says: its place among the policy's rules is another one in the next. */
struct history_rule {
	char text[256];
	unsigned int nth;  /* of those with this text */
	unsigned int born; /* epoch of the first of the policies in a row that have it */
};

/* The rules of the policy that rules, in its order. */
struct history_rules {
	struct history_rule *all;
	size_t count;
};

/* The rule's place among them; their count: it is not there. */
size_t history_place(const struct history_rules *rules, const struct history_rule *rule);
/* Another policy rules. Frees what it replaces. */
void history_switch(struct history_rules *rules, const struct policy *policy, unsigned int epoch);

struct history_flow {
	struct egret_addr addr;
	uint16_t port;
	bool inbound; /* who spoke first; never changes while the flow lives */
	bool both_ways;
	bool revoked;       /* allowed once, denied since */
	unsigned int epoch; /* of the policy under which it was allowed last */
	struct history_rule by;
	int64_t last_ms;
};

/* Who spoke first to a port of an owner, whichever of its sockets heard it. */
struct history_arrival {
	int owner;
	uint16_t port;
	struct egret_addr addr;
	uint16_t peer_port;
	bool both_ways;
	int64_t first_ms, last_ms;
};

#define HISTORY_MAX_ARRIVALS 1024

struct history_arrivals {
	struct history_arrival all[HISTORY_MAX_ARRIVALS];
	size_t count;
};

/* Of one datagram socket. */
struct history {
	struct history_flow flows[HISTORY_MAX_FLOWS];
	size_t count;
	int owner;
	uint16_t port;
	bool connected; /* to the one peer that it speaks with */
	struct history_arrivals *arrivals;
};

struct history_clock {
	int64_t now_ms, one_way_ms, both_ways_ms;
	int64_t unsure_ms; /* nearer than this to an end nobody can say */
	unsigned int epoch;
	const struct history_rules *rules;
};

/* Could the flow be about to end, or is it open whether the kernel takes it for that of another socket? Then ask later.
 * @model: it is to be sent; NULL: it is to come in. */
bool history_is_unsure(const struct history *history, const struct model *model, const struct model_packet *packet,
		       const struct history_clock *clock);
/* A datagram leaves, or tries to. *ret_or_rule: that may be counted instead; 0 = none. */
struct model_verdict history_send(struct history *history, const struct model *model, const struct model_packet *packet,
				  const struct history_clock *clock, uint32_t *ret_or_rule);
/* Which one was. */
void history_counted(struct history *history, const struct model_packet *packet, const struct history_clock *clock,
		     uint32_t rule);
/* A datagram came in from @packet's address and port. */
void history_receive(struct history *history, const struct model_packet *packet, const struct history_clock *clock);

/* Of one TCP connection that went out. */
struct history_connection {
	unsigned int epoch; /* of the policy under which it was allowed last */
	struct history_rule by;
	bool denied;
};

struct model_verdict history_stream(struct history_connection *connection, const struct model *model,
				    const struct model_packet *packet, const struct history_clock *clock);

#endif
