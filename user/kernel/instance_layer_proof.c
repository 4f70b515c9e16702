// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Of the layers at devices. A child makes a network namespace with a pair of devices and sends frames from a packet
 * socket, which no hook of the cgroup sees, from one device to the other: without the layer's program, with it, and
 * without it again. Frames of one CPU do not overtake each other: so when the third is there, and the second is not,
 * the second was denied. The namespace ends with the child.
 */
#include "instance_child.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <linux/veth.h>

#include "../base/addr.h"
#include "../base/netlink.h"
#include "handle.h"
#include "hook_side.h"
#include "layer.h"

#define DISCARD_PORT 9 /* RFC 863 */
/* Frames need microseconds; this is for a machine that does other things. */
#define ARRIVES_SEC 2

static const char *const names[] = {[LAYER_INGRESS] = "egret-in", [LAYER_EGRESS] = "egret-out"};

/* The device that gets a frame, and the one that it leaves by: a layer looks at one of them. */
struct proof {
	struct kernel *kernel;
	struct in_addr forbidden;
	enum layer_place place;
	uint32_t ifindex[LAYER_PLACE_COUNT];
};

/* What was missing: the child ends with it. */
enum step {
	STEP_NAMESPACE = CHILD_NOT_TRIED + 1,
	STEP_DEVICES,
	STEP_SOCKETS,
	STEP_CONTROL,
	STEP_ATTACH,
	STEP_DETACH,
};

static const char *missing(int outcome)
{
	switch (outcome) {
	case STEP_NAMESPACE:
		return "no network namespace can be made";
	case STEP_DEVICES:
		return "no pair of devices can be made (module veth)";
	case STEP_SOCKETS:
		return "no packet socket can be made (module af_packet)";
	case STEP_CONTROL:
		return "a frame does not arrive though nothing looks at it";
	case STEP_ATTACH:
		return "its program cannot be attached there";
	case STEP_DETACH:
		return "no frame arrives after its program was taken away";
	default:
		return "no process can be started in a cgroup below the governed one";
	}
}

/* --- the devices --- */

static int make_pair(const struct proof *proof)
{
	struct ifinfomsg in = {.ifi_index = (int)proof->ifindex[LAYER_INGRESS]},
			 out = {.ifi_index = (int)proof->ifindex[LAYER_EGRESS]};
	struct netlink_question question;
	int info, data, peer;

	netlink_begin(&question, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &in, sizeof(in));
	netlink_add(&question, IFLA_IFNAME, names[LAYER_INGRESS], strlen(names[LAYER_INGRESS]));
	info = netlink_nest(&question, IFLA_LINKINFO, NULL, 0);
	netlink_add(&question, IFLA_INFO_KIND, "veth", strlen("veth"));
	data = netlink_nest(&question, IFLA_INFO_DATA, NULL, 0);
	peer = netlink_nest(&question, VETH_INFO_PEER, &out, sizeof(out));
	netlink_add(&question, IFLA_IFNAME, names[LAYER_EGRESS], strlen(names[LAYER_EGRESS]));
	netlink_end_nest(&question, peer);
	netlink_end_nest(&question, data);
	netlink_end_nest(&question, info);
	return netlink_ask(NETLINK_ROUTE, &question, NULL, NULL);
}

static struct ifreq request_of(enum layer_place place, struct in_addr addr)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = addr};
	struct ifreq request = {};

	memcpy(request.ifr_name, names[place], strlen(names[place]));
	memcpy(&request.ifr_addr, &in, sizeof(in));
	return request;
}

static int raise_device(int fd, enum layer_place place)
{
	struct ifreq request = request_of(place, (struct in_addr){0});

	if (ioctl(fd, SIOCGIFFLAGS, &request))
		return -errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) ? -errno : 0;
}

/* The forbidden address is the receiver's own. The sender is up last: it can send at once then. */
static int raise_pair(int fd, const struct proof *proof)
{
	struct ifreq addr = request_of(LAYER_INGRESS, proof->forbidden),
		     mask = request_of(LAYER_INGRESS, (struct in_addr){htonl(0xffffff00)});
	int rc;

	if (ioctl(fd, SIOCSIFADDR, &addr) || ioctl(fd, SIOCSIFNETMASK, &mask))
		return -errno;
	rc = raise_device(fd, LAYER_INGRESS);
	return rc ? rc : raise_device(fd, LAYER_EGRESS);
}

/* --- the frames --- */

struct frame {
	struct ethhdr link;
	struct iphdr ip;
	struct udphdr udp;
	char mark;
} __attribute__((packed));

