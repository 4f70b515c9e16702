// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lanes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "bench_empty.skel.h"
#include "bench_lpm.skel.h"
#include "policies.h"
#include "report.h"

#define INSTANCE    "lane"
#define TARGET      (POLICY_FIRST + 3)
#define MESSAGE_LEN 64

static const char message[MESSAGE_LEN] = "bench";

static struct bench_empty *empty;
static struct bench_lpm *lpm;
static struct kernel *egret;

struct sockaddr_in lane_address(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

static int open_path(const char *format, const char *left, const char *right, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), format, left, right);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

int lane_cgroup_fd(const char *cgroup, const char *name)
{
	return open_path("%s/%s", cgroup, name, O_RDONLY | O_DIRECTORY);
}

void lane_open(struct lane *lane, const char *cgroup, const char *name)
{
	*lane = (struct lane){.name = name};
	lane->udp = lane->udp_unconnected = lane->udp_peer = lane->tcp = lane->tcp_peer = lane->listener = -1;
	lane->netns_fd = open_path("/run/netns/%s%s", name, "", O_RDONLY);
	lane->peer_fd = open_path("/run/netns/%s%s", name, "-peer", O_RDONLY);
	lane->procs_fd = open_path("%s/%s/cgroup.procs", cgroup, name, O_WRONLY);
	lane->peer_procs_fd = open_path("%s/%s/cgroup.procs", cgroup, "peers", O_WRONLY);
}

static void enter(int procs_fd, int netns_fd)
{
	if (write(procs_fd, "0", 1) != 1) /* 0 = the writer */
		die("cgroup.procs");
	if (setns(netns_fd, CLONE_NEWNET))
		die("setns");
}

void lane_enter(const struct lane *lane)
{
	enter(lane->procs_fd, lane->netns_fd);
}

void lane_enter_peer(const struct lane *lane)
{
	enter(lane->peer_procs_fd, lane->peer_fd);
}

