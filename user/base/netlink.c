// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The kernel writes a dump in pieces of what the reader offers, 32 KiB at most (net/netlink/af_netlink.c); one device
 * is told in less. */
#define PIECE_SIZE 65536
#define ANSWER_SEC 2

int netlink_open(int protocol)
{
	const struct sockaddr_nl own = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	/* One without an address of its own hears nothing that the kernel tells (do_one_broadcast). */
	if (bind(fd, (const struct sockaddr *)&own, sizeof(own))) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

int netlink_join(int fd, unsigned int group)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ? -errno : 0;
}

void netlink_begin(struct netlink_question *question, uint16_t type, uint16_t flags, const void *body, size_t size)
{
	static uint32_t sequence;

	memset(question, 0, sizeof(*question));
	question->header.nlmsg_type = type;
	question->header.nlmsg_flags = NLM_F_REQUEST | (flags ? flags : NLM_F_ACK);
	question->header.nlmsg_seq = ++sequence;
	question->header.nlmsg_len = NLMSG_LENGTH(size);
	memcpy(NLMSG_DATA(&question->header), body, size);
}

int netlink_add(struct netlink_question *question, uint16_t type, const void *value, size_t size)
{
	size_t at = NLMSG_ALIGN(question->header.nlmsg_len);
	struct rtattr attr = {.rta_type = type, .rta_len = RTA_LENGTH(size)};

	if (at + RTA_SPACE(size) > sizeof(*question))
		return -E2BIG;
	memcpy((char *)question + at, &attr, sizeof(attr));
	if (size)
		memcpy((char *)question + at + RTA_LENGTH(0), value, size);
	question->header.nlmsg_len = at + RTA_LENGTH(size);
	return 0;
}

int netlink_nest(struct netlink_question *question, uint16_t type, const void *body, size_t size)
{
	int at = (int)NLMSG_ALIGN(question->header.nlmsg_len), rc = netlink_add(question, type, body, size);

	return rc ? rc : at;
}

void netlink_end_nest(struct netlink_question *question, int nest)
{
	struct rtattr *attr = (struct rtattr *)((char *)question + nest);

	if (nest > 0)
		attr->rta_len = (uint16_t)(question->header.nlmsg_len - (uint32_t)nest);
}

/* One piece, from the kernel: its length, or negative errno. */
static ssize_t receive(int fd, void *piece, int flags)
{
	struct sockaddr_nl from = {};
	struct iovec part = {piece, PIECE_SIZE};
	struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t len;

	do
		len = recvmsg(fd, &message, flags);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	if (message.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	return from.nl_pid ? 0 : len; /* a process may write here, too: that is nothing */
}

/* How an answer ends: 1 = not yet. */
static int end_of(const struct nlmsghdr *message)
{
	int code;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EAGAIN;
	if (message->nlmsg_type != NLMSG_DONE && message->nlmsg_type != NLMSG_ERROR)
		return 1;
	/* Both begin with a number (struct nlmsgerr), and that is 0 where all went well. */
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(code)))
		return message->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&code, NLMSG_DATA(message), sizeof(code));
	return code;
}

/* 1: the answer goes on in the next piece. */
static int read_answer(const void *piece, size_t len, uint32_t sequence, netlink_visit visit, void *context)
{
	const struct nlmsghdr *message = piece;
	int left = (int)len, rc = 1;

	for (; rc == 1 && NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_seq != sequence)
			continue;
		rc = end_of(message);
		if (rc != 1)
			break;
		rc = visit(context, message);
		if (!rc)
			rc = 1;
	}
	return rc;
}

static int ask(int fd, void *piece, struct netlink_question *question, netlink_visit visit, void *context)
{
	const struct timeval wait = {.tv_sec = ANSWER_SEC};
	int rc = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
	    send(fd, question, question->header.nlmsg_len, 0) < 0)
		return -errno;
	while (rc == 1) {
		ssize_t len = receive(fd, piece, 0);

		if (len < 0)
			return len == -EAGAIN ? -ETIMEDOUT : (int)len;
		rc = read_answer(piece, len, question->header.nlmsg_seq, visit, context);
	}
	return rc;
}

/* A descriptor of its own: what is left of an answer that was given up is nobody else's then. */
int netlink_ask(int protocol, struct netlink_question *question, netlink_visit visit, void *context)
{
	void *piece = malloc(PIECE_SIZE);
	int fd, rc;

	if (!piece)
		return -ENOMEM;
	fd = netlink_open(protocol);
	rc = fd < 0 ? fd : ask(fd, piece, question, visit, context);
	if (fd >= 0)
		close(fd);
	free(piece);
	return rc;
}

static int read_told(const void *piece, size_t len, netlink_visit visit, void *context)
{
	const struct nlmsghdr *message = piece;
	int left = (int)len, rc = 0;

	for (; !rc && NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
		rc = visit(context, message);
	return rc;
}

int netlink_take(int fd, netlink_visit visit, void *context)
{
	void *piece = malloc(PIECE_SIZE);
	ssize_t len;
	int rc = 0;

	if (!piece)
		return -ENOMEM;
	while (!rc) {
		len = receive(fd, piece, MSG_DONTWAIT);
		rc = len < 0 ? (int)len : read_told(piece, len, visit, context);
	}
	free(piece);
	return rc == -EAGAIN ? 0 : rc;
}

static bool is_whole(const struct rtattr *attr, size_t left)
{
	return left >= sizeof(*attr) && attr->rta_len >= sizeof(*attr) && attr->rta_len <= left;
}

struct netlink_attrs netlink_attrs_of(const struct nlmsghdr *message, size_t size)
{
	size_t before = NLMSG_SPACE(size);

	if (message->nlmsg_len < before)
		return (struct netlink_attrs){};
	return (struct netlink_attrs){(const void *)((const char *)message + before), message->nlmsg_len - before};
}

struct netlink_attrs netlink_attrs_in(const struct rtattr *attr)
{
	if (!attr)
		return (struct netlink_attrs){};
	return (struct netlink_attrs){RTA_DATA(attr), RTA_PAYLOAD(attr)};
}

const struct rtattr *netlink_find(struct netlink_attrs attrs, uint16_t type)
{
	const struct rtattr *attr = attrs.first, *found = NULL;
	size_t left = attrs.len;

	while (attr && is_whole(attr, left)) {
		size_t taken = RTA_ALIGN(attr->rta_len);

		if ((attr->rta_type & NLA_TYPE_MASK) == type)
			found = attr;
		if (taken >= left)
			break;
		left -= taken;
		attr = (const void *)((const char *)attr + taken);
	}
	return found;
}

bool netlink_read(struct netlink_attrs attrs, uint16_t type, void *ret, size_t size)
{
	const struct rtattr *attr = netlink_find(attrs, type);

	if (!attr || RTA_PAYLOAD(attr) != size)
		return false;
	memcpy(ret, RTA_DATA(attr), size);
	return true;
}

bool netlink_read_text(struct netlink_attrs attrs, uint16_t type, char *ret, size_t size)
{
	const struct rtattr *attr = netlink_find(attrs, type);
	size_t len = attr ? strnlen(RTA_DATA(attr), RTA_PAYLOAD(attr)) : size;

	if (len >= size)
		return false;
	memcpy(ret, RTA_DATA(attr), len);
	ret[len] = '\0';
	return true;
}
