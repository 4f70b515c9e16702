/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS clients as applications have them: each resolves a name and at once uses what the
 * answer says. What happened is one word first on a line ("connected", or the errno: "EPERM").
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define DNS_HEADER    12
#define DNS_TYPE_A    1
#define DNS_TYPE_AAAA 28 /* RFC 3596 section 2.1 */
#define MESSAGE_SIZE  512

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

socklen_t address_len(const union address *address);
const char *address_text(const union address *address); /* static buffer */
/* The family follows the text: "::ffff:10.0.0.1" is of AF_INET6. */
int address_parse(const char *text, const char *port, union address *ret);

/* A question with its header; its length. */
size_t question_write(uint8_t *to, uint16_t id, const char *name, uint16_t type);
/* The first address of @type in the answer to @question. -ENOENT: there is none; -EBADMSG: not its answer. */
int answer_address(const uint8_t *answer, size_t len, const uint8_t *question, size_t question_len, uint16_t type,
		   uint16_t port_be, union address *ret);

uint64_t now_us(void);

int cmd_fresh(char **argv);  /* PREFIX COUNT SERVER PORT */
int cmd_serve(char **argv);  /* PORT */
int cmd_stream(char **argv); /* PREFIX COUNT SERVER PORT WINDOW */
int cmd_open(char **argv);   /* the same */
int cmd_answer(char **argv); /* ADDRESS CHUNK */

#endif
