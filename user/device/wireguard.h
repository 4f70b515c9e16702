/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* By which UDP port a WireGuard device sends, in host order; 0 = it has none, or the kernel does not say: that needs
 * CAP_NET_ADMIN. By generic netlink, as a link does not tell it. */
#ifndef EGRET_DEVICE_WIREGUARD_H
#define EGRET_DEVICE_WIREGUARD_H

#include <stdint.h>

uint16_t wireguard_port(uint32_t ifindex);

#endif
