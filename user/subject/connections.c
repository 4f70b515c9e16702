// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "connections.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include "../base/addr.h"
#include "../base/array.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h, 5.14 */
#endif
#define MAX_NAMESPACES 1024
/* The kernel's numbers for the states of TCP: include/net/tcp_states.h. */
#define TCPF_ESTABLISHED (1U << 1)
#define TCPF_CLOSE_WAIT  (1U << 8)
#define TCPF_LISTEN      (1U << 10)
#define TCP_STATE_LISTEN 10

/* An address and port of a namespace: of a listener, or (port 0) its own. */
struct place {
	struct egret_addr addr;
	uint16_t port;
};

struct places {
	struct place *all;
	size_t count, capacity;
};

/* What one namespace says. */
struct census {
	struct connections *connections;
	size_t first;          /* of this namespace's in connections */
	struct places sources; /* of each connection from first on, in the same order */
	struct places listeners, own;
	uint64_t scope;
};

static int add_place(struct places *places, const struct egret_addr *addr, uint16_t port)
{
	int rc = array_grow((void **)&places->all, &places->capacity, places->count, sizeof(*places->all));

	if (!rc)
		places->all[places->count++] = (struct place){*addr, port};
	return rc;
}

static struct egret_addr addr_of(uint8_t family, const uint32_t *words_be)
{
	struct egret_addr addr;

	if (family == AF_INET)
		return addr_from_v4(words_be[0]);
	memcpy(&addr, words_be, sizeof(addr));
	return addr;
}

/* INET_DIAG_CGROUP_ID: 5.9, on every socket. */
static uint64_t cgroup_id_of(const struct nlmsghdr *header, const struct inet_diag_msg *msg)
{
	int left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(*msg)));
	const struct rtattr *attr = (const struct rtattr *)(msg + 1);
	uint64_t id = 0;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == INET_DIAG_CGROUP_ID && RTA_PAYLOAD(attr) >= sizeof(id))
			memcpy(&id, RTA_DATA(attr), sizeof(id));
	}
	return id;
}

static int note_socket(struct census *census, const struct nlmsghdr *header)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(header);
	struct egret_addr source = addr_of(msg->idiag_family, msg->id.idiag_src);
	struct connections *connections = census->connections;
	int rc;

	if (msg->idiag_state == TCP_STATE_LISTEN)
		return add_place(&census->listeners, &source, ntohs(msg->id.idiag_sport));
	rc = array_grow((void **)&connections->all, &connections->capacity, connections->count,
			sizeof(*connections->all));
	if (!rc)
		rc = add_place(&census->sources, &source, ntohs(msg->id.idiag_sport));
	if (rc)
		return rc;
	connections->all[connections->count++] = (struct connection){
	    .cookie = msg->id.idiag_cookie[0] | (uint64_t)msg->id.idiag_cookie[1] << 32,
	    .cgroup_id = cgroup_id_of(header, msg),
	    .scope = census->scope,
	    .addr = addr_of(msg->idiag_family, msg->id.idiag_dst),
	    .port = ntohs(msg->id.idiag_dport),
	};
	return 0;
}

static int ask(int fd, uint8_t family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} question = {
	    .header = {.nlmsg_len = sizeof(question),
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .request = {.sdiag_family = family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_LISTEN},
	};

	return send(fd, &question, sizeof(question), 0) == sizeof(question) ? 0 : -errno;
}

/* 1: the dump is over. */
static int note_message(struct census *census, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);

	switch (header->nlmsg_type) {
	case NLMSG_DONE:
		return 1;
	case NLMSG_ERROR:
		return error->error ? error->error : 1;
	case SOCK_DIAG_BY_FAMILY:
		return note_socket(census, header);
	default:
		return 0;
	}
}

static int take_answer(int fd, struct census *census)
{
	/* The kernel fills up to 32 KiB a message of a dump: netlink_dump. */
	static _Alignas(struct nlmsghdr) char bytes[32768];
	int rc = 0;

	while (!rc) {
		ssize_t len = recv(fd, bytes, sizeof(bytes), 0);
		const struct nlmsghdr *header = (const struct nlmsghdr *)bytes;

		if (len < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		for (unsigned int left = (unsigned int)len; !rc && NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left))
			rc = note_message(census, header);
	}
	return rc < 0 ? rc : 0;
}

static int dump_sockets(struct census *census)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), rc = 0;
	socklen_t len = sizeof(census->scope);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &census->scope, &len))
		census->scope = 0;
	for (size_t i = 0; i < sizeof(families) && !rc; i++) {
		rc = ask(fd, families[i]);
		if (!rc)
			rc = take_answer(fd, census);
	}
	close(fd);
	return rc;
}

