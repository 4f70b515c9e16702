// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "astray.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>

#ifndef AF_XDP
#define AF_XDP 44
#endif
#define VRRP 112 /* RFC 9568 section 5.1.1.4 */

int begin_frame(const struct sending *sending, struct frame *ret)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	strncpy(request.ifr_name, sending->device, IFNAMSIZ - 1);
	rc = ioctl(fd, SIOCGIFHWADDR, &request);
	close(fd);
	if (rc)
		return -errno;
	memcpy(ret->bytes, sending->mac, ETH_ALEN);
	memcpy(ret->bytes + ETH_ALEN, request.ifr_hwaddr.sa_data, ETH_ALEN);
	ret->len = (size_t)2 * ETH_ALEN;
	return 0;
}

static int whole_frame(const struct sending *sending, struct frame *ret)
{
	int rc = begin_frame(sending, ret);

	append_type(ret, packet_type(sending));
	append_packet(ret, sending);
	return rc;
}

static struct sockaddr_ll link_address(const struct sending *sending, uint16_t type)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(type),
				 .sll_ifindex = sending->ifindex,
				 .sll_halen = ETH_ALEN};

	memcpy(to.sll_addr, sending->mac, ETH_ALEN);
	return to;
}

int send_as(const struct sending *sending, const struct frame *frame, uint16_t type, int socket_type, int bypass)
{
	struct sockaddr_ll to = link_address(sending, type);
	int fd = socket(AF_PACKET, socket_type | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return -errno;
	if ((bypass && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass))) ||
	    sendto(fd, frame->bytes, frame->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static int packet_raw(const struct sending *sending)
{
	struct frame frame;

	return whole_frame(sending, &frame) ?: send_as(sending, &frame, packet_type(sending), SOCK_RAW, 0);
}

static int packet_bypass(const struct sending *sending)
{
	struct frame frame;

	return whole_frame(sending, &frame) ?: send_as(sending, &frame, packet_type(sending), SOCK_RAW, 1);
}

static int packet_dgram(const struct sending *sending)
{
	struct frame frame = {.len = 0};

	append_packet(&frame, sending);
	return send_as(sending, &frame, packet_type(sending), SOCK_DGRAM, 0);
}

/* An IP packet that the socket calls ARP. */
static int packet_forged(const struct sending *sending)
{
	struct frame frame;

	return whole_frame(sending, &frame) ?: send_as(sending, &frame, ETH_P_ARP, SOCK_RAW, 0);
}

static int packet_tagged(const struct sending *sending)
{
	struct frame frame;
	int rc = begin_frame(sending, &frame);

	append_type(&frame, ETH_P_8021Q);
	append_type(&frame, 0); /* of no VLAN, only of a priority: IEEE 802.1Q */
	append_type(&frame, packet_type(sending));
	append_packet(&frame, sending);
	return rc ?: send_as(sending, &frame, ETH_P_8021Q, SOCK_RAW, 0);
}

static int arp(const struct sending *sending)
{
	struct frame frame;
	int rc = begin_frame(sending, &frame);

	append_type(&frame, ETH_P_ARP);
	append_arp(&frame, sending);
	return rc ?: send_as(sending, &frame, ETH_P_ARP, SOCK_RAW, 0);
}

/* "type-88cc": of this EtherType; of IEEE 802.3 it is the length. */
static int frame_of_type(const char *hex, const struct sending *sending)
{
	uint16_t type = (uint16_t)strtoul(hex, NULL, 16);
	struct frame frame;
	int rc = begin_frame(sending, &frame);

	append_type(&frame, type);
	append_text(&frame, sending);
	return rc ?: send_as(sending, &frame, type, SOCK_RAW, 0);
}

/* Of an IP protocol that is no other's: VRRP (RFC 9568), by an ordinary raw socket. */
static int vrrp(const struct sending *sending)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct ip_mreqn device = {.imr_ifindex = sending->ifindex};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, VRRP), rc = 0;
	struct frame frame = {.len = 0};

	append_text(&frame, sending);
	inet_pton(AF_INET, sending->target, &to.sin_addr);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &device, sizeof(device)) ||
	    sendto(fd, frame.bytes, frame.len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* Of one block with one frame, which the kernel sends without a copy: TPACKET_V2. */
int open_ring(const struct sending *sending, struct tpacket2_hdr **ret_slot, uint8_t **ret_frame)
{
	struct tpacket_req request = {.tp_block_size = 4096, .tp_block_nr = 1, .tp_frame_size = 4096, .tp_frame_nr = 1};
	struct sockaddr_ll to = link_address(sending, packet_type(sending));
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), version = TPACKET_V2;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)) ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)))
		return -errno;
	*ret_slot = mmap(NULL, request.tp_block_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*ret_slot == MAP_FAILED)
		return -errno;
	*ret_frame = (uint8_t *)*ret_slot + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
	return fd;
}

