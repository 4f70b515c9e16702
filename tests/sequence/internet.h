/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The other end: every address of the world, on ports 1 to INTERNET_PORTS, TCP and UDP.
 * What is sent is a token of eight bytes, so that each is known again.
 */
#ifndef EGRET_INTERNET_H
#define EGRET_INTERNET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define INTERNET_PORTS    5
#define INTERNET_DNS_PORT 53 /* UDP only */

void internet_up(void);
/* The mapped form in an AF_INET6 address, which all sockets here use. */
struct sockaddr_in6 internet_address(const struct egret_addr *addr, uint16_t port);

/* Did the datagram @token come to @port within a second? Any other that comes is told to @other. */
bool internet_got(uint16_t port, uint64_t token, void (*other)(uint64_t token));
/* Looks without waiting. */
void internet_drain(void (*other)(uint64_t token));
/* From @from, one of the world's addresses, and @port. */
bool internet_send(const struct egret_addr *from, uint16_t port, const struct sockaddr_in6 *to, uint64_t token);
/* Does a connection to @port come in? */
bool internet_is_called(uint16_t port, int wait_ms);
/* A connection to @port that came in within a second; -1. */
int internet_accept(uint16_t port);
/* A connection from @from to @to; -1. */
int internet_connect(const struct egret_addr *from, const struct sockaddr_in6 *to);
/* Did the question with this id come within a second? */
bool internet_asked(uint16_t id);
/* A message from @from, one of the world's addresses, and port 53. */
bool internet_answers(const struct egret_addr *from, const struct sockaddr_in6 *to, const void *message, size_t len);
/* A DNS message with this id. */
bool message_arrives(int fd, uint16_t id, int wait_ms);

/* One token over a stream or to a datagram socket, within @wait_ms. */
bool token_arrives(int fd, uint64_t token, int wait_ms);

#endif
