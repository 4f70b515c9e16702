// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The program's own source, with what it needs around it: maps, a policy, a socket. */
#include "egret.bpf.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/udp.h>
#include <sanitizer/asan_interface.h>

#include "native.h"
#include "tables.h"

#define GENERATION   1
#define CLIENT_PORT  40000
#define SOCK_DGRAM   2
#define SEQ          0xfffffff0 /* of the first octet that the server sends: it wraps soon */
#define MAX_MESSAGE  65000
#define PACKET_ROOM  (1 << 17)
#define PACKET_PLACE 0x20000000 /* __sk_buff.data has 32 bits */
#define BUCKET_SHIFT 63         /* two buckets */

static const __u8 client_v4[4] = {10, 224, 0, 4}, server_v4[4] = {20, 0, 0, 53};
static const __u8 client_v6[16] = {0xfd, 0, 0, 0xe9, [15] = 4}, server_v6[16] = {0x26, 0x03, 0x10, [15] = 0x53};

/* The policy's tables. */
static char addrs_table, cidrs_table, ports_table, rules_table, lists_table, paths_table, sets_table;
static struct bpf_sock sock;
static __u8 *packet;
static size_t packet_len;

const uint8_t *native_packet(size_t *ret_len)
{
	*ret_len = packet_len;
	return packet;
}

/* --- once --- */

/* As the loader does it, before the constants are frozen. */
static void draw_hash_keys(void)
{
	static const __u64 keys[6] = {0x8b5ad4cea2f4a9b3, 0xd6e8feb86659fd93, 0xa0761d6478bd642f,
				      0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3};
	unsigned long at = (unsigned long)hash_keys, in_page = at & (sysconf(_SC_PAGESIZE) - 1);

	if (mprotect((void *)(at - in_page), in_page + sizeof(keys), PROT_READ | PROT_WRITE))
		abort();
	/* The compiler must not see that these are constants: it leaves such stores out. */
	asm volatile("" : "+r"(at));
	memcpy((void *)at, keys, sizeof(keys));
}

static void make_inner(const void *outer, void *inner, unsigned int type, size_t key_size, size_t value_size)
{
	table_make(outer, BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(__u32), 0, 2);
	table_make(inner, type, key_size, value_size, 64);
	/* There is one policy: it stands in both slots. */
	for (__u32 slot = 0; slot < 2; slot++)
		table_join(outer, &slot, inner);
}

static void make_policy_tables(void)
{
	make_inner(&addrs, &addrs_table, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct egret_bucket));
	make_inner(&cidrs, &cidrs_table, BPF_MAP_TYPE_LPM_TRIE, sizeof(struct egret_cidr_key),
		   sizeof(struct egret_target));
	make_inner(&ports, &ports_table, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct egret_port));
	make_inner(&rules, &rules_table, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct egret_rule));
	make_inner(&paths, &paths_table, BPF_MAP_TYPE_HASH, sizeof(__u64), sizeof(__u32));
	make_inner(&sets, &sets_table, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct egret_audience));
	make_inner(&lists, &lists_table, BPF_MAP_TYPE_HASH, sizeof(__u64), sizeof(struct egret_target));
}

/* Of a socket: one value each. */
#define SOCKET_TABLE(map) table_make(&(map), BPF_MAP_TYPE_SK_STORAGE, sizeof(void *), sizeof(*(map).value), 1)

#define QUEUE_MAKE(map) table_make(&(map), BPF_MAP_TYPE_QUEUE, sizeof(uint64_t), sizeof(*(map).value), EGRET_MAX_SHARES)

