// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "test_run.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>

#include "bench_empty.skel.h"
#include "bench_first_packet.skel.h"
#include "base/addr.h"
#include "egret.skel.h"
#include "report.h"

struct packet packet_make(uint32_t to, uint8_t l4_proto, uint16_t port)
{
	struct iphdr ip = {.version = 4,
			   .ihl = 5,
			   .ttl = 64,
			   .protocol = l4_proto,
			   .saddr = htonl(0x0a000001),
			   .daddr = htonl(to),
			   .tot_len = htons(60)};
	struct packet packet = {.len = ETH_HLEN + 60};
	uint16_t ports[2] = {htons(40000), htons(port)};

	packet.bytes[12] = ETH_P_IP >> 8;
	memcpy(packet.bytes + ETH_HLEN, &ip, sizeof(ip));
	memcpy(packet.bytes + ETH_HLEN + sizeof(ip), ports, sizeof(ports));
	return packet;
}

struct packet packet_make6(uint32_t to, uint16_t port)
{
	struct ip6_hdr ip6 = {.ip6_ctlun.ip6_un1 = {htonl(6 << 28), htons(20), IPPROTO_TCP, 64}};
	struct egret_addr addr = addr_from_v4(htonl(to));
	struct in6_addr from = {.s6_addr = {0xfd, [15] = 1}};
	struct packet packet = {.len = ETH_HLEN + 60};
	uint16_t ports[2] = {htons(40000), htons(port)};

	ip6.ip6_src = from;
	memcpy(&ip6.ip6_dst, &addr, sizeof(addr));
	packet.bytes[12] = ETH_P_IPV6 >> 8;
	packet.bytes[13] = ETH_P_IPV6 & 0xff;
	memcpy(packet.bytes + ETH_HLEN, &ip6, sizeof(ip6));
	memcpy(packet.bytes + ETH_HLEN + sizeof(ip6), ports, sizeof(ports));
	return packet;
}

static void share_maps(struct bpf_object *object, const char *instance)
{
	struct bpf_map *map;
	char path[128];

	bpf_object__for_each_map(map, object)
	{
		snprintf(path, sizeof(path), "/sys/fs/bpf/egret/%s/map_%s", instance, bpf_map__name(map));
		if (!access(path, F_OK)) /* others are each object's own */
			bpf_map__set_pin_path(map, path);
	}
}

static int bypassing_load(const char *instance, const struct egret_meta *meta)
{
	struct bench_first_packet *object = bench_first_packet__open();

	if (!object)
		die("open");
	memcpy((void *)object->rodata->hash_keys, meta->hash_keys, sizeof(meta->hash_keys));
	share_maps(object->obj, instance);
	if (bench_first_packet__load(object))
		die("load");
	return bpf_program__fd(object->progs.egret_egress);
}

void egress_load(struct egress *ret, const char *instance, const struct kernel *kernel)
{
	struct egret_bpf *object = egret_bpf__open();
	struct egret_meta meta;

	if (!object)
		die("open");
	if (kernel_get_meta(kernel, &meta))
		die("meta");
	memcpy((void *)object->rodata->hash_keys, meta.hash_keys, sizeof(meta.hash_keys));
	share_maps(object->obj, instance);
	if (egret_bpf__load(object))
		die("load");
	ret->cached_fd = bpf_program__fd(object->progs.egret_egress);
	ret->ingress_fd = bpf_program__fd(object->progs.egret_ingress);
	ret->bypassing_fd = bypassing_load(instance, &meta);
}

int empty_load(void)
{
	struct bench_empty *empty = bench_empty__open_and_load();

	if (!empty)
		die("load");
	return bpf_program__fd(empty->progs.empty);
}

double test_run_ns(int program_fd, const struct packet *packet, unsigned int ifindex, uint32_t repeat, uint32_t verdict)
{
	struct __sk_buff context = {.ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes, .data_size_in = packet->len,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = repeat);

	if (bpf_prog_test_run_opts(program_fd, &options))
		die("BPF_PROG_TEST_RUN");
	if (options.retval == verdict)
		return options.duration;
	fprintf(stderr, "test_run: verdict %u instead of %u, device %u, to %02x%02x%02x%02x\n", options.retval, verdict,
		ifindex, packet->bytes[30], packet->bytes[31], packet->bytes[32], packet->bytes[33]);
	exit(1);
}