static int packet_ring(const struct sending *sending)
{
	struct tpacket2_hdr *slot;
	struct frame frame;
	uint8_t *area;
	int fd = whole_frame(sending, &frame) ?: open_ring(sending, &slot, &area);

	if (fd < 0)
		return fd;
	memcpy(area, frame.bytes, frame.len);
	slot->tp_len = frame.len;
	slot->tp_status = TP_STATUS_SEND_REQUEST;
	return send(fd, NULL, 0, 0) < 0 ? -errno : 0;
}

#define XDP_FRAMES 4

static int xdp_rings(int fd, uint8_t **ret_area)
{
	uint8_t *area =
	    mmap(NULL, (size_t)XDP_FRAMES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xdp_umem_reg memory = {.addr = (uintptr_t)area, .len = XDP_FRAMES * 4096, .chunk_size = 4096};
	int size = XDP_FRAMES;

	*ret_area = area;
	return setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) ||
		       setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &size, sizeof(size)) ||
		       setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &size, sizeof(size)) ||
		       setsockopt(fd, SOL_XDP, XDP_TX_RING, &size, sizeof(size))
		   ? -errno
		   : 0;
}

/* The kernel gives a queue of a device free some time after the socket that had it was closed. */
static int bind_queue(int fd, const struct sockaddr_xdp *here)
{
	for (int tries = 0; tries < 400; tries++) {
		if (!bind(fd, (const struct sockaddr *)here, sizeof(*here)))
			return 0;
		if (errno != EBUSY)
			break;
		usleep(10000);
	}
	return -errno;
}

/* In copy mode, as every device can. */
static int xdp(const struct sending *sending)
{
	struct sockaddr_xdp here = {
	    .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY, .sxdp_ifindex = (uint32_t)sending->ifindex};
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), rc;
	struct xdp_mmap_offsets offsets;
	socklen_t len = sizeof(offsets);
	uint8_t *area, *ring;
	struct frame frame;

	if (fd < 0)
		return -errno;
	rc = xdp_rings(fd, &area) ?: whole_frame(sending, &frame);
	if (rc)
		return rc;
	memcpy(area, frame.bytes, frame.len);
	rc = bind_queue(fd, &here);
	if (rc)
		return rc;
	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &len))
		return -errno;
	ring = mmap(NULL, offsets.tx.desc + XDP_FRAMES * sizeof(struct xdp_desc), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, XDP_PGOFF_TX_RING);
	if (ring == MAP_FAILED)
		return -errno;
	*(struct xdp_desc *)(ring + offsets.tx.desc) = (struct xdp_desc){.len = frame.len};
	__atomic_store_n((uint32_t *)(ring + offsets.tx.producer), 1, __ATOMIC_RELEASE);
	if (sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN && errno != EBUSY)
		return -errno;
	usleep(50000);
	return 0;
}

/* Through a TUN or TAP device that is made here; the namespace forwards what comes in by it. */
static int write_tunnel(const struct sending *sending, const struct frame *frame, short flags)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_flags = (short)(flags | IFF_NO_PI)};

	strncpy(request.ifr_name, sending->device, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		return -errno;
	request.ifr_flags = IFF_UP;
	if (ioctl(control, SIOCSIFFLAGS, &request) || write(fd, frame->bytes, frame->len) < 0)
		return -errno;
	usleep(50000); /* the device goes with this process */
	return 0;
}

static int tun(const struct sending *sending)
{
	struct frame frame = {.len = 0};

	append_packet(&frame, sending);
	return write_tunnel(sending, &frame, IFF_TUN);
}

static int tap(const struct sending *sending)
{
	struct frame frame = {.len = (size_t)2 * ETH_ALEN};

	memcpy(frame.bytes, sending->mac, ETH_ALEN);
	memcpy(frame.bytes + ETH_ALEN, "\x02\0\0\0\0\x01", ETH_ALEN);
	append_type(&frame, packet_type(sending));
	append_packet(&frame, sending);
	return write_tunnel(sending, &frame, IFF_TAP);
}

static const struct way {
	const char *name;
	int (*send)(const struct sending *sending);
} ways[] = {
    {"packet-raw", packet_raw},
    {"packet-dgram", packet_dgram},
    {"packet-ring", packet_ring},
    {"packet-bypass", packet_bypass},
    {"packet-forged", packet_forged},
    {"packet-tagged", packet_tagged},
    {"xdp", xdp},
    {"tun", tun},
    {"tap", tap},
    {"arp", arp},
    {"vrrp", vrrp},
};

int send_astray(const char *way, const struct sending *sending)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, way))
			return ways[i].send(sending);
	return strncmp(way, "type-", 5) ? send_guise(way, sending) : frame_of_type(way + 5, sending);
}
