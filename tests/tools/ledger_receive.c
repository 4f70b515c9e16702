/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The receiver: servers of both protocols on every address of its namespace, and a tap
 * beside them, which also sees what no server is told: a SYN of a connection that comes to
 * nothing. What its own buffers lost is written down too, and then nothing is proven.
 */
#include "ledger.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BUFFER_BYTES (64 << 20)
#define BACKLOG      4096
#define MAX_FDS      65536
#define QUIET_MS     300 /* nothing came for so long: all that was sent is here */

/* Bytes of a line that came in pieces. */
struct stream {
	char bytes[sizeof(struct ledger_payload)];
	size_t have;
};

struct receiver {
	FILE *file;
	int epoll_fd, udp_fd, listen_fd, tap_fd, stop_fd;
	struct stream *streams; /* by descriptor */
	uint32_t udp_lost;
};

static void note(struct receiver *receiver, const char *what, uint64_t number, const char *addr)
{
	fprintf(receiver->file, "%s %llu %llu %s\n", what, (unsigned long long)number,
		(unsigned long long)ledger_now_ns(), addr);
}

static int watch_fd(const struct receiver *receiver, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(receiver->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int server(int type)
{
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, size = BUFFER_BYTES;
	struct sockaddr_storage any;
	socklen_t len;

	ledger_parse("::", LEDGER_PORT, &any, &len);
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_DGRAM) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one));
	}
	if (fd < 0 || bind(fd, (void *)&any, len) || (type == SOCK_STREAM && listen(fd, BACKLOG)))
		return -errno;
	return fd;
}

static int tap(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)), size = BUFFER_BYTES;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

/* --- what arrives --- */

static void read_control(struct receiver *receiver, struct msghdr *msg, struct sockaddr_storage *ret_local)
{
	struct sockaddr_in6 *local = (void *)ret_local;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SO_RXQ_OVFL)
			memcpy(&receiver->udp_lost, CMSG_DATA(cmsg), sizeof(receiver->udp_lost));
		if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO)
			local->sin6_addr = ((struct in6_pktinfo *)CMSG_DATA(cmsg))->ipi6_addr;
	}
}

static bool take_datagram(struct receiver *receiver)
{
	struct sockaddr_storage local = {.ss_family = AF_INET6};
	char bytes[64], control[256], text[LEDGER_ADDR_SIZE];
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr msg = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(receiver->udp_fd, &msg, 0);

	if (len < 0)
		return false;
	read_control(receiver, &msg, &local);
	note(receiver, "data", ledger_number(bytes, len), ledger_addr(&local, text));
	return true;
}

