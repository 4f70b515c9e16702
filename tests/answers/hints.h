/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The addresses in the data of an HTTPS or SVCB record (RFC 9460 section 2.2). c-ares before 1.28 reads none. */
#ifndef EGRET_ANSWERS_HINTS_H
#define EGRET_ANSWERS_HINTS_H

#include <stddef.h>
#include <stdint.h>

#include "find.h"

#define TYPE_SVCB  64
#define TYPE_HTTPS 65

/* Adds each of them by @add; of data that is malformed, or of an alias (priority 0), none. */
void hints_each(const uint8_t *data, size_t len, void (*add)(struct addr_set *, int family, const void *octets),
		struct addr_set *set);

#endif
