// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "requirements.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../subject/cgroup.h"
#include "egret_limits.h"

#define WAIT_NS    (3 * CLOCK_NS_PER_SEC)
#define MAX_ADDRS  4 /* of one destination: one that answers is enough */
#define MAX_DIALS  256
#define DNS_PORT   53
#define DNS_HEADER 12

/* One connection under way. */
struct dial {
	size_t about; /* index of the requirement; the resolvers are the last one */
	struct zoned_addr addr;
	uint16_t port;
	uint8_t l4_proto;
	int fd;
	int error; /* 0 = answered; -EINPROGRESS */
};

struct attempt {
	const struct requirements *requirements;
	struct dial dials[MAX_DIALS];
	size_t count;
	char *why; /* of each requirement, 128 octets; "" = it answered */
};
#define WHY_SIZE 128

static char *why_of(const struct attempt *attempt, size_t about)
{
	return attempt->why + about * WHY_SIZE;
}

static socklen_t to_sockaddr(const struct zoned_addr *to, uint16_t port, struct sockaddr_storage *ret)
{
	const struct egret_addr *addr = &to->addr;
	struct sockaddr_in6 *v6 = (void *)ret;
	struct sockaddr_in *v4 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (addr_is_v4(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		v4->sin_addr.s_addr = addr->word_be[3];
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, addr, sizeof(v6->sin6_addr));
	v6->sin6_scope_id = zoned_addr_ifindex(to);
	return sizeof(*v6);
}

/* The name that a resolver is asked for: one of the policy's own, or the root. */
static const char *any_name(const struct compiled *compiled)
{
	for (size_t i = 0; i < compiled->name_count; i++) {
		if (compiled->names[i][0] != '*')
			return compiled->names[i];
	}
	return "";
}

/* RFC 1035 section 4.1: one question for A. */
static size_t write_question(const char *name, uint8_t *bytes)
{
	static const uint8_t header[DNS_HEADER] = {0x45, 0x67, 1, 0, 0, 1};
	size_t at = DNS_HEADER;

	memcpy(bytes, header, sizeof(header));
	while (*name) {
		size_t len = strcspn(name, ".");

		bytes[at++] = (uint8_t)len;
		memcpy(bytes + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	memcpy(bytes + at, "\0\0\1\0\1", 5);
	return at + 5;
}

/* Opens the socket of @dial, and sends. */
static void call(const struct attempt *attempt, struct dial *dial)
{
	bool udp = dial->l4_proto == IPPROTO_UDP;
	uint8_t question[DNS_HEADER + EGRET_NAME_SIZE + 8];
	struct sockaddr_storage to;
	socklen_t len = to_sockaddr(&dial->addr, dial->port, &to);

	dial->error = -EINPROGRESS;
	dial->fd = socket(to.ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (dial->fd < 0 || (connect(dial->fd, (struct sockaddr *)&to, len) && errno != EINPROGRESS)) {
		dial->error = -errno;
		return;
	}
	if (!udp)
		return;
	len = (socklen_t)write_question(any_name(attempt->requirements->compiled), question);
	if (send(dial->fd, question, dial->port == DNS_PORT ? len : 0, 0) < 0)
		dial->error = -errno;
	else if (dial->port != DNS_PORT) /* no answer is waited for: it is enough that the datagram could leave */
		dial->error = 0;
}

static void dial(struct attempt *attempt, size_t about, const struct zoned_addr *addr, uint8_t l4_proto, uint16_t port)
{
	struct dial *dial;

	if (attempt->count == MAX_DIALS)
		return;
	dial = &attempt->dials[attempt->count++];
	*dial = (struct dial){.about = about, .addr = *addr, .port = port, .l4_proto = l4_proto};
	call(attempt, dial);
}

/* The addresses of one of the destinations. */
static void dial_dest(struct attempt *attempt, size_t about, const struct egret_addr *addrs, size_t count)
{
	const struct requirements *requirements = attempt->requirements;
	const struct policy_port *port = &requirements->compiled->policy->requires[about].port;
	size_t dialled = 0;

	for (size_t i = 0; i < count && dialled < MAX_ADDRS; i++) {
		struct judgement verdict = compiled_judge_addr(requirements->compiled, &addrs[i], port->l4_proto,
							       port->lo, EGRET_AUDIENCE_HOST);

		if (!egret_passes(&verdict))
			continue;
		dial(attempt, about, &(struct zoned_addr){.addr = addrs[i]}, port->l4_proto, port->lo);
		dialled++;
	}
	if (!dialled)
		snprintf(why_of(attempt, about), WHY_SIZE, "%s",
			 count ? "the policy denies its addresses" : "it does not resolve");
}

static void start_dest(struct attempt *attempt, size_t about, const struct policy_dest *dest)
{
	const struct requirements *requirements = attempt->requirements;

	if (dest->kind == POLICY_DEST_CIDR) {
		dial_dest(attempt, about, &dest->cidr.addr, 1);
		return;
	}
	for (size_t i = 0; i < requirements->name_count; i++) {
		if (!strcmp(requirements->names[i].name, dest->name)) {
			dial_dest(attempt, about, requirements->names[i].addrs, requirements->names[i].count);
			return;
		}
	}
	dial_dest(attempt, about, NULL, 0);
}

/* One destination of the list that answers is enough: all of them are tried. */
static void start_required(struct attempt *attempt, size_t about)
{
	const struct policy_require *require = &attempt->requirements->compiled->policy->requires[about];

	for (size_t i = 0; i < require->dest_count; i++)
		start_dest(attempt, about, &require->dests[i]);
}

static void look(struct dial *dial)
{
	socklen_t len = sizeof(int);
	uint8_t answer[16];
	int error = 0;

	if (dial->l4_proto == IPPROTO_UDP) {
		dial->error = recv(dial->fd, answer, sizeof(answer), 0) < 0 ? -errno : 0;
		return;
	}
	if (!getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		dial->error = -error;
}

/* Until nothing is under way any more, or the time is over. */
static void wait_for_all(struct attempt *attempt)
{
	uint64_t deadline = clock_now_ns() + WAIT_NS;

	for (;;) {
		struct pollfd fds[MAX_DIALS];
		struct dial *polled[MAX_DIALS];
		uint64_t now = clock_now_ns();
		nfds_t count = 0;

		for (size_t i = 0; i < attempt->count; i++) {
			struct dial *dial = &attempt->dials[i];

			if (dial->error != -EINPROGRESS)
				continue;
			polled[count] = dial;
			fds[count++] =
			    (struct pollfd){.fd = dial->fd, .events = dial->l4_proto == IPPROTO_UDP ? POLLIN : POLLOUT};
		}
		if (!count || now >= deadline || poll(fds, count, (int)((deadline - now) / CLOCK_NS_PER_MS) + 1) < 0)
			return;
		for (nfds_t i = 0; i < count; i++) {
			if (fds[i].revents)
				look(polled[i]);
		}
	}
}

/* Is the destination denied by the policy that still rules, so that it cannot be tried yet? */
static bool is_ruled_out(const struct attempt *attempt, const struct dial *dial)
{
	const struct kernel *ruling = attempt->requirements->ruling;
	const struct kernel_packet packet = {
	    .addr = dial->addr.addr, .l4_proto = dial->l4_proto, .port = dial->port, .audience = EGRET_AUDIENCE_HOST};
	struct judgement verdict;

	return dial->error && ruling && !kernel_decide(ruling, &packet, &verdict) && !egret_passes(&verdict);
}

static void call_from_home(struct attempt *attempt)
{
	bool moved = false;

	for (size_t i = 0; i < attempt->count; i++) {
		struct dial *dial = &attempt->dials[i];

		if (!is_ruled_out(attempt, dial))
			continue;
		if (!moved && cgroup_enter(attempt->requirements->home_fd))
			return;
		moved = true;
		if (dial->fd >= 0)
			close(dial->fd);
		call(attempt, dial);
	}
	if (moved)
		wait_for_all(attempt);
}

/* One that answers is enough; else the last one's error is told. */
static void note_answers(struct attempt *attempt, size_t abouts)
{
	bool *answered = calloc(abouts + 1, sizeof(*answered));

	for (size_t i = 0; i < attempt->count; i++) {
		struct dial *dial = &attempt->dials[i];

		if (answered && (!dial->error || (dial->error == -EPERM && is_ruled_out(attempt, dial))))
			answered[dial->about] = true;
		snprintf(why_of(attempt, dial->about), WHY_SIZE, "%s",
			 dial->error == -EINPROGRESS ? "no answer" : strerror(-dial->error));
		if (dial->fd >= 0)
			close(dial->fd);
	}
	for (size_t i = 0; i < abouts && answered; i++) {
		if (answered[i])
			*why_of(attempt, i) = '\0';
	}
	free(answered);
}

static size_t describe(const struct attempt *attempt, size_t abouts, char *text, size_t size)
{
	const struct policy *policy = attempt->requirements->compiled->policy;
	size_t missing = 0, len = 0;

	*text = '\0';
	for (size_t i = 0; i < abouts; i++) {
		char required[POLICY_REQUIRE_TEXT_SIZE];

		if (!*why_of(attempt, i))
			continue;
		if (i < policy->require_count)
			len +=
			    (size_t)snprintf(text + len, len < size ? size - len : 0, "%s%s: %s", missing ? ", " : "",
					     policy_require_format(&policy->requires[i], required), why_of(attempt, i));
		else
			len += (size_t)snprintf(text + len, len < size ? size - len : 0, "%sno resolver: %s",
						missing ? ", " : "", why_of(attempt, i));
		if (len > size)
			len = size;
		missing++;
	}
	return missing;
}

size_t requirements_try(const struct requirements *requirements, char *text, size_t size)
{
	size_t abouts = requirements->compiled->policy->require_count + (requirements->resolver_count > 0);
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	size_t missing = 1;

	if (attempt)
		attempt->why = calloc(abouts + 1, WHY_SIZE);
	if (!attempt || !attempt->why) {
		snprintf(text, size, "out of memory");
		free(attempt);
		return missing;
	}
	attempt->requirements = requirements;
	for (size_t i = 0; i < requirements->compiled->policy->require_count; i++)
		start_required(attempt, i);
	for (size_t i = 0; i < requirements->resolver_count; i++)
		dial(attempt, abouts - 1, &requirements->resolvers[i], IPPROTO_UDP, DNS_PORT);
	wait_for_all(attempt);
	if (requirements->ruling)
		call_from_home(attempt);
	note_answers(attempt, abouts);
	missing = describe(attempt, abouts, text, size);
	free(attempt->why);
	free(attempt);
	return missing;
}