static void make_tables(void)
{
	make_policy_tables();
	TABLE_MAKE(config);
	TABLE_MAKE(audiences);
	TABLE_MAKE(subjects);
	TABLE_MAKE(late);
	TABLE_MAKE(lives);
	TABLE_MAKE(flows);
	TABLE_MAKE(arrivals);
	TABLE_MAKE(crowds);
	TABLE_MAKE(counters);
	TABLE_MAKE(reasons);
	TABLE_MAKE(drops);
	TABLE_MAKE(refusals);
	TABLE_MAKE(completions);
	TABLE_MAKE(strangers);
	TABLE_MAKE(culprits);
	TABLE_MAKE(subject_names);
	TABLE_MAKE(existing);
	TABLE_MAKE(learned);
	TABLE_MAKE(known);
	TABLE_MAKE(shares);
	TABLE_MAKE(chunks);
	TABLE_MAKE(fill);
	QUEUE_MAKE(spare);
	QUEUE_MAKE(turns);
	TABLE_MAKE(asked);
	TABLE_MAKE(asked_rings);
	TABLE_MAKE(lessons);
	TABLE_MAKE(epoch);
	TABLE_MAKE(devices);
	TABLE_MAKE(overlays);
	TABLE_MAKE(device_owners);
	TABLE_MAKE(senders);
	TABLE_MAKE(looks);
	TABLE_MAKE(looking);
	TABLE_MAKE(services);
	TABLE_MAKE(fragmented);
	TABLE_MAKE(questions_read);
	TABLE_MAKE(answers_read);
	SOCKET_TABLE(sockets);
	SOCKET_TABLE(queries);
	SOCKET_TABLE(streams);
	SOCKET_TABLE(windows);
}

static struct egret_addr mapped(enum native_family family, const __u8 *octets)
{
	struct egret_addr addr = {.bytes = {[10] = 0xff, [11] = 0xff}};

	if (family == NATIVE_V4)
		memcpy(addr.bytes + 12, octets, 4);
	else
		memcpy(addr.bytes, octets, 16);
	return addr;
}

static void trust(const struct egret_addr *server, int place)
{
	static const struct egret_target target = {
	    .dest = {.count = 1, .flags = EGRET_DEST_USED | EGRET_DEST_LIVE | EGRET_DEST_RESOLVER},
	    .head = {.l4_proto = EGRET_L4_ANY, .rule = EGRET_RULE_FIRST},
	};
	__u64 halves[2];
	struct egret_bucket *bucket;
	__u32 index;

	memcpy(halves, server, sizeof(halves));
	index = egret_bucket_index(halves[0], halves[1], hash_keys, BUCKET_SHIFT);
	bucket = table_find(&addrs_table, &index);
	bucket->addrs[place] = *server;
	bucket->targets[place] = target;
}

static void load_policy(void)
{
	/* Rules of every kind. */
	static struct egret_target teaches = {
	    .dest = {.count = 1, .flags = 0xffff & ~(EGRET_DEST_PRIVATE | EGRET_DEST_OF_PATTERN | EGRET_DEST_AUDIT)},
	    .head = {.rule = EGRET_RULE_FIRST + 1}};
	const struct egret_settings settings = {.bucket_shift = BUCKET_SHIFT, .min_ttl_sec = 900, .max_ttl_sec = 86400};
	struct egret_config cfg = {.generation = GENERATION, .settings = {settings, settings}};
	struct egret_addr v4 = mapped(NATIVE_V4, server_v4), v6 = mapped(NATIVE_V6, server_v6);
	static const struct egret_audience everybody = {.sets = {1U << EGRET_SET_ALL}};
	__u32 zero = 0;

	table_put(&config, &zero, &cfg, BPF_ANY);
	for (__u32 audience = 0; audience <= EGRET_AUDIENCE_HOSTNETWORK; audience++)
		table_put(&sets_table, &audience, &everybody, BPF_ANY);
	trust(&v4, 0);
	trust(&v6, 1);
	table_fallback(&lists_table, &teaches);
}

