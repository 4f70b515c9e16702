/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a socket keeps in the maps of sockets, where two processors may be at it for the first time at the same moment:
 * two threads that send from it, or one that sends while something comes in.
 *
 * storage_make() makes it, stamp_of() finds the stamp that is finished.
 */
#ifndef EGRET_BPF_STORAGE_H
#define EGRET_BPF_STORAGE_H

#include "maps.h"

/* NULL: there is no memory. Of two who make it the kernel tells one that it failed: with EEXIST, and where the socket
 * has no storage of any map yet, with EAGAIN, after which it may be EEXIST (bpf_local_storage_update in the kernel's
 * bpf_local_storage.c). What the other has made is there then. */
static __always_inline void *storage_make(void *map, struct bpf_sock *sk)
{
	void *made = bpf_sk_storage_get(map, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!made)
		made = bpf_sk_storage_get(map, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!made)
		made = bpf_sk_storage_get(map, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	return made;
}

/* The generation is written last (subject_end), and no policy's is 0 (kernel_next_generation). */
static __always_inline bool stamp_is_finished(const struct egret_sock *sock)
{
	return sock->audience_generation;
}

/* NULL: @sk has no stamp, or another processor is about to put one on it. */
static __always_inline struct egret_sock *stamp_of(struct bpf_sock *sk)
{
	struct egret_sock *sock = bpf_sk_storage_get(&sockets, sk, 0, 0);

	return sock && stamp_is_finished(sock) ? sock : 0;
}

#endif
