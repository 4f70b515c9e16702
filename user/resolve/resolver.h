/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeps the addresses of exact names fresh. It asks A and AAAA of each name
 * on its own schedule, never through search domains, and tells the owner when
 * the set of a name's addresses changed. The only module that includes c-ares.
 *
 * Names are asked again when their TTL runs out, with a floor of 10 s, however
 * large min_ttl_sec is: a name that changes its addresses by the minute brings
 * in all of them that way. Servers are asked in their order; the next one when one
 * fails, and also when one says NXDOMAIN, since a cluster's DNS and a cloud's know
 * different names.
 *
 * Single-threaded: the owner polls the descriptors and calls resolver_process.
 * A name's last good addresses are kept while its resolver fails.
 *
 * A link-local server is asked by the interface of its zone, which is looked up for each socket: it may come later,
 * or anew. Without a zone, or the interface, it does not answer.
 */
#ifndef EGRET_RESOLVER_H
#define EGRET_RESOLVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"

struct resolver;
struct resolver_book;

#define RESOLVER_DEFAULT_RATE 200
/* One query a microsecond: no server that is in use answers faster. */
#define RESOLVER_MAX_RATE 1000000

/* An answer says of @name, which was asked for, that it is an alias of @target; or so is what it is an alias of. */
typedef void (*resolver_alias)(void *context, const char *name, const char *target);

struct resolver_options {
	const struct zoned_addr *servers; /* copied */
	size_t server_count;              /* 0 = -EINVAL */
	uint16_t port;                    /* 0 = 53; for tests */
	unsigned int inflight;            /* queries under way at most; 0 = 64 */
	unsigned int queries_per_sec;     /* to each server; 0 = RESOLVER_DEFAULT_RATE; at most RESOLVER_MAX_RATE */
	uint32_t min_ttl_sec;             /* how long an address lives on that is no longer named */
	uint32_t max_ttl_sec;             /* how long an answer is good at most */
	int timeout_ms;                   /* of one try; 0 = 2000 */
	unsigned int tries;               /* of one question, over all servers; 0 = 3 */
	struct resolver_book *book;       /* borrowed; NULL: it shares its servers' rate with nobody */
	bool urgent;                      /* goes before the others that share the book */
	resolver_alias alias;             /* with the context of notify; may be NULL */
};

enum resolver_state {
	RESOLVER_PENDING,  /* no answer yet */
	RESOLVER_RESOLVED, /* the last round was answered, with addresses */
	RESOLVER_EMPTY,    /* NXDOMAIN, or neither A nor AAAA */
	RESOLVER_STALE,    /* failing now; the last good addresses are kept */
	RESOLVER_FAILED,   /* failing, and never answered */
};

/* Owned by the resolver; valid until the next call into it. */
struct resolver_name {
	const char *name;
	enum resolver_state state;
	const struct egret_addr *addrs; /* sorted, no duplicates */
	size_t addr_count;
	const uint64_t
	    *drop_ns;          /* beside addrs: CLOCK_MONOTONIC when it goes that is no longer named; 0 = it is named */
	uint32_t ttl_sec;      /* the shortest along the chain, at most max_ttl_sec */
	uint64_t answered_ns;  /* CLOCK_REALTIME of the last good answer, 0 = never */
	uint64_t next_ns;      /* CLOCK_MONOTONIC of the next try */
	unsigned int failures; /* rounds in a row that left A or AAAA without an answer */
	const char *error;     /* of the last failure, for people; "" if none */
	bool recalled;         /* addrs and answered_ns are of an agent before this one: no answer since */
	bool from_disk;        /* and nobody used them meanwhile: an answer takes their place at once */
};

/* Called from resolver_process when a round of a name ended. @changed: its
 * addresses differ from before. An address that a new answer no longer names is
 * reported for min_ttl_sec more, then dropped with another call. It must not add
 * or remove names. */
typedef void (*resolver_notify)(void *context, const struct resolver_name *name, bool changed);

/* -EINVAL: no server; -E2BIG: more than RESOLVER_MAX_SERVERS. */
#define RESOLVER_MAX_SERVERS 32
int resolver_new(const struct resolver_options *options, resolver_notify notify, void *context, struct resolver **ret);
void resolver_free(struct resolver *resolver); /* takes NULL; no more calls to notify */

/* @name without trailing dot. Asked at the next resolver_process, in the order in which they were added, as fast as
 * the servers' rate lets them. 0 if it is there already. */