/* RFC 1071 */
static uint16_t checksum(const void *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += sizeof(uint16_t)) {
		uint16_t word;

		memcpy(&word, (const char *)bytes + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static int fill_frame(int fd, const struct proof *proof, struct frame *ret)
{
	struct ifreq request = request_of(LAYER_INGRESS, (struct in_addr){0});
	struct iphdr ip = {.version = 4, .ihl = sizeof(ip) / 4, .ttl = 1, .protocol = IPPROTO_UDP};

	if (ioctl(fd, SIOCGIFHWADDR, &request))
		return -errno;
	ip.tot_len = htons(sizeof(*ret) - sizeof(ret->link));
	ip.daddr = proof->forbidden.s_addr;
	ip.saddr = ip.daddr ^ htonl(2); /* a neighbour's */
	ip.check = checksum(&ip, sizeof(ip));
	*ret = (struct frame){
	    .link.h_proto = htons(ETH_P_IP),
	    .ip = ip,
	    .udp = {.source = htons(DISCARD_PORT),
		    .dest = htons(DISCARD_PORT),
		    .len = htons(sizeof(ret->udp) + sizeof(ret->mark))}, /* without a checksum (RFC 768) */
	};
	memcpy(ret->link.h_dest, request.ifr_hwaddr.sa_data, ETH_ALEN);
	return 0;
}

struct wire {
	int sender, receiver;
	struct sockaddr_ll to;
	struct frame frame;
};

static int open_wire(const struct proof *proof, struct wire *ret)
{
	const struct sockaddr_in own = {
	    .sin_family = AF_INET, .sin_port = htons(DISCARD_PORT), .sin_addr = proof->forbidden};
	const struct timeval patience = {.tv_sec = ARRIVES_SEC};

	ret->to = (struct sockaddr_ll){
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)proof->ifindex[LAYER_EGRESS]};
	ret->sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	ret->receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ret->sender < 0 || ret->receiver < 0 ||
	    setsockopt(ret->receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return STEP_SOCKETS;
	if (raise_pair(ret->receiver, proof) || fill_frame(ret->receiver, proof, &ret->frame))
		return STEP_DEVICES;
	return bind(ret->receiver, (const struct sockaddr *)&own, sizeof(own)) ? STEP_SOCKETS : 0;
}

static void send_frame(struct wire *wire, char mark)
{
	wire->frame.mark = mark;
	/* Who is denied at an uplink is told so here; whether a frame arrived is asked of the receiver. */
	sendto(wire->sender, &wire->frame, sizeof(wire->frame), 0, (const struct sockaddr *)&wire->to,
	       sizeof(wire->to));
}

/* The mark of the next that arrives; 0 = none does. */
static char next_mark(const struct wire *wire)
{
	char mark = 0;

	return recv(wire->receiver, &mark, 1, 0) == 1 ? mark : 0;
}

/* --- the proof --- */

static void stay_on_one_cpu(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static int compare(const struct proof *proof, struct wire *wire)
{
	uint32_t ifindex = proof->ifindex[proof->place];
	struct error ignored;
	char mark;

	send_frame(wire, 'a');
	if (next_mark(wire) != 'a')
		return STEP_CONTROL;
	if (kernel_layer_attach(proof->kernel, ifindex, proof->place, &ignored))
		return STEP_ATTACH;
	send_frame(wire, 'b');
	if (kernel_layer_detach(proof->kernel, ifindex, proof->place))
		return STEP_ATTACH;
	send_frame(wire, 'c');
	mark = next_mark(wire);
	if (mark == 'b')
		return CHILD_LET_OUT;
	return mark == 'c' ? CHILD_REFUSED : STEP_DETACH;
}

static int prove_in_child(void *context)
{
	const struct proof *proof = context;
	struct wire wire;
	int rc;

	stay_on_one_cpu();
	if (unshare(CLONE_NEWNET))
		return STEP_NAMESPACE;
	if (make_pair(proof))
		return STEP_DEVICES;
	rc = open_wire(proof, &wire);
	return rc ? rc : compare(proof, &wire);
}

/* Numbers that no device of the node has: those count up from 1. */
static int choose_ifindexes(struct proof *proof)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	proof->ifindex[LAYER_INGRESS] = (UINT32_C(1) << 30) | (random >> 3) << 1;
	proof->ifindex[LAYER_EGRESS] = proof->ifindex[LAYER_INGRESS] | 1;
	return 0;
}

static bool is_not_of_proof(void *context, uint32_t ifindex)
{
	const struct proof *proof = context;

	return ifindex != proof->ifindex[LAYER_INGRESS] && ifindex != proof->ifindex[LAYER_EGRESS];
}

static int run_proof(struct proof *proof, int cgroup_fd, enum egret_layer layer, struct error *error)
{
	const struct egret_device device = {
	    .flags = layer == EGRET_LAYER_DEVICE ? EGRET_DEVICE_LEADS_IN : EGRET_DEVICE_UPLINK, .name = "egret-proof"};
	int outcome = kernel_set_device(proof->kernel, proof->ifindex[proof->place], &device);

	if (outcome)
		return error_set(error, outcome, "cannot name a device to the programs: %s", strerror(-outcome));
	outcome = child_try(proof->kernel, cgroup_fd, prove_in_child, proof, error);
	kernel_remove_device(proof->kernel, proof->ifindex[proof->place]);
	side_collect(proof->kernel->instance, is_not_of_proof, proof); /* a child that was killed left its pin */
	return outcome;
}

int kernel_layer_prove(struct kernel *kernel, int cgroup_fd, const struct egret_addr *forbidden, enum egret_layer layer,
		       struct error *error)
{
	static const char *const labels[] = {
#define LABEL(symbol, label, sentence) [EGRET_LAYER_##symbol] = label,
	    EGRET_LAYERS(LABEL)
#undef LABEL
	};
	struct proof proof = {.kernel = kernel,
			      .forbidden.s_addr = forbidden->word_be[3],
			      .place = layer == EGRET_LAYER_DEVICE ? LAYER_INGRESS : LAYER_EGRESS};
	int outcome = choose_ifindexes(&proof);
	char text[ADDR_TEXT_SIZE];

	if (outcome)
		return error_set(error, outcome, "no random numbers: %s", strerror(-outcome));
	outcome = run_proof(&proof, cgroup_fd, layer, error);
	if (outcome <= 0)
		return outcome;
	if (outcome != CHILD_LET_OUT)
		return error_set(error, -EIO, "the layer \"%s\" could not be tried: %s", labels[layer],
				 missing(outcome));
	return error_set(
	    error, -EIO,
	    "the layer \"%s\" failed its test: it let a frame to %s pass, which no rule allows; Egret does "
	    "not judge there",
	    labels[layer], addr_format(forbidden, text));
}
