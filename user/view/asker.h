/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whom a question is about, as the programs would know it: what rules are for it, and what it learned. */
#ifndef EGRET_VIEW_ASKER_H
#define EGRET_VIEW_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "../kernel/read.h"
#include "../subject/asked_subject.h"
#include "denials.h"

struct asker {
	uint64_t cgroup_id; /* 0 = no one subject, but a class of them */
	uint64_t parent;    /* the cgroup that it lay in; 0 = not known */
	uint64_t owner;     /* as in egret_sock */
	uint64_t scope;     /* as in egret_learned_key; 0 = not known, or of a class */
	uint32_t audience;
};

int asker_find(const struct kernel *kernel, const struct asked_subject *subject, struct asker *ret);
/* Of a row: whoever was denied it, also when that is gone. */
uint32_t asker_audience(const struct kernel *kernel, const struct denial *denial);
void asker_of_denial(const struct kernel *kernel, const struct denial *denial, struct asker *ret);

#endif
