/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What all steps share: the sockets, the policy that rules, and what the model knows of both. */
#ifndef EGRET_SEQUENCE_BED_H
#define EGRET_SEQUENCE_BED_H

#include <sys/socket.h>

#include "egret.skel.h"
#include "internet.h"
#include "makers.h"
#include "model/history.h"
#include "model/memory.h"
#include "world.h"

#define INSTANCE "sequences"
#define STEPS    60
#define SOCKETS  4
#define STREAMS  4
#define MAKERS   4
/* A step that took longer than this leaves the model unsure when it was. */
#define SLOW_MS         20
#define LOG_SIZE        (256 * 1024)
#define TICKS_ONE_WAY   30
#define TICKS_BOTH_WAYS 180

enum maker_kind { MAKER_HOST, MAKER_POD, MAKER_A, MAKER_POD_B };

#define QUESTIONS 8 /* that a socket may have open */

/* That left, and was not answered yet. */
struct question {
	const char *name; /* NULL: none */
	uint16_t id, type;
	bool trusted; /* its server was, when it left */
	int64_t asked_ms;
	struct model_packet server;
};

struct datagram_socket {
	int fd; /* -1 = none */
	enum maker_kind maker;
	bool v4;
	uint16_t port;
	struct model_packet peer; /* that it is connected to, if its history says that it is */
	struct history history;
	struct question questions[QUESTIONS];
};

struct stream {
	int fd, peer_fd; /* -1 = none */
	enum maker_kind maker;
	bool inbound;
	struct model_packet packet;
	struct history_connection connection;
};

struct bed {
	struct kernel *kernel;
	struct egret_bpf *programs;
	struct world world;
	struct maker makers[MAKERS];
	uint64_t cgroup_id; /* of this process */
	int listeners[MAKERS];
	struct datagram_socket sockets[SOCKETS];
	struct stream streams[STREAMS];
	struct history_clock clock;
	struct history_rules rules;
	struct history_arrivals arrivals;
	struct memory memory;
	struct egret_addr node4, node6;
	uint64_t token;
	uint16_t asked_id; /* of the question that was sent last */
	unsigned long steps, unsure;
	bool give_up; /* too slow: nobody can say what is right */
	char log[LOG_SIZE];
	size_t log_len;
};

extern struct bed bed;
extern const struct egret_addr loopback;

/* --- what is said --- */

__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
void die(const char *what);
/* Ends the program with all steps, unless the machine was too slow for the model. */
__attribute__((format(printf, 1, 2))) void disagree(const char *format, ...);
/* A datagram arrived that nobody waits for. */
void unexpected(uint64_t token);

/* --- what steps are made of --- */

int64_t now_ms(void);
/* What the model takes for now. */
void clock_take(void);
void step_begins(void);
void step_ends(void);
void set_subject(enum maker_kind maker, struct model_packet *packet);
void draw_destination(struct model_packet *packet, uint8_t l4_proto, bool only_v4);
socklen_t socket_address(const struct model_packet *packet, bool v4, struct sockaddr_storage *ret);
const char *destination(const struct model_packet *packet);
/* Nobody can say yet, or any more, what holds for the address. */
bool is_unsure(const struct model_packet *packet);
/* How often this verdict was counted for the packet. */
uint64_t counted(struct model_verdict verdict, const struct model_packet *packet);
/* @audited: of what passes all the same. */
uint64_t count_of_reason(uint8_t reason, bool audited);
/* "allows, rule 17" */
const char *says(struct model_verdict verdict);
void load_world(void);

/* --- the steps --- */

void step_open(void);
void step_send(void);
void step_send_to_many(void);
void step_receive(void);
void step_connect(void);
void step_accept(void);
void step_say(void);
void step_ask(void);
void step_answer(void);
void step_answer_late(void);
void step_lesson_ends(void);
void step_crowd(void);
void step_rule_returns(void);
void step_reload(void);
void step_restart(void);
void step_resolve(void);
void step_idle(void);
void step_wait(void);
void step_frame(void);

void agent_start(void);
/* The program of the node's uplink; @node: its network namespace (a path). */
void uplink_attach(const char *node);
void socket_close(struct datagram_socket *one);
void stream_close(struct stream *stream);
/* What is sent, and how the internet knows it again. */
struct parcel {
	const void *bytes;
	size_t len;
	bool (*arrives)(const struct model_packet *packet);
};

/* A new socket in the place of the old one. */
void socket_open(struct datagram_socket *one, enum maker_kind maker, bool v4, uint16_t port);
void socket_connect(struct datagram_socket *one, const struct model_packet *peer);
/* Did it leave? */
bool send_parcel(struct datagram_socket *one, struct model_packet *packet, const struct parcel *parcel);
void send_to(struct datagram_socket *one, struct model_packet *packet);
void receive_from(struct datagram_socket *one, const struct model_packet *packet);
/* To all whom any socket spoke with lately; and they answer. */
void meet_again(void);
/* A connection to the address from each of the makers. */
void connect_from_all(const struct egret_addr *addr);
/* Over all connections that stand. */
void say_over_all(void);
void send_from_all(const struct egret_addr *addr);

#endif
