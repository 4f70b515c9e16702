/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names without end: nN.ANYTHING has the one address 40.0.0.0 + N, and whoever asks is told at
 * once. The asker has Egret learn one after the other, and uses each at once.
 */
#ifndef SOAK_H
#define SOAK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOAK_NETWORK  0x28000000u /* 40.0.0.0/8, which the test bed's internet answers for */
#define SOAK_NAMES    1000000
#define SOAK_TCP_PORT 443
#define SOAK_UDP_PORT 9
#define DNS_PORT      53
#define DNS_HEADER    12
#define DNS_MAX_BYTES 512

struct sockaddr_in soak_address(uint32_t addr, uint16_t port);
uint64_t soak_now_ms(void);

int soak_answer(const char *addr);
int soak_ask(const char *server, const char *domain, const char *pause_us, char **cgroups);

#endif
