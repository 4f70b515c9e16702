// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the egress program costs a packet, against an empty program in the same
 * run: BPF_PROG_TEST_RUN, rounds interleaved, medians of the ratios.
 *
 * Runs in a network namespace of its own that has a device besides lo, because
 * what goes over lo is not judged. Prints one JSON object a line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>

#include "egret.skel.h"
#include "bench_empty.skel.h"
#include "compile/compile.h"
#include "kernel/kernel.h"

#define INSTANCE "bench"
#define DEVICE   "bench0"
#define ROUNDS   41
#define REPEAT   200000
#define MANY     100000

enum variant { EMPTY, HOT_TCP, HOT_UDP, HOT_TCP6, FIRST, FIRST_CIDR, DENIED_AGAIN, DENIED_FIRST, LOOPBACK, VARIANTS };

struct packet {
	unsigned char bytes[128];
	uint32_t len;
};

struct bench {
	struct kernel *kernel;
	struct bench_empty *empty;
	struct egret_bpf *cached, *bypassing;
	unsigned int ifindex;
	struct packet packets[VARIANTS];
	double ns[VARIANTS][ROUNDS];
};

static void die(const char *what)
{
	fprintf(stderr, "packet_cost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct egret_addr nth_address(uint32_t n)
{
	return addr_from_v4(htonl(0x14000000 + n)); /* 20.0.0.0 */
}

/* @count addresses that may be reached on tcp:443 and udp:53, and 51.0.0.0/8 on both. */
static void load_policy(struct bench *bench, size_t count)
{
	struct policy policy = {};
	struct egret_port ports[] = {
	    {.lo = 443, .hi = 443, .l4_proto = IPPROTO_TCP, .classes = EGRET_CLASS_ALL, .rule = EGRET_RULE_FIRST},
	    {.lo = 53, .hi = 53, .l4_proto = IPPROTO_UDP, .classes = EGRET_CLASS_ALL, .rule = EGRET_RULE_FIRST},
	};
	struct egret_rule rule = {.born = 1, .first = 0, .count = 2};
	struct egret_rule_text text = {.text = "bench"};
	struct compiled_cidr cidr = {.dest = {.count = 2}};
	struct compiled compiled = {.policy = &policy,
				    .ports = ports,
				    .port_count = 2,
				    .addr_count = count,
				    .cidrs = &cidr,
				    .cidr_count = 1,
				    .rules = &rule,
				    .texts = &text,
				    .rule_count = 1};
	struct error error;

	cidr.key.prefix_len = 96 + 8;
	cidr.key.addr = addr_from_v4(htonl(0x33000000));
	compiled.addrs = calloc(count, sizeof(*compiled.addrs));
	if (!compiled.addrs)
		die("calloc");
	for (size_t i = 0; i < count; i++)
		compiled.addrs[i] = (struct compiled_addr){nth_address(i), {.count = 2}};
	if (kernel_load_policy(bench->kernel, &compiled, &error)) {
		fprintf(stderr, "packet_cost: %s\n", error.text);
		exit(1);
	}
	free(compiled.addrs);
}

static struct packet make_packet(uint32_t to, uint8_t l4_proto, uint16_t port)
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

static struct packet make_packet6(uint32_t mapped, uint16_t port)
{
	struct ip6_hdr ip6 = {.ip6_ctlun.ip6_un1 = {htonl(6 << 28), htons(20), IPPROTO_TCP, 64}};
	struct egret_addr addr = addr_from_v4(htonl(mapped));
	struct packet packet = {.len = ETH_HLEN + 60};
	uint16_t ports[2] = {htons(40000), htons(port)};

	memcpy(&ip6.ip6_dst, &addr, sizeof(addr));
	packet.bytes[12] = ETH_P_IPV6 >> 8;
	packet.bytes[13] = ETH_P_IPV6 & 0xff;
	memcpy(packet.bytes + ETH_HLEN, &ip6, sizeof(ip6));
	memcpy(packet.bytes + ETH_HLEN + sizeof(ip6), ports, sizeof(ports));
	return packet;
}

static double run_once(struct bench *bench, enum variant variant, int program_fd)
{
	struct __sk_buff context = {.ifindex = variant == LOOPBACK ? 1 : bench->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bench->packets[variant].bytes,
		    .data_size_in = bench->packets[variant].len, .ctx_in = &context, .ctx_size_in = sizeof(context),
		    .repeat = REPEAT);

	if (bpf_prog_test_run_opts(program_fd, &options))
		die("BPF_PROG_TEST_RUN");
	if (options.retval != (variant != DENIED_AGAIN && variant != DENIED_FIRST)) {
		fprintf(stderr, "packet_cost: variant %d: verdict %u\n", variant, options.retval);
		exit(1);
	}
	return options.duration;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static double median(const double *values)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(sorted[0]), by_value);
	return sorted[ROUNDS / 2];
}

static double ratio(const struct bench *bench, enum variant variant)
{
	double ratios[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ratios[i] = bench->ns[variant][i] / bench->ns[EMPTY][i];
	return median(ratios);
}

static void report(const char *name, double value, const char *unit, double bar)
{
	printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"", name, value, unit);
	if (bar > 0)
		printf(", \"bar\": %.2f, \"ok\": %s", bar, value <= bar ? "true" : "false");
	puts("}");
}

static void report_all(const struct bench *bench, size_t addresses)
{
	static const struct {
		enum variant variant;
		const char *name;
		double bar; /* of the design, section 8 */
	} rows[] = {
	    {HOT_TCP, "live connection, TCP over IPv4", 1.6},
	    {HOT_TCP6, "live connection, TCP over IPv6", 1.6},
	    {HOT_UDP, "live flow, UDP", 2.1},
	    {FIRST, "first packet to an allowed address", 2.4},
	    {FIRST_CIDR, "first packet to an allowed CIDR", 0},
	    {DENIED_AGAIN, "denied again on the same socket", 3},
	    {DENIED_FIRST, "denied first, with accounting", 20},
	    {LOOPBACK, "loopback", 0},
	};
	char name[160];

	report("empty program, ns", median(bench->ns[EMPTY]), "ns", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(name, sizeof(name), "%s, %zu addresses", rows[i].name, addresses);
		report(name, ratio(bench, rows[i].variant), "x empty", rows[i].bar);
	}
}

static void load_programs(struct bench *bench)
{
	struct egret_meta meta;
	struct bpf_map *map;
	char path[128];

	bench->empty = bench_empty__open_and_load();
	bench->cached = egret_bpf__open();
	bench->bypassing = egret_bpf__open();
	if (!bench->empty || !bench->cached || !bench->bypassing)
		die("open");
	bench->bypassing->rodata->bypass_cache = true;
	if (kernel_get_meta(bench->kernel, &meta))
		die("meta");
	memcpy((void *)bench->cached->rodata->hash_keys, meta.hash_keys, sizeof(meta.hash_keys));
	memcpy((void *)bench->bypassing->rodata->hash_keys, meta.hash_keys, sizeof(meta.hash_keys));
	bpf_object__for_each_map(map, bench->cached->obj)
	{
		if (strstr(bpf_map__name(map), ".rodata"))
			continue;
		snprintf(path, sizeof(path), "/sys/fs/bpf/egret/" INSTANCE "/map_%s", bpf_map__name(map));
		bpf_map__set_pin_path(map, path);
		bpf_map__set_pin_path(bpf_object__find_map_by_name(bench->bypassing->obj, bpf_map__name(map)), path);
	}
	if (egret_bpf__load(bench->cached) || egret_bpf__load(bench->bypassing))
		die("load");
}

static void measure(struct bench *bench)
{
	int cached = bpf_program__fd(bench->cached->progs.egret_egress);
	int bypassing = bpf_program__fd(bench->bypassing->progs.egret_egress);
	const int programs[VARIANTS] = {
	    [EMPTY] = bpf_program__fd(bench->empty->progs.empty),
	    [HOT_TCP] = cached,
	    [HOT_TCP6] = cached,
	    [HOT_UDP] = cached,
	    [FIRST] = bypassing,
	    [FIRST_CIDR] = bypassing,
	    [DENIED_AGAIN] = cached,
	    [DENIED_FIRST] = bypassing,
	    [LOOPBACK] = cached,
	};

	for (int round = 0; round < ROUNDS; round++)
		for (int variant = 0; variant < VARIANTS; variant++)
			bench->ns[variant][round] = run_once(bench, variant, programs[variant]);
}

int main(void)
{
	static const size_t sizes[] = {10, MANY};
	static struct bench bench;
	struct error error;

	bench.ifindex = if_nametoindex(DEVICE);
	if (!bench.ifindex)
		die("no device " DEVICE);
	if (kernel_new(INSTANCE, &bench.kernel, &error)) {
		fprintf(stderr, "packet_cost: %s\n", error.text);
		return 1;
	}
	load_programs(&bench);
	bench.packets[EMPTY] = bench.packets[HOT_TCP] = bench.packets[FIRST] = bench.packets[LOOPBACK] =
	    make_packet(0x14000003, IPPROTO_TCP, 443);
	bench.packets[HOT_TCP6] = make_packet6(0x14000003, 443);
	bench.packets[HOT_UDP] = make_packet(0x14000003, IPPROTO_UDP, 53);
	bench.packets[FIRST_CIDR] = make_packet(0x33010203, IPPROTO_TCP, 443);
	bench.packets[DENIED_AGAIN] = bench.packets[DENIED_FIRST] = make_packet(0x50000001, IPPROTO_TCP, 443);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		load_policy(&bench, sizes[i]);
		measure(&bench);
		report_all(&bench, sizes[i]);
	}
	kernel_free(bench.kernel);
	return kernel_detach(INSTANCE, &error) ? 1 : 0;
}
