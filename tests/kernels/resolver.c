/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* resolver ADDR: a DNS server on udp:53 for which every name has the one IPv4 address ADDR. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_BYTES 12 /* RFC 1035 section 4.1.1 */
#define TYPE_A       1

/* Length of a message's header and only question, or 0. */
static size_t question_end(const uint8_t *message, size_t len_bytes)
{
	size_t at = HEADER_BYTES;

	while (at < len_bytes && message[at])
		at += message[at] + 1u;
	at += 1 + 4;
	return at <= len_bytes ? at : 0;
}

/* Turns a question into its answer, in place; returns the answer's length. */
static size_t answer(uint8_t *message, size_t len_bytes, struct in_addr addr)
{
	/* The name of the question, A, IN, 60 s, 4 bytes: RFC 1035 section 4.1.3. */
	static const uint8_t record[] = {0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4};
	size_t end = question_end(message, len_bytes);

	if (!end)
		return 0;
	message[2] |= 0x80; /* a response */
	message[3] = 0x80;  /* recursion is there; no error */
	memset(message + 6, 0, HEADER_BYTES - 6);
	if (message[end - 3] != TYPE_A)
		return end;
	message[7] = 1;
	memcpy(message + end, record, sizeof(record));
	memcpy(message + end + sizeof(record), &addr, sizeof(addr));
	return end + sizeof(record) + sizeof(addr);
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)}, peer;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t message[512 + 16];
	struct in_addr addr;
	socklen_t peer_len;
	ssize_t len;
	size_t reply_len;

	if (argc != 2 || inet_pton(AF_INET, argv[1], &addr) != 1)
		return 2;
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here))) {
		perror("resolver");
		return 1;
	}
	for (;;) {
		peer_len = sizeof(peer);
		len = recvfrom(fd, message, 512, 0, (struct sockaddr *)&peer, &peer_len);
		if (len < HEADER_BYTES)
			continue;
		reply_len = answer(message, len, addr);
		if (reply_len)
			sendto(fd, message, reply_len, 0, (struct sockaddr *)&peer, peer_len);
	}
}
