// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What may not begin, tried: each command prints "done" or the errno of what was refused.
 *
 *   begin socket FAMILY TYPE PROTOCOL        by their numbers
 *   begin option FAMILY LEVEL NAME VALUE     of a raw socket of packet, else of a datagram socket
 *   begin option32 ...                       the same as a 32-bit program calls (x86)
 *   begin long LEVEL NAME OCTETS             with a value of so many octets
 *   begin send WAY DEVICE                    a frame by a packet socket; WAY: sendto, sendmmsg, write, writev,
 * sendfile, splice, ring begin -c CGROUP ...                      its sockets are made before it enters the cgroup
 *   begin hear DEVICE                        "heard" when a packet socket has got a frame
 *   begin sends COUNT                        datagrams to a port of lo that nobody hears; prints ns for each
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

static const char *cgroup;

/* After the sockets are made. */
static int enter(void)
{
	char path[512];
	int fd;

	if (!cgroup)
		return 0;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, "0", 1) != 1 ? -errno : 0;
}

static int say(int rc)
{
	puts(rc < 0 ? strerrorname_np(-rc) : "done");
	return rc < 0;
}

static int set_option(int fd, int level, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, level, name, value, len) ? -errno : 0;
}

/* i386 has setsockopt as call 366; its pointers have 32 bits. */
static int set_option_32(int fd, int level, int name, int value)
{
#ifdef __x86_64__
	int *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long rc;

	if (low == MAP_FAILED)
		return -errno;
	*low = value;
	asm volatile("int $0x80"
		     : "=a"(rc)
		     : "a"(366L), "b"((long)fd), "c"((long)level), "d"((long)name), "S"(low), "D"((long)sizeof(value))
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)rc;
#else
	(void)fd, (void)level, (void)name, (void)value;
	return -ENOSYS;
#endif
}

static int try_option(char **words, int narrow)
{
	int family = atoi(words[0]), level = atoi(words[1]), name = atoi(words[2]), value = atoi(words[3]);
	int fd = socket(family, family == AF_PACKET || family == AF_XDP ? SOCK_RAW : SOCK_DGRAM, 0), rc;

	rc = fd < 0 ? -errno : enter();
	if (!rc)
		rc =
		    narrow ? set_option_32(fd, level, name, value) : set_option(fd, level, name, &value, sizeof(value));
	return rc;
}

static int try_long(char **words)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strtoul(words[2], NULL, 10);
	int *value = calloc(1, len);

	if (fd < 0 || !value)
		return -errno;
	value[0] = 100000;
	return set_option(fd, atoi(words[0]), atoi(words[1]), value, len);
}

/* --- frames --- */

#define LEN 64

static int from_file(int fd, int by_splice)
{
	int file = memfd_create("frame", MFD_CLOEXEC), pipes[2];
	char frame[LEN] = {};
	off_t start = 0;

	if (file < 0 || write(file, frame, LEN) != LEN || pipe(pipes))
		return -errno;
	if (!by_splice)
		return sendfile(fd, file, &start, LEN) < 0 ? -errno : 0;
	if (splice(file, &start, pipes[1], NULL, LEN, 0) != LEN)
		return -errno;
	return splice(pipes[0], NULL, fd, NULL, LEN, 0) < 0 ? -errno : 0;
}

static int open_ring(int fd, char **ret)
{
	const struct tpacket_req request = {4096, 1, 2048, 2};
	char *ring;

	if (setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)))
		return -errno;
	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	*ret = ring;
	return ring == MAP_FAILED ? -errno : 0;
}

static int by_ring(int fd, char *ring)
{
	struct tpacket_hdr *slot = (struct tpacket_hdr *)ring;

	slot->tp_len = LEN;
	slot->tp_status = TP_STATUS_SEND_REQUEST;
	return send(fd, NULL, 0, 0) < 0 ? -errno : 0;
}

static int by_call(int fd, const char *way)
{
	char frame[LEN] = {};
	struct iovec part = {frame, LEN};
	struct mmsghdr many[1] = {{.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}}};

	if (!strcmp(way, "sendto"))
		return send(fd, frame, LEN, 0) < 0 ? -errno : 0;
	if (!strcmp(way, "sendmmsg"))
		return sendmmsg(fd, many, 1, 0) < 0 ? -errno : 0;
	if (!strcmp(way, "write"))
		return write(fd, frame, LEN) < 0 ? -errno : 0;
	if (!strcmp(way, "writev"))
		return writev(fd, &part, 1) < 0 ? -errno : 0;
	return -EINVAL;
}

static int open_packet(const char *device, int l2_proto)
{
	const struct sockaddr_ll here = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(l2_proto), .sll_ifindex = (int)if_nametoindex(device)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || !here.sll_ifindex || bind(fd, (const struct sockaddr *)&here, sizeof(here)))
		return -errno;
	return fd;
}

static int try_send(char **words)
{
	int fd = open_packet(words[1], 0), rc = fd < 0 ? fd : 0;
	char *ring = NULL;

	if (!rc && !strcmp(words[0], "ring"))
		rc = open_ring(fd, &ring);
	if (!rc)
		rc = enter();
	if (rc)
		return rc;
	if (ring)
		return by_ring(fd, ring);
	if (!strcmp(words[0], "sendfile") || !strcmp(words[0], "splice"))
		return from_file(fd, !strcmp(words[0], "splice"));
	return by_call(fd, words[0]);
}

static int hear(const char *device)
{
	int fd = open_packet(device, ETH_P_ALL);
	char frame[LEN];

	if (fd < 0)
		return say(fd);
	puts("ready");
	puts(recv(fd, frame, sizeof(frame), 0) < 0 ? strerrorname_np(errno) : "heard");
	return 0;
}

/* --- the cost of an ordinary one --- */

static int send_many(long count)
{
	const struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (long i = 0; i < count; i++)
		sendto(fd, "", 1, 0, (const struct sockaddr *)&to, sizeof(to));
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.0f\n", ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / count);
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 3 && !strcmp(argv[1], "-c")) {
		cgroup = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc == 5 && !strcmp(argv[1], "socket")) {
		int fd = socket(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));

		return say(fd < 0 ? -errno : 0);
	}
	if (argc == 6 && !strcmp(argv[1], "option"))
		return say(try_option(argv + 2, 0));
	if (argc == 6 && !strcmp(argv[1], "option32"))
		return say(try_option(argv + 2, 1));
	if (argc == 5 && !strcmp(argv[1], "long"))
		return say(try_long(argv + 2));
	if (argc == 4 && !strcmp(argv[1], "send"))
		return say(try_send(argv + 2));
	if (argc == 3 && !strcmp(argv[1], "hear"))
		return hear(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "sends"))
		return send_many(atol(argv[2]));
	return fprintf(stderr, "begin: see tests/layers/begin.c\n"), 2;
}