static int make_socket(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		die("socket");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int connected(int type, uint16_t port)
{
	struct sockaddr_in to = lane_address(TARGET, port);
	int fd = make_socket(type);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	return fd;
}

static int bound(int type, uint16_t port)
{
	struct sockaddr_in at = lane_address(TARGET, port);
	int fd = make_socket(type), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
	return fd;
}

static int accepted(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), one = 1;

	if (fd < 0)
		die("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void lane_close_sockets(struct lane *lane)
{
	close_one(&lane->tcp);
	close_one(&lane->tcp_peer);
	close_one(&lane->listener);
	close_one(&lane->udp);
	close_one(&lane->udp_unconnected);
	close_one(&lane->udp_peer);
}

/* Nobody reads what the peer's datagram socket gets: once it is full, it drops, which
 * takes the same time for all. */
void lane_open_sockets(struct lane *lane)
{
	int least = 1;

	lane_close_sockets(lane);
	lane_enter_peer(lane);
	lane->udp_peer = bound(SOCK_DGRAM, POLICY_UDP_PORT);
	setsockopt(lane->udp_peer, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	lane->listener = bound(SOCK_STREAM, POLICY_TCP_PORT);
	if (listen(lane->listener, 16))
		die("listen");
	lane_enter(lane);
	lane->udp = connected(SOCK_DGRAM, POLICY_UDP_PORT);
	lane->udp_unconnected = make_socket(SOCK_DGRAM);
	lane->tcp = connected(SOCK_STREAM, POLICY_TCP_PORT);
	lane->tcp_peer = accepted(lane->listener);
}

void lane_check_denied(const struct lane *lane, bool filters)
{
	struct sockaddr_in to = lane_address(POLICY_DENIED, POLICY_UDP_PORT);
	bool denied =
	    sendto(lane->udp_unconnected, message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to)) < 0;

	if (denied && errno != EPERM)
		die("sendto");
	if (denied == filters)
		return;
	fprintf(stderr, "lane %s: a datagram that no rule allows was %s\n", lane->name, denied ? "denied" : "sent");
	exit(1);
}

static double ns_each(uint64_t since_ns, int count)
{
	return (double)(clock_now_ns() - since_ns) / count;
}

double lane_udp_ns(const struct lane *lane, int count)
{
	uint64_t since = clock_now_ns();

	for (int i = 0; i < count; i++)
		if (send(lane->udp, message, sizeof(message), 0) < 0)
			die("send");
	return ns_each(since, count);
}

double lane_udp_unconnected_ns(const struct lane *lane, int count)
{
	struct sockaddr_in to = lane_address(TARGET, POLICY_UDP_PORT);
	uint64_t since = clock_now_ns();

	for (int i = 0; i < count; i++)
		if (sendto(lane->udp_unconnected, message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("sendto");
	return ns_each(since, count);
}

static void pass_message(int from, int to)
{
	char buffer[MESSAGE_LEN];

	if (send(from, message, sizeof(message), 0) < 0)
		die("send");
	if (recv(to, buffer, sizeof(buffer), MSG_WAITALL) != sizeof(buffer))
		die("recv");
}

double lane_tcp_ns(const struct lane *lane, int count)
{
	uint64_t since = clock_now_ns();

	for (int i = 0; i < count; i++) {
		pass_message(lane->tcp, lane->tcp_peer);
		pass_message(lane->tcp_peer, lane->tcp);
	}
	return ns_each(since, count);
}

double lane_connect_ns(const struct lane *lane, int count)
{
	uint64_t since = clock_now_ns();

	for (int i = 0; i < count; i++) {
		int client = connected(SOCK_STREAM, POLICY_TCP_PORT);
		int server = accepted(lane->listener);

		close(client);
		close(server);
	}
	return ns_each(since, count);
}

double lane_udp_first_ns(const struct lane *lane, int count)
{
	uint64_t since = clock_now_ns();

	(void)lane;
	for (int i = 0; i < count; i++) {
		int fd = connected(SOCK_DGRAM, POLICY_UDP_PORT);

		if (send(fd, message, sizeof(message), 0) < 0)
			die("send");
		close(fd);
	}
	return ns_each(since, count);
}

static void attach(const struct bpf_program *program, const char *cgroup, const char *name)
{
	int cgroup_fd = lane_cgroup_fd(cgroup, name);

	/* Goes with this process, whatever ends it. */
	if (bpf_link_create(bpf_program__fd(program), cgroup_fd, bpf_program__expected_attach_type(program), NULL) < 0)
		die("attach");
	close(cgroup_fd);
}

void lanes_attach_empty(const char *cgroup, const char *name)
{
	empty = bench_empty__open_and_load();
	if (!empty)
		die("load");
	attach(empty->progs.empty, cgroup, name);
}

void lanes_attach_empty_ingress(const char *cgroup, const char *name)
{
	attach(empty->progs.empty_ingress, cgroup, name);
}

void lanes_attach_lpm(const char *cgroup, const char *name, size_t addresses)
{
	lpm = bench_lpm__open_and_load();
	if (!lpm)
		die("load");
	for (size_t i = 0; i < addresses; i++) {
		struct {
			__u32 len, addr_be;
		} key = {32, htonl(POLICY_FIRST + i)};
		__u64 value = 1;

		if (bpf_map__update_elem(lpm->maps.allowed, &key, sizeof(key), &value, sizeof(value), BPF_ANY))
			die("trie");
	}
	attach(lpm->progs.lpm, cgroup, name);
}

void lanes_attach_instance(const char *cgroup, const char *name, struct kernel *kernel)
{
	int cgroup_fd = lane_cgroup_fd(cgroup, name);
	struct error error;

	if (kernel_attach(kernel, cgroup_fd, &error))
		die(error.text);
	close(cgroup_fd);
}

void lanes_attach_egret(const char *cgroup, const char *name, size_t addresses)
{
	egret = instance_of_addresses(INSTANCE, addresses);
	lanes_attach_instance(cgroup, name, egret);
}

void lanes_detach(void)
{
	struct error error;

	bench_empty__destroy(empty);
	bench_lpm__destroy(lpm);
	empty = NULL;
	lpm = NULL;
	if (!egret)
		return;
	kernel_free(egret);
	egret = NULL;
	if (kernel_detach(INSTANCE, &error))
		die(error.text);
}

int lanes_empty_fd(void)
{
	return bpf_program__fd(empty->progs.empty);
}

int lanes_empty_ingress_fd(void)
{
	return bpf_program__fd(empty->progs.empty_ingress);
}

/* kernel/ tells nobody its descriptors; the pinned link knows the program. */
int lanes_program_fd(const char *instance, const char *hook)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	char path[128];
	int link, fd;

	snprintf(path, sizeof(path), "/sys/fs/bpf/egret/%s/link_%s", instance, hook);
	link = bpf_obj_get(path);
	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &len))
		die(path);
	fd = bpf_prog_get_fd_by_id(info.prog_id);
	if (fd < 0)
		die(path);
	close(link);
	return fd;
}

int lanes_egret_fd(void)
{
	return lanes_program_fd(INSTANCE, "egress");
}

struct run_time program_time(int program_fd)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(program_fd, &info, &len))
		die("program info");
	return (struct run_time){info.run_time_ns, info.run_cnt};
}