static bool take_connection(struct receiver *receiver)
{
	int fd = accept4(receiver->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	if (fd >= MAX_FDS || watch_fd(receiver, fd)) {
		close(fd);
		return true;
	}
	receiver->streams[fd].have = 0;
	return true;
}

static bool take_stream(struct receiver *receiver, int fd)
{
	struct stream *stream = &receiver->streams[fd];
	struct sockaddr_storage local;
	socklen_t local_len = sizeof(local);
	char text[LEDGER_ADDR_SIZE];
	ssize_t len = recv(fd, stream->bytes + stream->have, sizeof(stream->bytes) - stream->have, 0);

	if (len <= 0) {
		if (len == 0 || errno != EAGAIN)
			close(fd);
		return false;
	}
	stream->have += len;
	if (stream->have < sizeof(stream->bytes))
		return true;
	stream->have = 0;
	getsockname(fd, (void *)&local, &local_len);
	note(receiver, "data", ledger_number(stream->bytes, sizeof(stream->bytes)), ledger_addr(&local, text));
	send(fd, stream->bytes, sizeof(stream->bytes), MSG_NOSIGNAL);
	return true;
}

/* --- what the tap sees --- */

/* Where the transport header begins, with its length; 0 = none of ours. */
static size_t network_header(const uint8_t *packet, size_t len, uint8_t *ret_proto, struct sockaddr_storage *ret_to)
{
	struct sockaddr_in6 *v6 = (void *)ret_to;
	struct sockaddr_in *v4 = (void *)ret_to;

	memset(ret_to, 0, sizeof(*ret_to));
	if (len >= sizeof(struct iphdr) && packet[0] >> 4 == 4) {
		ret_to->ss_family = AF_INET;
		memcpy(&v4->sin_addr, packet + offsetof(struct iphdr, daddr), sizeof(v4->sin_addr));
		*ret_proto = packet[offsetof(struct iphdr, protocol)];
		return (packet[0] & 15) * 4;
	}
	if (len >= sizeof(struct ip6_hdr) && packet[0] >> 4 == 6) {
		ret_to->ss_family = AF_INET6;
		memcpy(&v6->sin6_addr, packet + offsetof(struct ip6_hdr, ip6_dst), sizeof(v6->sin6_addr));
		*ret_proto = packet[offsetof(struct ip6_hdr, ip6_nxt)];
		return sizeof(struct ip6_hdr);
	}
	return 0;
}

static size_t payload_bytes(const uint8_t *packet, size_t header)
{
	uint16_t len_be;

	memcpy(&len_be, packet + (packet[0] >> 4 == 4 ? 2 : 4), sizeof(len_be));
	return packet[0] >> 4 == 4 ? ntohs(len_be) - header : ntohs(len_be);
}

/* Resets and bare acknowledgements are the kernel's own answers: docs say that they pass. */
static void tap_tcp(struct receiver *receiver, const uint8_t *packet, size_t header, const char *to)
{
	struct tcphdr tcp;

	memcpy(&tcp, packet + header, sizeof(tcp));
	if (ntohs(tcp.dest) != LEDGER_PORT || tcp.rst)
		return;
	if (tcp.syn || tcp.fin || payload_bytes(packet, header) > tcp.doff * 4u)
		note(receiver, "tcp", ntohs(tcp.source), to);
}

static void tap_packet(struct receiver *receiver, const uint8_t *packet, size_t len)
{
	struct sockaddr_storage to;
	char text[LEDGER_ADDR_SIZE];
	uint8_t proto = 0;
	size_t header = network_header(packet, len, &proto, &to);

	if (!header)
		return;
	if (proto == IPPROTO_TCP && len >= header + sizeof(struct tcphdr))
		tap_tcp(receiver, packet, header, ledger_addr(&to, text));
	if (proto == IPPROTO_UDP &&
	    ledger_number(packet + header + sizeof(struct udphdr),
			  len - header < sizeof(struct udphdr) ? 0 : len - header - sizeof(struct udphdr)))
		note(receiver, "wire", ledger_number(packet + header + sizeof(struct udphdr), 16),
		     ledger_addr(&to, text));
}

static bool take_tapped(struct receiver *receiver)
{
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	uint8_t packet[256];
	ssize_t len = recvfrom(receiver->tap_fd, packet, sizeof(packet), 0, (void *)&from, &from_len);

	if (len < 0)
		return false;
	if (from.sll_pkttype != PACKET_OUTGOING)
		tap_packet(receiver, packet, len);
	return true;
}

static bool take(struct receiver *receiver, int fd)
{
	if (fd == receiver->tap_fd)
		return take_tapped(receiver);
	if (fd == receiver->udp_fd)
		return take_datagram(receiver);
	if (fd == receiver->listen_fd)
		return take_connection(receiver);
	return take_stream(receiver, fd);
}

/* Until told to stop, and then until all is quiet. */
static void serve(struct receiver *receiver)
{
	struct epoll_event events[64];
	bool stopping = false;
	int ready;

	for (;;) {
		ready = epoll_wait(receiver->epoll_fd, events, 64, stopping ? QUIET_MS : -1);
		if (!ready || (ready < 0 && errno != EINTR))
			return;
		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == receiver->stop_fd) {
				stopping = true;
				epoll_ctl(receiver->epoll_fd, EPOLL_CTL_DEL, receiver->stop_fd, NULL);
				continue;
			}
			for (int n = 0; n < 256 && take(receiver, events[i].data.fd); n++)
				;
		}
	}
}

static int set_up(struct receiver *receiver)
{
	receiver->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	receiver->streams = calloc(MAX_FDS, sizeof(*receiver->streams));
	receiver->stop_fd = ledger_stop_fd();
	receiver->udp_fd = server(SOCK_DGRAM);
	receiver->listen_fd = server(SOCK_STREAM);
	receiver->tap_fd = tap();
	if (!receiver->streams || receiver->udp_fd < 0 || receiver->listen_fd < 0 || receiver->tap_fd < 0)
		return -1;
	return watch_fd(receiver, receiver->stop_fd) || watch_fd(receiver, receiver->udp_fd) ||
	       watch_fd(receiver, receiver->listen_fd) || watch_fd(receiver, receiver->tap_fd);
}

int ledger_receive(const char *path)
{
	struct receiver receiver = {.file = fopen(path, "we")};
	struct tpacket_stats stats = {0};
	socklen_t len = sizeof(stats);

	if (!receiver.file || set_up(&receiver)) {
		perror("ledger: receive");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	serve(&receiver);
	getsockopt(receiver.tap_fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	fprintf(receiver.file, "lost udp %u\nlost tap %u\n", receiver.udp_lost, stats.tp_drops);
	return fclose(receiver.file) != 0;
}
