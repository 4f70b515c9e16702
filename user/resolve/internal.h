/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of resolve/ share. Private to resolve/. Times are CLOCK_MONOTONIC. */
#ifndef EGRET_RESOLVE_INTERNAL_H
#define EGRET_RESOLVE_INTERNAL_H

#include <ares.h>
#include <uthash.h>

#include "resolver.h"

enum family { FAMILY_A, FAMILY_AAAA, FAMILIES };

/* A and AAAA of one answer hold at most this many addresses for a name; what is over is
 * left out, and said. A TCP answer could hold 4,000. */
#define NAME_MAX_ADDRS 1024

/* More than there are names: what is known already is first asked for behind all that is not. A time since boot. */
#define NAME_LATER_NS (UINT64_C(1) << 20)

struct name;

/* One A or AAAA query, over all its tries. */
struct question {
	struct name *name;
	enum family family;
	struct server *server; /* that is asked now */
	uint32_t asked;        /* bit i: server i was asked in this turn */
	unsigned int attempts;
	bool no_such_name; /* one server said NXDOMAIN */
};

/* What a round gathered so far. */
struct round {
	struct question questions[FAMILIES];
	unsigned int open; /* questions that are not answered yet; 0 = no round runs */
	bool answered[FAMILIES];
	bool truncated; /* over NAME_MAX_ADDRS */
	uint32_t ttl_sec;
	struct egret_addr *addrs;
	size_t addr_count;
};

struct name {
	struct resolver_name seen; /* what the owner sees */
	struct resolver *resolver;
	char *text;
	struct egret_addr *addrs; /* sorted; seen.addrs */
	uint64_t *drop_ns;        /* seen.drop_ns */
	uint64_t refresh_ns;      /* when it is asked again */
	char error[96];
	bool ended_once; /* a round of its own, or it has what another resolver knew: nobody waits for it */
	bool removed;    /* lives until its questions have ended */
	struct round round;
	size_t heap_at; /* in the schedule; SIZE_MAX = not there */
	UT_hash_handle hh;
};

/* What a book has of one server. */
struct record {
	struct resolver_health health;
	unsigned int silent_in_row; /* without a word, not even a failure */
	uint64_t avoid_until_ns;    /* it was silent several times in a row */
	uint64_t tokens_ns;         /* leaky bucket: when the next query would be on time */
	unsigned int servers;       /* that are open; with the last one it goes */
	struct record *next;
};

/* One server has one c-ares channel of each resolver: so its health is its own, and a query goes
 * where the resolver wants it. */
struct server {
	struct resolver *resolver;
	struct record *record; /* of the resolver's book */
	ares_channel channel;
};

/* A descriptor of a channel. */
struct watch {
	ares_socket_t fd;
	short events;
	struct server *server;
};

/* Names by the time of what is to be done next with them: a binary heap. */
struct schedule {
	struct name **heap;
	size_t count, capacity;
};

struct resolver {
	struct resolver_options options;
	struct resolver_book *book;
	resolver_notify notify;
	void *context;
	struct server *servers;
	size_t server_count;
	struct watch *watches;
	size_t watch_count, watch_capacity;
	struct name *names;
	struct schedule schedule;
	size_t pending; /* names whose first round has not ended */
	unsigned int inflight;
	unsigned int random_state;
	bool closing;
};

/* schedule.c */
int schedule_reserve(struct schedule *schedule, size_t count);
void schedule_put(struct schedule *schedule, struct name *name); /* by name->seen.next_ns; moves one that is there */
void schedule_remove(struct schedule *schedule, struct name *name);
struct name *schedule_first(const struct schedule *schedule);

/* book.c */
/* The one record of @addr; NULL: out of memory. */
struct record *book_open(struct resolver_book *book, const struct zoned_addr *addr);
void book_close(struct resolver_book *book, struct record *record);

/* server.c */
int server_open(struct server *server, struct resolver *resolver, const struct zoned_addr *addr);
void server_close(struct server *server);
/* The first of those in @candidates (bits) that answers, else the first of them; NULL = none. */
struct server *server_choose(struct resolver *resolver, uint32_t candidates);
/* When it may be asked next without going over its rate. */
uint64_t server_ready_ns(const struct server *server);
/* Takes its turn in the server's rate and counts the query. */
void server_count_query(struct server *server);
void server_note(struct server *server, int ares_status);

/* round.c: what becomes of a round's questions. */
/* @ares_status is ARES_SUCCESS, ARES_ENODATA (no such address), or why there is no answer. */
void round_question_ended(struct question *question, int ares_status);
/* Nobody wants to know any more: the name was removed, or the resolver closes. */
void round_question_dropped(struct question *question);
/* Gives the name addresses that no round brought in. -ENOMEM: it is as it was. */
int name_recall(struct name *name, const struct egret_addr *addrs, size_t count, uint64_t answered_ns);
/* The same, of one more address. */
int name_recall_one(struct name *name, const struct egret_addr *addr, uint64_t drop_ns, uint64_t answered_ns);
/* Adds those addresses of @from that @name has not, each until its time; what it has stays. -ENOMEM: as it was. */
int name_merge(struct name *name, const struct name *from, uint64_t now_ns, bool *ret_changed);
/* answer.c: the addresses of an answer. */
struct answer_addrs {
	struct egret_addr addrs[NAME_MAX_ADDRS]; /* the first of them */
	size_t count;
	uint32_t ttl_sec; /* the shortest on the way to them */
	/* Is told each name that the asked one leads to. NULL: nobody wants to know. */
	void (*alias)(void *context, const char *target);
	void *context;
};

/* Those of the asked name and of all that it is an alias of, wherever the records stand: c-ares' own parser looks only
 * behind an alias for what it leads to. None of an answer that cannot be read to its end. */
void answer_read(const unsigned char *answer, size_t len, enum family family, struct answer_addrs *ret);

/* round.c: adds what the answer names; the count that was found, 0 for none. */
size_t round_add_answer(struct name *name, enum family family, const unsigned char *answer, int len);
void name_free(struct name *name);
/* Drops the addresses whose time is over. */
bool name_drop_expired(struct name *name, uint64_t now_ns);
/* Its next turn, by what it holds and when it is to be asked again; nothing while it is being asked for: asked twice at
 * a time, the answers to the one would end the round of the other. */
void name_schedule(struct name *name);

/* question.c: begins a round. Each of its questions is asked until there is an answer or no hope left, and then ends in
 * round_question_ended. */
void questions_ask(struct name *name);

#endif
