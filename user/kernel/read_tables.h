/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of the policy that rules, read by who only looks. Private to kernel/. */
#ifndef EGRET_KERNEL_READ_TABLES_H
#define EGRET_KERNEL_READ_TABLES_H

#include <stdint.h>

#include "egret_addr.h"
#include "egret_policy.h"

struct kernel;

/* The tables of one policy: the agent may switch at any moment. Descriptors are owned. */
struct tables {
	const struct kernel *kernel;
	uint32_t slot;
	int addrs, cidrs, ports, lists, sets;
	__u64 hash_keys[6];
};

int tables_open(const struct kernel *kernel, struct tables *ret);
void tables_close(const struct tables *tables);

/* Each of them: all zero where the policy has nothing. */
int tables_find_target(const struct tables *tables, const struct egret_addr *addr, struct egret_target *ret);
/* What the policy says of a name that was answered, as name_target of bpf/learned.h finds it. */
void tables_find_list_of_key(const struct tables *tables, uint64_t name, struct egret_target *ret);
/* The same of a name's text. */
void tables_find_list_of_text(const struct tables *tables, const char *name, struct egret_target *ret);

#endif