static void make_packet(void)
{
	if (packet)
		return;
	packet = mmap((void *)PACKET_PLACE, PACKET_ROOM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (packet != (void *)PACKET_PLACE)
		abort();
}

void native_start(void)
{
	make_packet();
	draw_hash_keys();
	make_tables();
	load_policy();
}

/* --- each time --- */

static void soil(__u8 *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = i & 1 ? DNS_HEADER : DNS_POINTER;
}

/* What an earlier message left in a buffer may be anything: here, pointers to the question. */
static void soil_buffers(void)
{
	for (__u32 buffer = 0; buffer < MESSAGE_BUFFERS; buffer++) {
		struct question *question = question_of(buffer);
		struct answer *answer = answer_of(buffer);

		soil(question ? question->bytes : answer->bytes,
		     question ? sizeof(question->bytes) : sizeof(answer->bytes));
	}
}

void native_forget(void)
{
	const void *const all[] = {&flows,   &arrivals, &drops,   &existing, &learned, &known,       &shares,
				   &chunks,  &fill,     &spare,   &turns,    &asked,   &asked_rings, &lessons,
				   &sockets, &queries,  &streams, &crowds,   &windows};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		table_clear(all[i]);
	table_clear(&questions_read);
	table_clear(&answers_read);
	soil_buffers();
	egret_create(&sock);
}

/* --- packets --- */

enum side { SENDS, RECEIVES };

static void put(const void *bytes, size_t len)
{
	if (packet_len + len > PACKET_ROOM)
		abort();
	memcpy(packet + packet_len, bytes, len);
	packet_len += len;
}

static void put_ip(enum native_family family, __u8 l4_proto, enum side side)
{
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = l4_proto};
	struct ipv6hdr ip6 = {.version = 6, .nexthdr = l4_proto, .hop_limit = 64};

	ASAN_UNPOISON_MEMORY_REGION(packet, PACKET_ROOM);
	packet_len = 0;
	if (family == NATIVE_V4) {
		memcpy(&ip.saddr, side == SENDS ? client_v4 : server_v4, sizeof(ip.saddr));
		memcpy(&ip.daddr, side == SENDS ? server_v4 : client_v4, sizeof(ip.daddr));
		put(&ip, sizeof(ip));
		return;
	}
	memcpy(&ip6.saddr, side == SENDS ? client_v6 : server_v6, sizeof(ip6.saddr));
	memcpy(&ip6.daddr, side == SENDS ? server_v6 : client_v6, sizeof(ip6.daddr));
	put(&ip6, sizeof(ip6));
}

static void put_udp(enum side side)
{
	struct udphdr udp = {.source = bpf_htons(side == SENDS ? CLIENT_PORT : DNS_PORT),
			     .dest = bpf_htons(side == SENDS ? DNS_PORT : CLIENT_PORT)};

	put(&udp, sizeof(udp));
}

/* @heard: octets that the server has sent before. */
static void put_tcp(enum side side, __u32 heard)
{
	struct tcphdr tcp = {.source = bpf_htons(side == SENDS ? CLIENT_PORT : DNS_PORT),
			     .dest = bpf_htons(side == SENDS ? DNS_PORT : CLIENT_PORT),
			     .ack = 1,
			     .doff = sizeof(tcp) / 4};

	if (side == SENDS)
		tcp.ack_seq = bpf_htonl(SEQ);
	else
		tcp.seq = bpf_htonl(SEQ + heard);
	put(&tcp, sizeof(tcp));
}

/* The packet that was put together. ASan sees who reads on behind it. */
static struct __sk_buff skb_of(enum native_family family)
{
	ASAN_POISON_MEMORY_REGION(packet + packet_len, PACKET_ROOM - packet_len);
	return (struct __sk_buff){
	    .len = packet_len,
	    .protocol = bpf_htons(family == NATIVE_V4 ? ETH_P_IP : ETH_P_IPV6),
	    .ifindex = LOOPBACK_IFINDEX + 1,
	    .data = (unsigned long)packet,
	    .data_end = (unsigned long)packet + packet_len,
	    .sk = &sock,
	};
}

static struct native_parsed parse(enum native_family family, const void *ip, size_t len, size_t ip_at,
				  enum packet_side side)
{
	static const __u8 before[64];
	struct packet pkt = {};
	struct __sk_buff skb;

	make_packet();
	ASAN_UNPOISON_MEMORY_REGION(packet, PACKET_ROOM);
	packet_len = 0;
	put(before, ip_at);
	put(ip, len);
	skb = skb_of(family);
	packet_parse(&skb, ip_at, skb.protocol, side, &pkt);
	return (struct native_parsed){
	    .addr = pkt.addr,
	    .port = pkt.port,
	    .near_port = bpf_ntohs(pkt.near_port_be),
	    .l4_proto = pkt.l4_proto,
	    .reason = pkt.reason,
	};
}

struct native_parsed native_parse_source(enum native_family family, const void *ip, size_t len, size_t ip_at)
{
	return parse(family, ip, len, ip_at, PACKET_SOURCE);
}