int resolver_add(struct resolver *resolver, const char *name);
/* Somebody uses @name: it is asked before all that nobody is known to use. Only its first round can be hurried. */
void resolver_hurry(struct resolver *resolver, const char *name);
/* How long the first round of so many names takes, if the servers answer. @queries_per_sec as in resolver_options. */
uint32_t resolver_first_round_sec(size_t names, unsigned int queries_per_sec);
int resolver_remove(struct resolver *resolver, const char *name);
/*
 * What @name had when it was last answered, under an agent before this one: it has these addresses until an
 * answer comes, which takes their place. Calls notify. A name that was answered is left as it is, and so is
 * one that is not there. @answered_ns: CLOCK_REALTIME. -ENOMEM.
 */
int resolver_recall(struct resolver *resolver, const char *name, const struct egret_addr *addrs, size_t count,
		    uint64_t answered_ns);
/*
 * Names that both have keep the addresses that @from knows, until an answer to @resolver says otherwise; then they go
 * as any others do, min_ttl_sec later. Where both ask the same servers, such a name is next asked for when @from would
 * have; nobody waits for it (resolver_pending). What @resolver was answered itself stays. Calls notify. To be called
 * again when @from ends: it may have been answered something meanwhile. -ENOMEM: some of them were left out.
 */
int resolver_inherit(struct resolver *resolver, const struct resolver *from);
/*
 * The same of an agent that was there a moment ago, address by address: @name has @addr, until @drop_ns (as of
 * resolver_name) or, where that is 0, until an answer says otherwise and min_ttl_sec longer. Nobody waits for such a
 * name. A name that was answered is left as it is.
 */
int resolver_remember(struct resolver *resolver, const char *name, const struct egret_addr *addr, uint64_t drop_ns,
		      uint64_t answered_ns);
const struct resolver_name *resolver_find(struct resolver *resolver, const char *name);
void resolver_each(struct resolver *resolver, void (*visit)(void *context, const struct resolver_name *name),
		   void *context);

/* Fills @fds; returns how many it would fill (may exceed @capacity), and the
 * milliseconds until it wants to be called even if nothing is ready (-1 = never). */
size_t resolver_poll(struct resolver *resolver, struct pollfd *fds, size_t capacity, int *ret_timeout_ms);
void resolver_process(struct resolver *resolver, const struct pollfd *fds, size_t count);

/* Names that have not ended their first round yet, and of which nothing was known before. */
size_t resolver_pending(const struct resolver *resolver);

/*
 * What is known of each server, whoever asks it: how fast it may still be asked, and how it answered. Resolvers that
 * are given the same book ask a server no faster together than one of them might, and what one of them finds out about
 * it the others know.
 */
struct resolver_health {
	struct zoned_addr server;
	/* answers: with addresses or without; failures: SERVFAIL, REFUSED and their like. */
	uint64_t queries, answers, failures, timeouts;
	/* Since the last answer, or since the first query. */
	unsigned int failures_since_answer, timeouts_since_answer;
	uint64_t unanswered_since_ns; /* CLOCK_REALTIME of the first of those; 0 = the last one was answered */
	uint64_t last_answer_ns;      /* CLOCK_REALTIME, 0 = never */
	uint64_t last_timeout_ns;     /* CLOCK_REALTIME, 0 = never */
};

/* A server that was silent so often in a row is asked last for a while. */
#define RESOLVER_SILENT_LIMIT 3

/* One more user of @book; NULL: of a new one. Each ends with a leave. NULL: out of memory. */
struct resolver_book *resolver_book_join(struct resolver_book *book);
void resolver_book_leave(struct resolver_book *book); /* takes NULL */
/* Of the servers that a resolver asks now; returns how many there are (may exceed @capacity). */
size_t resolver_book_health(const struct resolver_book *book, struct resolver_health *ret, size_t capacity);
/* What an agent before this one knew of them: counted on from there. Only the first call does something. */
void resolver_book_recall(struct resolver_book *book, const struct resolver_health *healths, size_t count);

#define RESOLVER_MAX_SYSTEM 6 /* twice MAXNS of resolv.conf(5) */
#define RESOLV_CONF         "/etc/resolv.conf"
/* What systemd-resolved asks itself, where RESOLV_CONF names its stub: systemd-resolved.service(8). */
#define RESOLV_CONF_UPLINK "/run/systemd/resolve/resolv.conf"
/* The nameservers of a resolv.conf. NULL = RESOLV_CONF, and where that names the stub of systemd-resolved, those of
 * RESOLV_CONF_UPLINK, too: else the stub itself, where it is governed, could not ask them. *ret is malloc'd, at most
 * RESOLVER_MAX_SYSTEM. -ENOENT:
 * no such file, or no nameserver in it. */
int resolver_system_servers(const char *path, struct zoned_addr **ret, size_t *ret_count);
/* Is one of them the stub of systemd-resolved? */
bool resolver_is_stub(const struct zoned_addr *servers, size_t count);

#endif
