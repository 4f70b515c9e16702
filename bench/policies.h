/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The policies that are measured: made as text, read, compiled and loaded by the
 * same functions as an agent's. All of them allow tcp:443 and udp:123.
 */
#ifndef EGRET_BENCH_POLICIES_H
#define EGRET_BENCH_POLICIES_H

#include <stddef.h>
#include <stdint.h>

#include "compile/compile.h"
#include "kernel/kernel.h"

#define POLICY_TCP_PORT 443
#define POLICY_UDP_PORT 123 /* not 53: a question is read on its way */
/* In host order. Address n of a policy is POLICY_FIRST + n. */
#define POLICY_FIRST    0x14000000 /* 20.0.0.0 */
#define POLICY_IN_CIDR  0x33010203 /* 51.1.2.3, of the policy's one CIDR */
#define POLICY_DENIED   0x50000001 /* 80.0.0.1, which no rule names */
#define POLICY_RESOLVER 0x14ffff35 /* 20.255.255.53 */
#define POLICY_TAUGHT   0x14200000 /* 20.32.0.0: from here on, for answers to tell */

struct bench_policy {
	char *text;
	size_t text_len;
	struct policy *policy;
	struct name_addrs *names;
	size_t name_count;
	struct egret_addr *addrs;
	struct compiled *compiled;
};

/* @count addresses in one rule, and one CIDR. Text only. */
void policy_of_addresses(struct bench_policy *ret, size_t count);
/* @names names with @each addresses, in one rule; name n is policy_name(n). Text and addresses. */
void policy_of_names(struct bench_policy *ret, size_t names, size_t each);
const char *policy_name(size_t n, char buf[static 32]);
/* @count patterns in one rule, which POLICY_RESOLVER is trusted to teach; pattern n is above
 * "anything." and policy_name(n). Text only. */
void policy_of_patterns(struct bench_policy *ret, size_t count);

/* The three steps to a running policy; they end the program when one fails. */
void policy_read(struct bench_policy *policy);
void policy_compile(struct bench_policy *policy, const struct kernel *kernel);
void policy_install(const struct bench_policy *policy, struct kernel *kernel);

/* Frees what policy_compile, policy_read, or all of them made. */
void policy_drop_compiled(struct bench_policy *policy);
void policy_drop_read(struct bench_policy *policy);
void policy_drop(struct bench_policy *policy);

/* All of the above: an instance that lets @count addresses pass; nothing is attached. */
struct kernel *instance_of_addresses(const char *instance, size_t count);
/* The same, with patterns. */
struct kernel *instance_of_patterns(const char *instance, size_t count);

#endif