struct native_parsed native_parse_destination(enum native_family family, const void *ip, size_t len, size_t ip_at)
{
	return parse(family, ip, len, ip_at, PACKET_DESTINATION);
}

/* --- messages --- */

/* A stream's socket is connected. */
static void socket_open(const struct native_way *way)
{
	bool tcp = way->segment;

	sock = (struct bpf_sock){
	    .family = way->family == NATIVE_V4 ? AF_INET : AF_INET6,
	    .type = tcp ? SOCK_STREAM : SOCK_DGRAM,
	    .protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP,
	    .state = tcp ? BPF_TCP_ESTABLISHED : BPF_TCP_CLOSE,
	    .dst_port = tcp ? bpf_htons(DNS_PORT) : 0,
	};
	if (!tcp)
		return;
	memcpy(&sock.dst_ip4, server_v4, sizeof(sock.dst_ip4));
	memcpy(sock.dst_ip6, server_v6, sizeof(sock.dst_ip6));
}

bool native_sends(const struct native_way *way, const void *message, size_t len)
{
	__u16 len_be = bpf_htons(len);
	struct __sk_buff skb;

	socket_open(way);
	put_ip(way->family, sock.protocol, SENDS);
	if (way->segment) {
		put_tcp(SENDS, 0);
		put(&len_be, sizeof(len_be));
	} else {
		put_udp(SENDS);
	}
	put(message, len);
	skb = skb_of(way->family);
	return egret_egress(&skb) == PASS;
}

static void receive_stream(const struct native_way *way, const __u8 *bytes, size_t len)
{
	for (size_t at = 0; at < len; at += way->segment) {
		struct __sk_buff skb;

		put_ip(way->family, IPPROTO_TCP, RECEIVES);
		put_tcp(RECEIVES, at);
		put(bytes + at, len - at < way->segment ? len - at : way->segment);
		skb = skb_of(way->family);
		egret_ingress(&skb);
	}
}

void native_receives(const struct native_way *way, const void *message, size_t len)
{
	static __u8 framed[2 + MAX_MESSAGE];
	struct __sk_buff skb;

	if (len > MAX_MESSAGE)
		return;
	if (way->segment) {
		framed[0] = len >> 8;
		framed[1] = len;
		memcpy(framed + 2, message, len);
		receive_stream(way, framed, 2 + len);
		return;
	}
	put_ip(way->family, IPPROTO_UDP, RECEIVES);
	put_udp(RECEIVES);
	put(message, len);
	skb = skb_of(way->family);
	egret_ingress(&skb);
}

/* --- buffers --- */

size_t native_buffers(void)
{
	return QUESTION_BUFFERS;
}

void native_reach(uint32_t buffer)
{
	buffer_reach(message_of(buffer));
}

bool native_is_mine(uint32_t buffer)
{
	return buffer_is_mine(message_of(buffer));
}

uint32_t native_take(uint64_t owner)
{
	return buffer_take(BUFFER_QUESTION, owner);
}

void native_give(uint32_t buffer)
{
	buffer_give(message_of(buffer));
}

/* --- what became of it --- */

uint64_t native_busy(void)
{
	__u32 kind = EGRET_LESSON_BUSY;

	return ((struct egret_counter *)table_find(&lessons, &kind))->packets;
}

static bool is_usable(const struct egret_learned_key *key)
{
	__u64 halves[2];

	memcpy(halves, &key->addr, sizeof(halves));
	return learned_look_up(halves[0], halves[1], egret_port_key(GENERATION & 1, IPPROTO_TCP, 443),
			       EGRET_AUDIENCE_HOST, key->scope) &
	       EGRET_SAID_ALLOW;
}

static size_t addresses(struct egret_addr *ret, size_t max, bool usable)
{
	size_t count = 0;

	for (size_t i = 0; i < table_count(&learned); i++) {
		const struct egret_learned_key *key = table_key(&learned, i);

		if ((!usable || is_usable(key)) && count++ < max)
			ret[count - 1] = key->addr;
	}
	return count;
}

size_t native_learned(struct egret_addr *ret, size_t max)
{
	return addresses(ret, max, false);
}

size_t native_usable(struct egret_addr *ret, size_t max)
{
	return addresses(ret, max, true);
}
