/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is an address one of a network namespace's own? No helper of these programs tells, and
 * what the socket may do tells as little: IP_FREEBIND and IP_TRANSPARENT can be taken back
 * when the address is bound, and an honest server may have set them for an address that is
 * here by now. So the kernel's own tables of local routes are read, as they stand
 * (net/ipv4/fib_trie.c, include/net/ip6_fib.h).
 * bpf_probe_read_kernel: 5.8 in cgroup programs. The kernel holds its RCU lock around these
 * programs, so what is read does not go away meanwhile.
 */
#ifndef EGRET_BPF_LOCAL_ADDR_H
#define EGRET_BPF_LOCAL_ADDR_H

#include "packet.h"
#include "socket.h"

#define FIB_TABLES      256 /* FIB_TABLE_HASHSZ and FIB6_TABLE_HASHSZ, with rules of routing */
#define FIB_TABLE_CHAIN 8   /* tables whose number has the same hash; a namespace rarely has two */
#define FIB_ALIASES     8   /* routes to prefixes that begin with the same address */
#define FIB_TRIE_DEPTH  33  /* each step down reads one bit of an IPv4 address at least */
#define FIB6_DEPTH      130 /* the root, and as many steps as an address has bits */

/* What cannot be read is zero (5.10: the helper clears it). */
#define KERNEL_READ(dst, field) bpf_probe_read_kernel(&(dst), sizeof(dst), &(field))

#define CONTAINER_OF(node, type, member)                                                                               \
	((const struct type *)((__u64)(node)-__builtin_preserve_field_info(((struct type *)0)->member,                 \
									   BPF_FIELD_BYTE_OFFSET)))

/* --- IPv4 --- */

/* Has the leaf a local route to a prefix that @addr is in? */
static __always_inline int leaf_has_local(const struct key_vector *leaf, __u32 addr)
{
	struct hlist_node *node = 0;
	__u32 key = 0;

	KERNEL_READ(key, leaf->key);
	KERNEL_READ(node, leaf->leaf.first);
	for (int i = 0; i < FIB_ALIASES && node; i++) {
		const struct fib_alias *alias = CONTAINER_OF(node, fib_alias, fa_list);
		__u8 type = 0, slen = 0;

		KERNEL_READ(type, alias->fa_type);
		KERNEL_READ(slen, alias->fa_slen);
		if (type == RTN_LOCAL && !((__u64)(addr ^ key) >> (slen & 63)))
			return 1;
		KERNEL_READ(node, alias->fa_list.next);
	}
	return 0;
}

/* Looks for the leaf of the address @key, and in it for a route that has @addr. */
__noinline int fib_trie_has(__u64 trie, __u32 key, __u32 addr)
{
	const struct key_vector *node = (const struct key_vector *)trie;
	__u64 index = 0;

	for (int depth = 0; depth < FIB_TRIE_DEPTH; depth++) {
		const struct key_vector *const *children = (const struct key_vector *const *)&node->leaf;
		__u32 node_key = 0;
		__u8 pos = 0, bits = 0;

		/* The root has no address of its own, only one child. */
		if (bpf_probe_read_kernel(&node, sizeof(node), &children[index]) || !node)
			return 0;
		KERNEL_READ(node_key, node->key);
		KERNEL_READ(pos, node->pos);
		KERNEL_READ(bits, node->bits);
		index = (__u64)(key ^ node_key) >> (pos & 63);
		if (index >> (bits & 63))
			return 0;
		if (!bits)
			return leaf_has_local(node, addr);
	}
	return 0;
}

/* Has one of the tables in this chain a route to @addr alone? Global: the verifier takes it once for all chains. */
__noinline int fib_chain_has(__u64 tables, __u32 index, __u32 addr)
{
	const struct hlist_head *chains = (const struct hlist_head *)tables;
	struct hlist_node *node = 0;

	bpf_probe_read_kernel(&node, sizeof(node), &chains[index]);
	for (int i = 0; i < FIB_TABLE_CHAIN && node; i++) {
		const struct fib_table *table = CONTAINER_OF(node, fib_table, tb_hlist);
		unsigned long *trie = 0;

		KERNEL_READ(trie, table->tb_data);
		if (fib_trie_has((__u64)trie, addr, addr))
			return 1;
		KERNEL_READ(node, table->tb_hlist.next);
	}
	return 0;
}

