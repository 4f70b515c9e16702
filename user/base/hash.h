/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* FNV-1a, 64 bit: tells texts apart; nothing is trusted to it. */
#ifndef EGRET_HASH_H
#define EGRET_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)
/* 16 hexadecimal digits and the NUL. */
#define HASH_TEXT_SIZE 17

static inline uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	/* "ab" and "c" are another text than "a" and "bc": an octet that UTF-8 does not have ends each. */
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

#endif
