// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "servers.h"

#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "../base/clock.h"
#include "../base/format.h"

/* Fewer in a row may be about one name: A and AAAA of it. */
#define ERRORS_LIMIT 3
/* A server that was silent longer ago than this is told as silent no more: the last of several may not be asked again
 * for long, so nobody knows how it is now. A name that fails is asked for once a minute. */
#define SILENT_TOLD_SEC (15 * 60)

_Static_assert(EGRET_MAX_RESOLVERS == RESOLVER_MAX_SERVERS, "all that a policy may name can be shown");

static bool is_recent(uint64_t realtime_ns)
{
	return clock_realtime_ns() < realtime_ns + SILENT_TOLD_SEC * CLOCK_NS_PER_SEC;
}

static enum egret_resolver_state judge(const struct resolver_health *health)
{
	if (health->timeouts_since_answer >= RESOLVER_SILENT_LIMIT)
		return is_recent(health->last_timeout_ns) ? EGRET_RESOLVER_SILENT : EGRET_RESOLVER_UNKNOWN;
	if (health->failures_since_answer >= ERRORS_LIMIT)
		return EGRET_RESOLVER_ERRORS;
	return health->last_answer_ns ? EGRET_RESOLVER_ANSWERS : EGRET_RESOLVER_UNKNOWN;
}

static struct egret_resolver of_health(const struct resolver_health *health)
{
	struct egret_resolver resolver = {
	    .addr = health->server.addr,
	    .last_answer_ns = health->last_answer_ns,
	    .unanswered_since_ns = health->unanswered_since_ns,
	    .queries = health->queries,
	    .answers = health->answers,
	    .failures = health->failures,
	    .timeouts = health->timeouts,
	    .failures_since_answer = health->failures_since_answer,
	    .timeouts_since_answer = health->timeouts_since_answer,
	    .state = judge(health),
	};

	memcpy(resolver.zone, health->server.zone, sizeof(resolver.zone));
	return resolver;
}

static struct resolver_health to_health(const struct egret_resolver *resolver)
{
	struct resolver_health health = {
	    .server.addr = resolver->addr,
	    .last_answer_ns = resolver->last_answer_ns,
	    .unanswered_since_ns = resolver->unanswered_since_ns,
	    .queries = resolver->queries,
	    .answers = resolver->answers,
	    .failures = resolver->failures,
	    .timeouts = resolver->timeouts,
	    .failures_since_answer = resolver->failures_since_answer,
	    .timeouts_since_answer = resolver->timeouts_since_answer,
	    /* The tables have no time of it: what was silent when an agent looked last is so until it answers. */
	    .last_timeout_ns = resolver->state == EGRET_RESOLVER_SILENT ? clock_realtime_ns() : 0,
	};

	memcpy(health.server.zone, resolver->zone, sizeof(resolver->zone));
	return health;
}

static void recall(struct resolver_book *book, const struct egret_meta *meta)
{
	struct resolver_health healths[EGRET_MAX_RESOLVERS];

	for (uint32_t i = 0; i < meta->resolver_count; i++)
		healths[i] = to_health(&meta->resolvers[i]);
	resolver_book_recall(book, healths, meta->resolver_count);
}

static void write_resolvers(struct egret_meta *meta, const struct resolver_book *book)
{
	struct resolver_health healths[EGRET_MAX_RESOLVERS];
	size_t count = resolver_book_health(book, healths, EGRET_MAX_RESOLVERS);

	/* Those of a policy that may rule next are asked beside those of the one that does. */
	meta->resolver_count = count < EGRET_MAX_RESOLVERS ? count : EGRET_MAX_RESOLVERS;
	for (uint32_t i = 0; i < meta->resolver_count; i++)
		meta->resolvers[i] = of_health(&healths[i]);
}

/* Without a zone it teaches whoever asks it by its link, but the agent cannot ask it. */
static bool has_no_link(const struct egret_resolver *resolver)
{
	return addr_is_link_local(&resolver->addr) && !*resolver->zone;
}

static bool agent_reaches_none(const struct egret_meta *meta)
{
	for (uint32_t i = 0; i < meta->resolver_count; i++)
		if (!has_no_link(&meta->resolvers[i]))
			return false;
	return true;
}

static void describe_unreached(const struct egret_addr *addr, char text[static EGRET_PROBLEM_SIZE])
{
	char address[ADDR_TEXT_SIZE];

	snprintf(
	    text, EGRET_PROBLEM_SIZE,
	    "resolver %s is of one link alone, and the agent does not know by which interface to ask it: programs that "
	    "ask it learn, but nobody asks it for the exact names; write the interface behind it, as in fe80::1%%eth0",
	    addr_format(addr, address));
}

static const char *what_to_do(const struct zoned_addr *server)
{
	if (addr_is_link_local(&server->addr) && !zoned_addr_ifindex(server))
		return "this node has no such interface: see `ip link`, and write one of those behind the %";
	return "see that the resolver runs and that this node reaches its port 53, or name another one in the policy";
}

/* Of the first one that is silent; "" = none is, or it is of one link, and another one has the agent's questions. */
static void describe_silence(const struct egret_meta *meta, char text[static EGRET_PROBLEM_SIZE])
{
	char address[ZONED_TEXT_SIZE], since[TIME_TEXT_SIZE], others[48] = "";
	const struct egret_resolver *silent = NULL;
	bool none = agent_reaches_none(meta);
	struct zoned_addr server;
	unsigned int count = 0;

	for (uint32_t i = meta->resolver_count; i-- > 0;) {
		if (meta->resolvers[i].state != EGRET_RESOLVER_SILENT)
			continue;
		if (has_no_link(&meta->resolvers[i]) && !none)
			continue;
		silent = &meta->resolvers[i];
		count++;
	}
	text[0] = '\0';
	if (!silent)
		return;
	if (none) {
		describe_unreached(&silent->addr, text);
		return;
	}
	server = to_health(silent).server;
	if (count > 1)
		snprintf(others, sizeof(others), ", and %u more %s silent, too", count - 1, count == 2 ? "is" : "are");
	snprintf(text, EGRET_PROBLEM_SIZE,
		 "resolver %s has not answered since %s (%u queries in a row)%s: a name that no other resolver knows "
		 "keeps the addresses that it has, and one without any stays denied; %s",
		 zoned_addr_format(&server, address),
		 time_format((time_t)(silent->unanswered_since_ns / CLOCK_NS_PER_SEC), since),
		 silent->timeouts_since_answer, others, what_to_do(&server));
}

/* Once when it begins: the text changes with each query. */
static void tell(struct progress *progress, bool was_silent, const char *problem)
{
	if (!was_silent && *problem)
		progress_warn(progress, "%s", problem);
	else if (was_silent && !*problem)
		progress_say(progress, "the PROBLEM of a silent resolver is over");
}

void servers_note(struct kernel *kernel, struct resolver_book *book, struct progress *progress)
{
	struct egret_meta meta;
	char *problem = meta.problems[EGRET_PROBLEM_SILENT];
	bool was_silent;

	if (kernel_get_meta(kernel, &meta))
		return;
	was_silent = *problem;
	recall(book, &meta);
	write_resolvers(&meta, book);
	describe_silence(&meta, problem);
	tell(progress, was_silent, problem);
	kernel_set_meta(kernel, &meta);
}
