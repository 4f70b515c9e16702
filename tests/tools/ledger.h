/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every packet on the books of both ends. A governed sender numbers what it sends and
 * writes down what became of it; a receiver writes down which numbers arrived; the account
 * compares the two. Text files, a line an entry, so that grep finds the one that is wrong.
 *
 *   sent:      NUMBER KIND LABEL ADDR PORT BEFORE_NS AFTER_NS RESULT
 *   received:  data NUMBER NS ADDR | wire NUMBER NS ADDR | tcp PORT NS ADDR | lost WHERE COUNT
 *   windows:   FROM_NS UNTIL_NS POLICY
 *
 * Times are CLOCK_MONOTONIC. PORT is the sender's: the number of what has no payload, a SYN.
 * A label says when an address is allowed: "allowed", "denied", or the name of the only policy
 * that allows it. Between two windows nothing is judged by a policy's name.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LEDGER_PORT        7000
#define LEDGER_MAGIC       "egretldg"
#define LEDGER_ALLOWED     "allowed"
#define LEDGER_DENIED      "denied"
#define LEDGER_LABEL_SIZE  16
#define LEDGER_RESULT_SIZE 16
#define LEDGER_ADDR_SIZE   INET6_ADDRSTRLEN

/* X(symbol, word) */
#define LEDGER_KINDS(X)                                                                                                \
	X(UDP_SEND, "udp-send") /* one unconnected socket, all destinations in turn */                                 \
	X(UDP_NEW, "udp-new")   /* a new unconnected socket each */                                                    \
	X(UDP, "udp")           /* a connected socket for each destination, as long as the sender lives */             \
	X(TCP, "tcp")           /* a new connection each, with one line */                                             \
	X(OPEN, "open")         /* of a connection that is to live long */                                             \
	X(LINE, "line")         /* over that one */

enum ledger_kind {
#define LEDGER_KIND_ENUM(symbol, word) LEDGER_##symbol,
	LEDGER_KINDS(LEDGER_KIND_ENUM)
#undef LEDGER_KIND_ENUM
	    LEDGER_KIND_COUNT
};

extern const char *const ledger_kind_words[LEDGER_KIND_COUNT];

/* What travels: fixed, so that it is found again in a stream. */
struct ledger_payload {
	char magic[8];
	uint64_t number_be;
};

_Static_assert(sizeof(struct ledger_payload) == 16, "no padding");

struct ledger_payload ledger_payload(uint64_t number);
/* The number, or 0 if it is none of ours. */
uint64_t ledger_number(const void *bytes, size_t len_bytes);
uint64_t ledger_now_ns(void);
/* IPv4 as itself, also where the socket's family is IPv6. */
const char *ledger_addr(const struct sockaddr_storage *addr, char text[static LEDGER_ADDR_SIZE]);
/* Family by the text. -EINVAL. */
int ledger_parse(const char *text, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_len);
/* Readable once SIGTERM or SIGINT came. */
int ledger_stop_fd(void);

int ledger_send(int rate, const char *path, char **dests);
int ledger_receive(const char *path);
int ledger_account(const char *sent_path, const char *received_path, const char *windows_path);

#endif