__noinline int net_has_v4_in_vrf(__u64 net, __u32 addr_be)
{
	const struct net *kernels = (const struct net *)net;
	struct hlist_head *tables = 0;

	if (!bpf_core_field_exists(kernels->ipv4.rules_ops))
		return 0;
	KERNEL_READ(tables, kernels->ipv4.fib_table_hash);
	for (__u32 i = 0; i < FIB_TABLES && tables; i++) {
		if (fib_chain_has((__u64)tables, i, bpf_ntohl(addr_be)))
			return 1;
	}
	return 0;
}

static __always_inline __u64 fib_table_local(const struct net *net)
{
	/* Without rules of routing (CONFIG_IP_MULTIPLE_TABLES) there are two tables. */
	__u32 index = bpf_core_field_exists(net->ipv4.rules_ops) ? RT_TABLE_LOCAL : 1;
	struct hlist_head *tables = 0;
	struct hlist_node *node = 0;

	KERNEL_READ(tables, net->ipv4.fib_table_hash);
	if (!tables || bpf_probe_read_kernel(&node, sizeof(node), &tables[index]))
		return 0;
	for (int i = 0; i < FIB_TABLE_CHAIN && node; i++) {
		const struct fib_table *table = CONTAINER_OF(node, fib_table, tb_hlist);
		unsigned long *trie = 0;
		__u32 id = 0;

		KERNEL_READ(id, table->tb_id);
		KERNEL_READ(trie, table->tb_data);
		if (id == RT_TABLE_LOCAL)
			return (__u64)trie;
		KERNEL_READ(node, table->tb_hlist.next);
	}
	return 0;
}

/* The leaf of a shorter prefix does not lie on the way to that of a longer one, so each length is
 * looked for, the usual one first. Where a 0 ends the prefix, it begins as the one before did. */
__noinline int net_has_v4(__u64 net, __u32 addr_be)
{
	__u64 trie = fib_table_local((const struct net *)net);
	__u32 addr = bpf_ntohl(addr_be);

	for (__u32 slen = 0; slen < 32 && trie; slen++) {
		if (slen && !(addr >> (slen - 1) & 1))
			continue;
		if (fib_trie_has(trie, addr >> slen << slen, addr))
			return 1;
	}
	return 0;
}

/* --- IPv6 --- */

static __always_inline bool prefix_has(const struct in6_addr *prefix, int len, __u64 first, __u64 last)
{
	__u64 differs_first = bpf_be64_to_cpu(*(__u64 *)&prefix->in6_u.u6_addr32[0]) ^ first;
	__u64 differs_last = bpf_be64_to_cpu(*(__u64 *)&prefix->in6_u.u6_addr32[2]) ^ last;

	if (len <= 64)
		return !len || !(differs_first >> ((64 - len) & 63));
	return !differs_first && !(differs_last >> ((128 - len) & 63));
}

static __always_inline bool route_is_local(const struct fib6_info *route, __u64 first, __u64 last, int shortest)
{
	struct in6_addr prefix __attribute__((aligned(8))) = {};
	__u8 type = 0;
	int len = 0;

	KERNEL_READ(type, route->fib6_type);
	if (type != RTN_LOCAL)
		return false;
	KERNEL_READ(len, route->fib6_dst.plen);
	return len >= shortest && !KERNEL_READ(prefix, route->fib6_dst.addr) && prefix_has(&prefix, len, first, last);
}

/* No address of a node. */
#define FIB6_FOUND 1

/* One step down: the next node, 0 where there is none, or FIB6_FOUND. @shortest: prefix that counts. Global: the
 * verifier takes it once, and not once for each of 130 steps. */
