/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In place of libbpf's header: what runs in the kernel, as a part of a program of user
 * space, which includes vmlinux.h before. Each helper is a function of helpers.c, under a name
 * of its own: libbpf has some of these names too.
 */
#ifndef EGRET_NATIVE_HELPERS_H
#define EGRET_NATIVE_HELPERS_H

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#define SEC(name)

/* As libbpf has them: a map's definition is in its types. */
#define __uint(name, val)  int(*name)[val]
#define __type(name, val)  typeof(val) *name
#define __array(name, val) typeof(val) *name[]

#define bpf_map_lookup_elem                native_map_lookup_elem
#define bpf_map_update_elem                native_map_update_elem
#define bpf_map_delete_elem                native_map_delete_elem
#define bpf_map_push_elem                  native_map_push_elem
#define bpf_map_pop_elem                   native_map_pop_elem
#define bpf_sk_storage_get                 native_sk_storage_get
#define bpf_sk_storage_delete              native_sk_storage_delete
#define bpf_sk_fullsock                    native_sk_fullsock
#define bpf_sk_release                     native_sk_release
#define bpf_skc_lookup_tcp                 native_skc_lookup_tcp
#define bpf_sk_lookup_udp                  native_sk_lookup_udp
#define bpf_fib_lookup(...)                native_fib_lookup(__VA_ARGS__) /* the struct has that name, too */
#define bpf_skb_load_bytes                 native_skb_load_bytes
#define bpf_skb_pull_data                  native_skb_pull_data
#define bpf_skb_cgroup_id                  native_skb_cgroup_id
#define bpf_skb_ancestor_cgroup_id         native_skb_ancestor_cgroup_id
#define bpf_get_current_cgroup_id          native_get_current_cgroup_id
#define bpf_get_current_ancestor_cgroup_id native_get_current_ancestor_cgroup_id
#define bpf_get_current_pid_tgid           native_get_current_pid_tgid
#define bpf_get_current_task               native_get_current_task
#define bpf_get_current_comm               native_get_current_comm
#define bpf_get_current_task               native_get_current_task
#define bpf_get_netns_cookie               native_get_netns_cookie
#define bpf_get_socket_cookie              native_get_socket_cookie
#define bpf_jiffies64                      native_jiffies64
#define bpf_ktime_get_ns                   native_ktime_get_ns
#define bpf_ktime_get_coarse_ns            native_ktime_get_ns
#define bpf_probe_read_kernel              native_probe_read_kernel
#define bpf_probe_read_kernel_str          native_probe_read_kernel_str
#define bpf_ringbuf_output                 native_ringbuf_output
#define bpf_ringbuf_reserve                native_ringbuf_reserve
#define bpf_ringbuf_submit                 native_ringbuf_end
#define bpf_ringbuf_discard                native_ringbuf_end
/* There is one thread. */
#define bpf_spin_lock(lock)   ((void)(lock))
#define bpf_spin_unlock(lock) ((void)(lock))

void *native_map_lookup_elem(void *map, const void *key);
long native_map_update_elem(void *map, const void *key, const void *value, __u64 flags);
long native_map_delete_elem(void *map, const void *key);
long native_map_push_elem(void *map, const void *value, __u64 flags);
long native_map_pop_elem(void *map, void *ret);
void *native_sk_storage_get(void *map, void *sk, void *value, __u64 flags);
long native_sk_storage_delete(void *map, void *sk);
struct bpf_sock *native_sk_fullsock(struct bpf_sock *sk);
long native_sk_release(void *sk);
struct bpf_sock *native_skc_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple, __u32 size, __u64 netns, __u64 flags);
struct bpf_sock *native_sk_lookup_udp(void *ctx, struct bpf_sock_tuple *tuple, __u32 size, __u64 netns, __u64 flags);
long native_fib_lookup(void *ctx, struct bpf_fib_lookup *params, int size, __u32 flags);
long native_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 len);
long native_skb_pull_data(void *skb, __u32 len);
__u64 native_skb_cgroup_id(struct __sk_buff *skb);
__u64 native_skb_ancestor_cgroup_id(struct __sk_buff *skb, int level);
__u64 native_get_current_cgroup_id(void);
__u64 native_get_current_ancestor_cgroup_id(int level);
__u64 native_get_current_pid_tgid(void);
__u64 native_get_current_task(void);
long native_get_current_comm(void *buf, __u32 size);
__u64 native_get_current_task(void);
__u64 native_get_netns_cookie(void *ctx);
__u64 native_get_socket_cookie(void *ctx);
__u64 native_jiffies64(void);
__u64 native_ktime_get_ns(void);
long native_probe_read_kernel(void *to, __u32 size, const void *from);
long native_probe_read_kernel_str(void *to, __u32 size, const void *from);
long native_ringbuf_output(void *ringbuf, void *data, __u64 size, __u64 flags);
void *native_ringbuf_reserve(void *ringbuf, __u64 size, __u64 flags);
void native_ringbuf_end(void *record, __u64 flags);

#endif
