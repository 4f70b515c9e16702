/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an address is, whoever asks. IPv4 is ::ffff:a.b.c.d (struct egret_addr). What decides is not here.
 */
#ifndef EGRET_BPF_ADDR_H
#define EGRET_BPF_ADDR_H

#include "kernel_words.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "egret_addr.h"

/* Both stand on 8 bytes wherever programs compare them: two loads instead of four. */
static __always_inline bool addr_equal(const struct egret_addr *a, const struct egret_addr *b)
{
	const __u64 *left = (const __u64 *)a, *right = (const __u64 *)b;

	return left[1] == right[1] && left[0] == right[0];
}

static __always_inline bool addr_is_v4(const struct egret_addr *addr)
{
	return !addr->word_be[0] && !addr->word_be[1] && addr->word_be[2] == bpf_htonl(0xffff);
}

/* 127/8 and 0.0.0.0, ::1 and ::. As a destination, connect() takes them for this host; as a source,
 * the answer goes over lo or to nobody. */
static __always_inline bool addr_is_this_host(const struct egret_addr *addr)
{
	if (addr_is_v4(addr))
		return (bpf_ntohl(addr->word_be[3]) >> 24) == 127 || !addr->word_be[3];
	return !addr->word_be[0] && !addr->word_be[1] && !addr->word_be[2] && bpf_ntohl(addr->word_be[3]) <= 1;
}

/* fe80::/10 (RFC 4291 section 2.5.6). */
static __always_inline bool addr_is_link_local(const struct egret_addr *addr)
{
	return (addr->word_be[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/* Halves, as they lie in memory: global functions of programs take numbers only. */
static __always_inline void addr_of_halves(struct egret_addr *addr, __u64 first_half, __u64 last_half)
{
	addr->word_be[0] = first_half;
	addr->word_be[1] = first_half >> 32;
	addr->word_be[2] = last_half;
	addr->word_be[3] = last_half >> 32;
}

#endif