__noinline __u64 fib6_step(__u64 at, __u64 first, __u64 last, __u32 shortest)
{
	const struct fib6_node *node = (const struct fib6_node *)at, *next = 0;
	struct fib6_info *route = 0;
	__u16 bit = 0;

	KERNEL_READ(route, node->leaf);
	if (route && route_is_local(route, first, last, shortest))
		return FIB6_FOUND;
	KERNEL_READ(bit, node->fn_bit);
	if ((bit < 64 ? first : last) >> (~bit & 63) & 1)
		KERNEL_READ(next, node->right);
	else
		KERNEL_READ(next, node->left);
	return (__u64)next;
}

/* All prefixes of an address lie on the way down to it. */
__noinline int fib6_has_local(__u64 root, __u64 first, __u64 last, __u32 shortest)
{
	__u64 node = root;

	for (int depth = 0; depth < FIB6_DEPTH && node > FIB6_FOUND; depth++)
		node = fib6_step(node, first, last, shortest);
	return node == FIB6_FOUND;
}

static __always_inline __u64 fib6_root_local(const struct net *net)
{
	const struct fib6_table *table = 0;

	/* Without rules of routing (CONFIG_IPV6_MULTIPLE_TABLES) there is one table. */
	if (bpf_core_field_exists(net->ipv6.fib6_local_tbl))
		KERNEL_READ(table, net->ipv6.fib6_local_tbl);
	else
		KERNEL_READ(table, net->ipv6.fib6_main_tbl);
	return table ? (__u64)&table->tb6_root : 0;
}

__noinline int net_has_v6(__u64 net, __u64 first, __u64 last)
{
	__u64 root;

	/* A kernel without IPv6 has no such tables. */
	if (!bpf_core_field_exists(((struct fib6_info *)0)->fib6_type) ||
	    !bpf_core_field_exists(((struct net *)0)->ipv6.fib6_main_tbl))
		return 0;
	root = fib6_root_local((const struct net *)net);
	return root ? fib6_has_local(root, first, last, 0) : 0;
}

/* As fib_chain_has. */
__noinline int fib6_chain_has(__u64 tables, __u32 index, __u64 first, __u64 last)
{
	const struct hlist_head *chains = (const struct hlist_head *)tables;
	struct hlist_node *node = 0;

	bpf_probe_read_kernel(&node, sizeof(node), &chains[index]);
	for (int i = 0; i < FIB_TABLE_CHAIN && node; i++) {
		const struct fib6_table *table = CONTAINER_OF(node, fib6_table, tb6_hlist);

		if (fib6_has_local((__u64)&table->tb6_root, first, last, 128))
			return 1;
		KERNEL_READ(node, table->tb6_hlist.next);
	}
	return 0;
}

__noinline int net_has_v6_in_vrf(__u64 net, __u64 first, __u64 last)
{
	const struct net *kernels = (const struct net *)net;
	struct hlist_head *tables = 0;

	if (!bpf_core_field_exists(((struct fib6_info *)0)->fib6_type) ||
	    !bpf_core_field_exists(kernels->ipv6.fib_table_hash))
		return 0;
	KERNEL_READ(tables, kernels->ipv6.fib_table_hash);
	for (__u32 i = 0; i < FIB_TABLES && tables; i++) {
		if (fib6_chain_has((__u64)tables, i, first, last))
			return 1;
	}
	return 0;
}

/* Is @addr an address of a VRF of the namespace @net? Each VRF has a table of its own, and what tells which is in a
 * module: so all tables are looked through, for the address alone, since a local route to many may stand there for
 * another purpose (a transparent proxy's). */
static __always_inline bool net_has_in_vrf(const struct net *net, const struct egret_addr *addr)
{
	const __u64 *halves = (const __u64 *)addr;

	if (addr_is_v4(addr))
		return net_has_v4_in_vrf((__u64)net, addr->word_be[3]);
	return net_has_v6_in_vrf((__u64)net, bpf_be64_to_cpu(halves[0]), bpf_be64_to_cpu(halves[1]));
}

/* Is @addr an address of the namespace @net? */
static __always_inline bool net_has(const struct net *net, const struct egret_addr *addr)
{
	const __u64 *halves = (const __u64 *)addr;

	if (addr_is_v4(addr))
		return net_has_v4((__u64)net, addr->word_be[3]);
	return net_has_v6((__u64)net, bpf_be64_to_cpu(halves[0]), bpf_be64_to_cpu(halves[1]));
}

#endif
