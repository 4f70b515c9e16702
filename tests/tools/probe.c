/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct probe_options options = { .timeout_ms = 1500, .text = "hello from probe\n" };

static const struct command {
	const char *name;
	int min_args;
	int (*run)(char **argv);
	const char *help;
} commands[] = {
    {"tcp", 2, cmd_tcp, "ADDR PORT            connect"},
    {"tcp-echo", 2, cmd_tcp_echo, "ADDR PORT       connect, send a line, await it back"},
    {"hold", 2, cmd_hold, "ADDR PORT           connect, then echo once for each line of standard input"},
    {"udp", 2, cmd_udp, "ADDR PORT            connected socket: send, await the echo"},
    {"udp-send", 2, cmd_udp_send, "ADDR PORT       unconnected socket: send, await the echo"},
    {"udp-each", 2, cmd_udp_each, "PORT ADDR...    one unconnected socket to many addresses, in turn"},
    {"icmp", 1, cmd_icmp, "ADDR                echo request from a raw socket"},
    {"ping", 1, cmd_ping, "ADDR                echo request from a ping socket"},
    {"raw-tcp-synack", 2, cmd_raw_tcp_synack, "ADDR PORT forged SYN-ACK"},
    {"raw-udp", 2, cmd_raw_udp, "ADDR PORT        datagram with a header of our own"},
    {"raw-frag", 2, cmd_raw_frag, "ADDR PORT       the second fragment of a datagram"},
    {"raw-lsrr", 3, cmd_raw_lsrr, "ADDR PORT VIA   raw datagram with a loose source route"},
    {"ip-options-lsrr", 3, cmd_ip_options_lsrr, "ADDR PORT VIA the same by setsockopt(IP_OPTIONS)"},
    {"ip6-exthdr", 3, cmd_ip6_exthdr, "KIND ADDR PORT KIND: none, hop, dest, routing, fragment, unknown, truncated"},
    {"serve", 1, cmd_serve, "PROTO:PORT...      echo servers, both families; logs who came"},
};

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int outcome(int error, const char *word, int64_t since_ms)
{
	if (error == -ETIMEDOUT)
		word = "timeout";
	else if (error)
		word = strerrorname_np(-error);
	printf("%s %lld\n", word ? word : "unknown-error", (long long)(now_ms() - since_ms));
	fflush(stdout);
	return error ? PROBE_REFUSED : PROBE_DONE;
}

int target_parse(const char *addr, const char *port, struct target *ret)
{
	struct sockaddr_in6 *v6 = (void *)&ret->addr;
	struct sockaddr_in *v4 = (void *)&ret->addr;
	uint16_t port_be = htons(atoi(port));

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET6, addr, &v6->sin6_addr) == 1) {
		v6->sin6_port = port_be;
		ret->len = sizeof(*v6);
		ret->family = AF_INET6;
	} else if (inet_pton(AF_INET, addr, &v4->sin_addr) == 1) {
		v4->sin_port = port_be;
		ret->len = sizeof(*v4);
		ret->family = AF_INET;
	} else {
		fprintf(stderr, "probe: %s: not an address\n", addr);
		return -EINVAL;
	}
	ret->addr.ss_family = ret->family;
	return 0;
}

const char *target_format(const struct sockaddr_storage *addr)
{
	static char buffers[2][INET6_ADDRSTRLEN + 16];
	static unsigned int turn;
	const struct sockaddr_in6 *v6 = (const void *)addr;
	const struct sockaddr_in *v4 = (const void *)addr;
	char *buffer = buffers[turn++ % 2], text[INET6_ADDRSTRLEN];
	uint32_t mapped_be;

	if (addr->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		snprintf(buffer, sizeof(buffers[0]), "%s:%u", text, ntohs(v4->sin_port));
	} else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(&mapped_be, &v6->sin6_addr.s6_addr[12], sizeof(mapped_be));
		inet_ntop(AF_INET, &mapped_be, text, sizeof(text));
		snprintf(buffer, sizeof(buffers[0]), "%s:%u", text, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		snprintf(buffer, sizeof(buffers[0]), "[%s]:%u", text, ntohs(v6->sin6_port));
	}
	return buffer;
}

int socket_open(const struct target *target, int type, int protocol)
{
	const char *port = options.from_port ? options.from_port : "0";
	int fd = socket(target->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), one = 1;
	struct target source;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!options.source && !options.from_port)
		return fd;
	if (target_parse(options.source              ? options.source
			 : target->family == AF_INET ? "0.0.0.0"
						     : "::",
			 port, &source) ||
	    bind(fd, (struct sockaddr *)&source.addr, source.len)) {
		close(fd);
		return -EADDRNOTAVAIL;
	}
	return fd;
}

int socket_wait(int fd, short events)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int ready = poll(&poll_fd, 1, options.timeout_ms);

	if (ready < 0)
		return -errno;
	return ready ? 0 : -ETIMEDOUT;
}

int socket_connect(int fd, const struct target *target)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!connect(fd, (const struct sockaddr *)&target->addr, target->len))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	error = socket_wait(fd, POLLOUT);
	if (error)
		return error;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return -error;
}

int source_towards(const struct target *target, struct sockaddr_storage *ret)
{
	struct target source;
	socklen_t len = sizeof(*ret);
	int fd, err = 0;

	if (options.source) {
		err = target_parse(options.source, "0", &source);
		*ret = source.addr;
		return err;
	}
	fd = socket(target->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&target->addr, target->len) ||
	    getsockname(fd, (struct sockaddr *)ret, &len))
		err = -errno;
	close(fd);
	return err;
}

/* RFC 1071; @sum starts with the pseudo header's words. */
uint16_t checksum(const void *data, size_t len_bytes, uint32_t sum)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i + 1 < len_bytes; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	if (len_bytes % 2)
		sum += bytes[len_bytes - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static int usage(void)
{
	size_t i;

	fprintf(stderr, "usage: probe [-t MS] [-b SOURCE] [-p PORT] [-d TEXT] COMMAND ...\n");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].help);
	return PROBE_USAGE;
}

static int read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "t:b:p:d:")) != -1) {
		if (option == 't')
			options.timeout_ms = atoi(optarg);
		else if (option == 'b')
			options.source = optarg;
		else if (option == 'p')
			options.from_port = optarg;
		else if (option == 'd')
			options.text = optarg;
		else
			return -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t i;

	if (read_options(argc, argv) || optind == argc)
		return usage();
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(commands[i].name, argv[optind]) && argc - optind - 1 >= commands[i].min_args)
			return commands[i].run(argv + optind + 1);
	}
	return usage();
}
