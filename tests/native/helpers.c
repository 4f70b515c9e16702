// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The helpers that the program calls, as the kernel would answer its one socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "native.h"
#include "tables.h"

#define CGROUP_ID    7
#define NETNS_COOKIE 9
#define TICK         1000000

void *native_map_lookup_elem(void *map, const void *key)
{
	return table_find(map, key);
}

long native_map_update_elem(void *map, const void *key, const void *value, __u64 flags)
{
	return table_put(map, key, value, flags);
}

long native_map_delete_elem(void *map, const void *key)
{
	return table_delete(map, key);
}

long native_map_push_elem(void *map, const void *value, __u64 flags)
{
	(void)flags;
	return table_push(map, value);
}

long native_map_pop_elem(void *map, void *ret)
{
	return table_pop(map, ret);
}

void *native_sk_storage_get(void *map, void *sk, void *value, __u64 flags)
{
	void *found = table_find(map, &sk);

	(void)value;
	if (found || !(flags & BPF_SK_STORAGE_GET_F_CREATE))
		return found;
	return table_add(map, &sk);
}

long native_sk_storage_delete(void *map, void *sk)
{
	return table_delete(map, &sk);
}

struct bpf_sock *native_sk_fullsock(struct bpf_sock *sk)
{
	return sk;
}

long native_sk_release(void *sk)
{
	(void)sk;
	return 0;
}

struct bpf_sock *native_skc_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple, __u32 size, __u64 netns, __u64 flags)
{
	(void)ctx;
	(void)tuple;
	(void)size;
	(void)netns;
	(void)flags;
	return NULL;
}

struct bpf_sock *native_sk_lookup_udp(void *ctx, struct bpf_sock_tuple *tuple, __u32 size, __u64 netns, __u64 flags)
{
	return native_skc_lookup_tcp(ctx, tuple, size, netns, flags);
}

/* It has no routes. */
long native_fib_lookup(void *ctx, struct bpf_fib_lookup *params, int size, __u32 flags)
{
	(void)ctx;
	(void)params;
	(void)size;
	(void)flags;
	return BPF_FIB_LKUP_RET_NOT_FWDED;
}

/* As bpf_skb_load_bytes of net/core/filter.c: all or zeros. */
long native_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 len)
{
	size_t size;
	const uint8_t *packet = native_packet(&size);

	(void)skb;
	if (offset > size || len > size - offset) {
		memset(to, 0, len);
		return -EFAULT;
	}
	memcpy(to, packet + offset, len);
	return 0;
}

/* All of it is linear. */
long native_skb_pull_data(void *skb, __u32 len)
{
	(void)skb;
	(void)len;
	return 0;
}

__u64 native_skb_cgroup_id(struct __sk_buff *skb)
{
	(void)skb;
	return CGROUP_ID;
}

__u64 native_skb_ancestor_cgroup_id(struct __sk_buff *skb, int level)
{
	(void)skb;
	return level == 1 ? CGROUP_ID : 0;
}

__u64 native_get_current_cgroup_id(void)
{
	return CGROUP_ID;
}

__u64 native_get_current_ancestor_cgroup_id(int level)
{
	return level == 1 ? CGROUP_ID : 0;
}

__u64 native_get_current_pid_tgid(void)
{
	return 1ULL << 32 | 1;
}

long native_get_current_comm(void *buf, __u32 size)
{
	memset(buf, 0, size);
	return 0;
}

/* A process's. */
__u64 native_get_current_task(void)
{
	static const struct task_struct task;

	return (__u64)&task;
}

__u64 native_get_netns_cookie(void *ctx)
{
	(void)ctx;
	return NETNS_COOKIE;
}

__u64 native_get_socket_cookie(void *ctx)
{
	(void)ctx;
	return 1;
}

__u64 native_jiffies64(void)
{
	return TICK;
}

__u64 native_ktime_get_ns(void)
{
	return TICK;
}

long native_probe_read_kernel(void *to, __u32 size, const void *from)
{
	memcpy(to, from, size);
	return 0;
}

long native_probe_read_kernel_str(void *to, __u32 size, const void *from)
{
	return snprintf(to, size, "%s", (const char *)from) + 1;
}

long native_ringbuf_output(void *ringbuf, void *data, __u64 size, __u64 flags)
{
	(void)ringbuf;
	(void)data;
	(void)size;
	(void)flags;
	return 0;
}

/* Nobody reads rings here: one record's room, again and again. */
void *native_ringbuf_reserve(void *ringbuf, __u64 size, __u64 flags)
{
	static __u8 record[512];

	(void)ringbuf;
	(void)flags;
	return size <= sizeof(record) ? record : NULL;
}

void native_ringbuf_end(void *record, __u64 flags)
{
	(void)record;
	(void)flags;
}
