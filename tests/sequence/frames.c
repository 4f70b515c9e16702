// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What no hook of a socket sees: frames of packet sockets, which the uplink's program judges by the policy in full, for
 * whoever made the socket. No flow helps them, and they begin none. */
#include "bed.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define FRAME_PORT 6999 /* no datagram socket's */

static const char uplink[] = "eth0";
static struct sockaddr_ll next_hop = {.sll_family = AF_PACKET, .sll_halen = ETH_ALEN};

/* In the network namespace that @fd is a socket of. */
static void ask_device(int fd, unsigned long what, struct ifreq *ret)
{
	snprintf(ret->ifr_name, sizeof(ret->ifr_name), "%s", uplink);
	if (ioctl(fd, what, ret))
		die(uplink);
}

void uplink_attach(const char *node)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = bpf_program__fd(bed.programs->progs.egret_uplink));
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(node, O_RDONLY | O_CLOEXEC);

	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET))
		die(node);
	hook.ifindex = (int)if_nametoindex(uplink);
	if (bpf_tc_hook_create(&hook) || bpf_tc_attach(&hook, &options) || setns(here, CLONE_NEWNET))
		die("attach to the uplink");
	close(here);
	close(there);
}

/* The internet's end of the link, whose namespace this process is in. */
static void find_next_hop(int of_node)
{
	int of_internet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	ask_device(of_internet, SIOCGIFHWADDR, &request);
	memcpy(next_hop.sll_addr, request.ifr_hwaddr.sa_data, ETH_ALEN);
	ask_device(of_node, SIOCGIFINDEX, &request);
	next_hop.sll_ifindex = request.ifr_ifindex;
	close(of_internet);
}

static uint32_t sum_of(const void *data, size_t len)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len / 2; i++)
		sum += words[i];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t ip4_header(const struct model_packet *packet, size_t len, uint8_t *ret)
{
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};

	ip.tot_len = htons((uint16_t)(sizeof(ip) + len));
	memcpy(&ip.saddr, bed.node4.bytes + 12, sizeof(ip.saddr));
	memcpy(&ip.daddr, packet->addr.bytes + 12, sizeof(ip.daddr));
	ip.check = fold(sum_of(&ip, sizeof(ip)));
	memcpy(ret, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t ip6_header(const struct model_packet *packet, size_t len, uint8_t *ret)
{
	struct ip6_hdr ip = {0};

	ip.ip6_plen = htons((uint16_t)len);
	ip.ip6_nxt = IPPROTO_UDP;
	ip.ip6_hlim = 64;
	ip.ip6_vfc = 6 << 4;
	memcpy(&ip.ip6_src, bed.node6.bytes, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, packet->addr.bytes, sizeof(ip.ip6_dst));
	memcpy(ret, &ip, sizeof(ip));
	return sizeof(ip);
}

/* IPv6 wants a datagram's sum (RFC 8200 section 8.1), which IPv4 may leave out. */
static uint16_t udp_sum(const struct model_packet *packet, const struct udphdr *udp)
{
	uint32_t sum = sum_of(bed.node6.bytes, 16) + sum_of(packet->addr.bytes, 16) + udp->len + htons(IPPROTO_UDP);

	return fold(sum + sum_of(udp, sizeof(*udp)) + sum_of(&bed.token, sizeof(bed.token)));
}

static size_t build(const struct model_packet *packet, uint8_t *ret)
{
	struct udphdr udp = {.source = htons(FRAME_PORT), .dest = htons(packet->port)};
	size_t len = sizeof(udp) + sizeof(bed.token), at;
	bool v4 = addr_is_v4(&packet->addr);

	udp.len = htons((uint16_t)len);
	at = v4 ? ip4_header(packet, len, ret) : ip6_header(packet, len, ret);
	udp.check = v4 ? 0 : udp_sum(packet, &udp);
	memcpy(ret + at, &udp, sizeof(udp));
	memcpy(ret + at + sizeof(udp), &bed.token, sizeof(bed.token));
	return at + len;
}

/* What no rule allows is said to be no socket's. */
static struct model_verdict expected_of(const struct model_packet *packet)
{
	struct model_verdict verdict = model_judge(&bed.world.model, packet);

	if (!verdict.allow && verdict.reason != EGRET_REASON_DENY_RULE)
		verdict.reason = EGRET_REASON_NOT_A_SOCKET;
	return verdict;
}

static uint64_t count_of(struct model_verdict verdict, const struct model_packet *packet)
{
	return verdict.allow ? counted(verdict, packet) : count_of_reason(verdict.reason, verdict.told);
}

static void check(const struct model_packet *packet, struct model_verdict expected, ssize_t sent, int error,
		  uint64_t before)
{
	/* A packet socket is told at once what became of its frame: NET_XMIT_DROP. */
	if (model_passes(expected) && (sent < 0 || !internet_got(packet->port, bed.token, unexpected)))
		disagree("a frame to %s did not arrive; the model %s", destination(packet), says(expected));
	if (!model_passes(expected) && (sent >= 0 || error != ENOBUFS))
		disagree("a frame to %s: %s; the model %s", destination(packet), sent >= 0 ? "sent" : strerror(error),
			 says(expected));
	if (count_of(expected, packet) == before)
		disagree("a frame to %s was not counted: the model %s", destination(packet), says(expected));
}

void step_frame(void)
{
	enum maker_kind maker = (enum maker_kind)random_below(MAKERS);
	struct model_packet packet = {0};
	struct model_verdict expected;
	uint8_t bytes[128];
	uint64_t before;
	ssize_t sent;
	int fd, error;

	draw_destination(&packet, IPPROTO_UDP, false);
	set_subject(maker, &packet);
	step_begins();
	if (is_unsure(&packet))
		return;
	fd = maker_socket(&bed.makers[maker], AF_PACKET, SOCK_DGRAM);
	if (!next_hop.sll_ifindex)
		find_next_hop(fd);
	next_hop.sll_protocol = htons(addr_is_v4(&packet.addr) ? ETH_P_IP : ETH_P_IPV6);
	expected = expected_of(&packet);
	bed.token = ((bed.token + 2) & ~1ULL) | !model_passes(expected);
	note("  frame of maker %d to %s: model %s\n", maker, destination(&packet), says(expected));
	before = count_of(expected, &packet);
	sent = sendto(fd, bytes, build(&packet, bytes), 0, (struct sockaddr *)&next_hop, sizeof(next_hop));
	error = errno;
	step_ends();
	check(&packet, expected, sent, error, before);
	close(fd);
}