static int note_own_addresses(struct census *census)
{
	struct ifaddrs *all, *at;
	struct egret_addr addr;
	int rc = 0;

	if (getifaddrs(&all))
		return -errno;
	for (at = all; at && !rc; at = at->ifa_next) {
		if (!at->ifa_addr)
			continue;
		if (at->ifa_addr->sa_family == AF_INET)
			addr = addr_from_v4(((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr.s_addr);
		else if (at->ifa_addr->sa_family == AF_INET6)
			memcpy(&addr, &((struct sockaddr_in6 *)(void *)at->ifa_addr)->sin6_addr, sizeof(addr));
		else
			continue;
		rc = add_place(&census->own, &addr, 0);
	}
	freeifaddrs(all);
	return rc;
}

static bool is_any(const struct egret_addr *addr)
{
	return !addr->word_be[0] && !addr->word_be[1] &&
	       (addr_is_v4(addr) ? !addr->word_be[3] : !addr->word_be[2] && !addr->word_be[3]);
}

/* A listener on this port and address: the connection came in. As bpf/socket.h tells it. */
static bool came_in(const struct census *census, const struct place *source)
{
	for (size_t i = 0; i < census->listeners.count; i++) {
		const struct place *listener = &census->listeners.all[i];

		if (listener->port == source->port &&
		    (is_any(&listener->addr) || addr_equal(&listener->addr, &source->addr)))
			return true;
	}
	return false;
}

static bool stays_here(const struct census *census, const struct egret_addr *addr)
{
	if (addr_is_v4(addr) && (ntohl(addr->word_be[3]) >> 24) == 127)
		return true;
	for (size_t i = 0; i < census->own.count; i++) {
		if (addr_equal(&census->own.all[i].addr, addr))
			return true;
	}
	return false;
}

static void drop_others(struct census *census)
{
	struct connection *all = census->connections->all;
	size_t kept = census->first;

	for (size_t i = census->first; i < census->connections->count; i++) {
		if (!came_in(census, &census->sources.all[i - census->first]) && !stays_here(census, &all[i].addr))
			all[kept++] = all[i];
	}
	census->connections->count = kept;
}

static int take_census(struct connections *connections)
{
	struct census census = {.connections = connections, .first = connections->count};
	int rc = dump_sockets(&census);

	if (!rc)
		rc = note_own_addresses(&census);
	if (rc)
		connections->count = census.first;
	else
		drop_others(&census);
	free(census.sources.all);
	free(census.listeners.all);
	free(census.own.all);
	return rc;
}

static int compare_cookies(const void *left, const void *right)
{
	uint64_t a = ((const struct connection *)left)->cookie, b = ((const struct connection *)right)->cookie;

	return (a > b) - (a < b);
}

static void sort(struct connections *connections)
{
	if (connections->count)
		qsort(connections->all, connections->count, sizeof(*connections->all), compare_cookies);
}

int connections_find(struct connections *ret)
{
	int rc;

	*ret = (struct connections){};
	rc = take_census(ret);
	sort(ret);
	return rc;
}

/* Network namespaces that were looked at, by the inodes of nsfs. */
struct visited {
	ino_t all[MAX_NAMESPACES];
	size_t count;
};

static bool is_new(struct visited *visited, ino_t ino)
{
	for (size_t i = 0; i < visited->count; i++)
		if (visited->all[i] == ino)
			return false;
	if (visited->count == MAX_NAMESPACES)
		return false;
	visited->all[visited->count++] = ino;
	return true;
}

static void visit_namespace(struct connections *connections, const char *path, int own_fd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (!setns(fd, CLONE_NEWNET)) {
		take_census(connections);
		/* Sockets that are made from here on must not be another namespace's. */
		if (setns(own_fd, CLONE_NEWNET))
			abort();
	}
	close(fd);
}

static void visit_all(struct connections *connections, struct visited *visited, DIR *proc, int own_fd)
{
	struct dirent *entry;
	struct stat st;
	char path[64];

	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/ns/net", entry->d_name);
		if (!stat(path, &st) && is_new(visited, st.st_ino))
			visit_namespace(connections, path, own_fd);
	}
}

int connections_find_everywhere(struct connections *ret)
{
	int own_fd, rc = connections_find(ret);
	struct visited *visited;
	struct stat st;
	DIR *proc;

	if (rc)
		return rc;
	own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own_fd < 0)
		return 0;
	proc = opendir("/proc");
	visited = calloc(1, sizeof(*visited));
	if (proc && visited && !fstat(own_fd, &st) && is_new(visited, st.st_ino))
		visit_all(ret, visited, proc, own_fd);
	free(visited);
	if (proc)
		closedir(proc);
	close(own_fd);
	sort(ret);
	return 0;
}

const struct connection *connections_with(const struct connections *connections, uint64_t cookie)
{
	const struct connection wanted = {.cookie = cookie};

	if (!connections->count)
		return NULL;
	return bsearch(&wanted, connections->all, connections->count, sizeof(wanted), compare_cookies);
}

void connections_clear(struct connections *connections)
{
	free(connections->all);
	*connections = (struct connections){};
}
