/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Talking to the kernel by netlink: a question with all of its answer, and what is told to whoever listens. Of the
 * kernel's headers only, as libmnl is no static library everywhere. Nothing of a message is believed that its length
 * does not cover.
 */
#ifndef EGRET_NETLINK_H
#define EGRET_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* Called for each message; 0 to go on, else that is what the caller gets. */
typedef int (*netlink_visit)(void *context, const struct nlmsghdr *message);

/* A descriptor of the family @protocol (NETLINK_*), or negative errno. */
int netlink_open(int protocol);
/* It hears what is told to @group (RTNLGRP_*) from now on. */
int netlink_join(int fd, unsigned int group);
/* @visit for all that was told until now; does not wait. -ENOBUFS: some of it was lost. */
int netlink_take(int fd, netlink_visit visit, void *context);

/* A question that is being written. */
struct netlink_question {
	struct nlmsghdr header;
	char rest[252];
};
/* @flags: NLM_F_DUMP, or 0 for one that has a single answer, or how to change something (NLM_F_ACK | ...). @body: the
 * family's own header. */
void netlink_begin(struct netlink_question *question, uint16_t type, uint16_t flags, const void *body, size_t size);
/* -E2BIG: no room. */
int netlink_add(struct netlink_question *question, uint16_t type, const void *value, size_t size);
/* All that is added until the end stands in this attribute, behind @body. Returns what the end takes, or -E2BIG. */
int netlink_nest(struct netlink_question *question, uint16_t type, const void *body, size_t size);
void netlink_end_nest(struct netlink_question *question, int nest);
/* @visit for each part of the answer, by a descriptor of its own. -EAGAIN: things changed meanwhile, so that parts may
 * be missing; ask again. -ETIMEDOUT: nobody answers, for 2 s. */
int netlink_ask(int protocol, struct netlink_question *question, netlink_visit visit, void *context);

/* The attributes of a message behind the family's header of @size octets, or those within an attribute. */
struct netlink_attrs {
	const struct rtattr *first;
	size_t len;
};
/* None where the message is shorter than that header. */
struct netlink_attrs netlink_attrs_of(const struct nlmsghdr *message, size_t size);
struct netlink_attrs netlink_attrs_in(const struct rtattr *attr); /* of NULL: none */
/* The last one of @type, or NULL. */
const struct rtattr *netlink_find(struct netlink_attrs attrs, uint16_t type);
/* Of exactly @size octets; else false, and *ret stays. */
bool netlink_read(struct netlink_attrs attrs, uint16_t type, void *ret, size_t size);
/* A text of less than @size octets, and its 0; else false, and *ret stays. */
bool netlink_read_text(struct netlink_attrs attrs, uint16_t type, char *ret, size_t size);

#endif
