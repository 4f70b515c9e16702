/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "soak.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct sockaddr_in soak_address(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

uint64_t soak_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000) + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "answer"))
		return soak_answer(argv[2]);
	if (argc > 5 && !strcmp(argv[1], "ask"))
		return soak_ask(argv[2], argv[3], argv[4], argv + 5);
	fputs("usage: soak answer ADDR                        a DNS server, and servers that take every connection\n"
	      "       soak ask SERVER DOMAIN PAUSE_US CGROUP...  a socket in each; until it is killed\n",
	      stderr);
	return 2;
}
