/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* setsockopt() as a 32-bit program calls it, which the hook of the cgroup does not see (net/socket.c). */
#ifndef EGRET_TESTS_NARROW_H
#define EGRET_TESTS_NARROW_H

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* i386 has setsockopt as call 366; its pointers have 32 bits. Returns 0 or negative errno; elsewhere an ordinary call.
 */
static inline int set_option_narrow(int fd, int level, int name, int value)
{
#ifdef __x86_64__
	int *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long rc;

	if (low == MAP_FAILED)
		return -errno;
	*low = value;
	asm volatile("int $0x80"
		     : "=a"(rc)
		     : "a"(366L), "b"((long)fd), "c"((long)level), "d"((long)name), "S"(low), "D"((long)sizeof(value))
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)rc;
#else
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
#endif
}

#endif
