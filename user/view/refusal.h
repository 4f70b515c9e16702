/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words for what may not begin: rows of the layer source have no destination, but a call that was refused. */
#ifndef EGRET_VIEW_REFUSAL_H
#define EGRET_VIEW_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is it a reason of the layer source? */
bool refusal_is(uint32_t reason);
#define REFUSAL_SIZE 64
/* "socket packet", "packet sends", "protocol l2tp", "option IP_FREEBIND". @number: as egret_family.h says. Returns
 * @buf. */
const char *refusal_words(uint32_t reason, uint32_t number, char buf[static REFUSAL_SIZE]);
/* The line that would allow it, beside @families (egret_settings); "" = none would. @is_pod: whose call it was. */
void refusal_line(uint32_t reason, uint32_t number, uint64_t families, bool is_pod, char *buf, size_t size);

#endif
