// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ipsec.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <linux/xfrm.h>

#include "../base/netlink.h"

#define DNS_PORT 53

struct search {
	const struct egret_addr *addrs;
	size_t count;
	/* Of each: by the policy that counts so far. */
	struct {
		bool found, wraps;
		uint32_t priority;
	} said[EGRET_MAX_RESOLVERS];
};

static bool begins_alike(const struct egret_addr *left, const struct egret_addr *right, unsigned int bits)
{
	for (unsigned int bit = 0; bit < bits; bit++)
		if ((ntohl(left->word_be[bit / 32]) ^ ntohl(right->word_be[bit / 32])) >> (31 - bit % 32) & 1)
			return false;
	return true;
}

/* The prefix that it leads to, as this program's addresses are; its length, or -1. */
static int prefix_of(const struct xfrm_selector *selector, struct egret_addr *ret)
{
	if (selector->family == AF_INET && selector->prefixlen_d <= 32) {
		*ret = (struct egret_addr){.word_be = {0, 0, htonl(0xffff), selector->daddr.a4}};
		return 96 + selector->prefixlen_d;
	}
	if (selector->family != AF_INET6 || selector->prefixlen_d > 128)
		return -1;
	memcpy(ret, &selector->daddr, sizeof(*ret));
	return selector->prefixlen_d;
}

static bool is_of_questions(const struct xfrm_selector *selector)
{
	return (!selector->proto || selector->proto == IPPROTO_UDP) &&
	       !((htons(DNS_PORT) ^ selector->dport) & selector->dport_mask);
}

/* The smallest number counts, and of equal ones the first. */
static void note(struct search *search, size_t i, uint32_t priority, bool wraps)
{
	if (search->said[i].found && search->said[i].priority <= priority)
		return;
	search->said[i].found = true;
	search->said[i].priority = priority;
	search->said[i].wraps = wraps;
}

/* Without a template it lets pass what others would wrap, or drops it. A socket's own policy has another direction. */
static int take_policy(void *context, const struct nlmsghdr *message)
{
	const struct xfrm_userpolicy_info *policy = NLMSG_DATA(message);
	struct search *search = context;
	struct egret_addr to;
	bool wraps;
	int bits;

	if (message->nlmsg_type != XFRM_MSG_NEWPOLICY || message->nlmsg_len < NLMSG_LENGTH(sizeof(*policy)) ||
	    policy->dir != XFRM_POLICY_OUT || !is_of_questions(&policy->sel))
		return 0;
	wraps =
	    policy->action == XFRM_POLICY_ALLOW && netlink_find(netlink_attrs_of(message, sizeof(*policy)), XFRMA_TMPL);
	bits = prefix_of(&policy->sel, &to);
	for (size_t i = 0; bits >= 0 && i < search->count; i++)
		if (begins_alike(&search->addrs[i], &to, bits))
			note(search, i, policy->priority, wraps);
	return 0;
}

/* What goes over lo is not wrapped (net/ipv4/devinet.c, DISABLE_XFRM). */
static bool is_loopback(const struct egret_addr *addr)
{
	const struct in6_addr *in6 = (const struct in6_addr *)addr;

	return IN6_IS_ADDR_LOOPBACK(in6) || (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127);
}

size_t ipsec_first_resolver(const struct egret_addr *addrs, size_t count)
{
	const struct xfrm_userpolicy_id body = {};
	struct search search = {.addrs = addrs, .count = count};
	struct netlink_question question;
	size_t i;

	netlink_begin(&question, XFRM_MSG_GETPOLICY, NLM_F_DUMP, &body, sizeof(body));
	if (netlink_ask(NETLINK_XFRM, &question, take_policy, &search))
		return count;
	for (i = 0; i < count && (!search.said[i].wraps || is_loopback(&addrs[i])); i++) {
	}
	return i;
}
