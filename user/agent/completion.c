// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "completion.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "../base/clock.h"
#include "../base/hash.h"
#include "../view/completion.h"
#include "cause.h"
#include "egret_reasons.h"

/* Of a round: all rows that are taken, and of those one owner's, who may bring many. */
#define ROWS_AT_ONCE     512
#define ROWS_OF_AN_OWNER 16
#define OWNER_PLACES     256
/* After what took long nothing is done for so many times as long: 2.5 % of a core. */
#define REST          40
#define LOOK_AGAIN_NS (3 * CLOCK_NS_PER_SEC)

/* A row that is completed. */
struct done {
	struct egret_drop_key key;
	uint64_t first_ns;
	uint64_t last_ns;    /* of its row when it was looked at last */
	uint64_t looked_ns;  /* and when that was */
	uint64_t last_name;  /* key of the name that led there last; 0 = none */
	uint32_t generation; /* of the policy that ruled then */
	uint32_t round;      /* when its row was seen last */
	UT_hash_handle hh;
};

struct completions {
	struct done *all;
	struct aliases *aliases;
	struct cause_row *rows; /* of the round under way */
	size_t count;
	uint8_t of_owner[OWNER_PLACES]; /* by a hash of the owner */
	bool bounded;
	bool unfinished; /* a row was left for the next round */
	bool known;      /* what agents before this one completed was read */
	uint32_t round, generation;
	uint64_t denied_packets, next_ns;
	uint64_t oldest_ns; /* rows that began before are not completed: the map is full of newer ones */
};

/* An answer came: the next round is due. */
static void answer_came(void *context)
{
	struct completions *completions = context;

	completions->unfinished = true;
}

struct completions *completions_new(struct loop *loop)
{
	struct completions *completions = calloc(1, sizeof(*completions));

	if (!completions)
		return NULL;
	completions->aliases = aliases_new(loop, answer_came, completions);
	if (completions->aliases)
		return completions;
	free(completions);
	return NULL;
}

static void forget(struct completions *completions, struct done *done)
{
	HASH_DEL(completions->all, done);
	free(done);
}

static void forget_all(struct completions *completions)
{
	struct done *done, *next;

	HASH_ITER (hh, completions->all, done, next)
		forget(completions, done);
}

void completions_reset(struct completions *completions)
{
	forget_all(completions);
	completions->known = false;
	completions->unfinished = false;
	completions->denied_packets = 0;
	completions->oldest_ns = 0;
}

void completions_free(struct completions *completions)
{
	if (!completions)
		return;
	forget_all(completions);
	aliases_free(completions->aliases);
	free(completions);
}

/* --- which are completed --- */

static int note(struct completions *completions, const struct egret_completion *completion, uint64_t last_name,
		uint64_t last_ns)
{
	struct done *done;

	HASH_FIND(hh, completions->all, &completion->key, sizeof(completion->key), done);
	if (!done) {
		done = calloc(1, sizeof(*done));
		if (!done)
			return -1;
		done->key = completion->key;
		HASH_ADD(hh, completions->all, key, sizeof(done->key), done);
	}
	done->first_ns = completion->first_ns;
	done->last_ns = last_ns;
	done->looked_ns = clock_now_ns();
	done->last_name = last_name;
	done->generation = completion->generation;
	done->round = completions->round;
	return 0;
}

static int note_earlier(void *context, const struct egret_completion *completion)
{
	return note(context, completion, completion->asked ? completion->asked : completion->key.name_key, 0);
}

static struct done *find(const struct completions *completions, const struct egret_drop_row *row)
{
	struct done *done;

	HASH_FIND(hh, completions->all, &row->key, sizeof(row->key), done);
	return done && done->first_ns == row->drop.first_ns ? done : NULL;
}

/* Under another policy what was found out may be untrue: once that one has denied a packet of the row, it is found out
 * anew. */
static bool is_of_older_policy(const struct completions *completions, const struct egret_drop_row *row,
			       const struct done *done)
{
	return (int32_t)(row->drop.generation - completions->generation) >= 0 &&
	       (int32_t)(completions->generation - done->generation) > 0;
}

/* The same name's answer is over, and another name may have led there since. What goes on and on is looked at now and
 * then, so that it keeps no new row of its owner waiting. */
static bool may_be_of_another_name(struct completions *completions, const struct egret_drop_row *row,
				   const struct done *done)
{
	if (row->key.reason != EGRET_REASON_EXPIRED || row->drop.last_ns == done->last_ns)
		return false;
	if (!completions->bounded || clock_now_ns() - done->looked_ns >= LOOK_AGAIN_NS)
		return true;
	completions->unfinished = true;
	return false;
}

static bool is_done(struct completions *completions, const struct egret_drop_row *row)
{
	struct done *done = find(completions, row);

	if (!done)
		return false;
	done->round = completions->round;
	return !is_of_older_policy(completions, row, done) && !may_be_of_another_name(completions, row, done);
}

/* Those whose row did not come in this round. */
static void sweep(struct completions *completions, struct kernel *kernel)
{
	struct done *done, *next;

	HASH_ITER (hh, completions->all, done, next) {
		if (done->round == completions->round)
			continue;
		kernel_forget_completion(kernel, &done->key);
		forget(completions, done);
	}
	if (HASH_COUNT(completions->all) < EGRET_MAX_COMPLETIONS)
		completions->oldest_ns = 0;
}

/* The one whose row began first goes, and no row that began before it comes again. */
static void make_room(struct completions *completions, struct kernel *kernel)
{
	struct done *oldest = completions->all, *done, *next;

	if (HASH_COUNT(completions->all) < EGRET_MAX_COMPLETIONS)
		return;
	HASH_ITER (hh, completions->all, done, next) {
		if (done->first_ns < oldest->first_ns)
			oldest = done;
	}
	completions->oldest_ns = oldest->first_ns;
	kernel_forget_completion(kernel, &oldest->key);
	forget(completions, oldest);
}

/* --- which are to be --- */

static bool is_of_interest(const struct completions *completions, const struct egret_drop_row *row)
{
	if (!completion_is_due(row->key.reason))
		return false;
	/* What another policy denied, that one would have to say. */
	return (int32_t)(row->drop.generation - completions->generation) >= 0 &&
	       row->drop.first_ns > completions->oldest_ns;
}

/* Which owners share a place is another matter in each round. */
static uint8_t *place_of(struct completions *completions, uint64_t owner)
{
	uint64_t hash = hash_bytes(HASH_BEGIN, (const char *)&completions->round, sizeof(completions->round));

	return &completions->of_owner[(hash_bytes(hash, (const char *)&owner, sizeof(owner)) >> 40) % OWNER_PLACES];
}

static bool has_room(struct completions *completions, uint64_t owner, uint8_t *ret_rank)
{
	uint8_t *of_owner = place_of(completions, owner);

	if (completions->count == ROWS_AT_ONCE || (completions->bounded && *of_owner == ROWS_OF_AN_OWNER))
		return false;
	*ret_rank = *of_owner;
	*of_owner += *of_owner < ROWS_OF_AN_OWNER;
	return true;
}

static int take_row(void *context, const struct egret_drop_row *row)
{
	struct completions *completions = context;
	uint8_t rank;

	if (is_done(completions, row) || !is_of_interest(completions, row))
		return 0;
	if (has_room(completions, row->owner, &rank))
		completions->rows[completions->count++] = (struct cause_row){
		    .row = *row, .rank = rank, .after = row->owner - aliases_last_owner(completions->aliases) - 1};
	else
		completions->unfinished = true;
	return 0;
}

/* Servers are asked about one row of each owner, in turn, before they are about a second one of any. */
static int in_turn(const void *a, const void *b)
{
	const struct cause_row *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank - right->rank;
	return (left->after > right->after) - (left->after < right->after);
}

/* --- a round --- */

/* It was looked at again, and the same name led there, or nobody knows any more which one. */
static bool is_as_before(const struct completions *completions, const struct cause_row *row)
{
	struct done *done = find(completions, &row->row);

	if (!done || is_of_older_policy(completions, &row->row, done))
		return false;
	if (row->ended.name && row->ended.last_name != done->last_name)
		return false;
	done->last_ns = row->row.drop.last_ns;
	done->looked_ns = clock_now_ns();
	return true;
}

static void complete(struct completions *completions, const struct cause_finder *finder, const struct cause_row *row)
{
	struct egret_completion completion;

	if (is_as_before(completions, row))
		return;
	if (!cause_find(finder, row, &completion)) {
		completions->unfinished = true;
		return;
	}
	make_room(completions, finder->kernel);
	if (!kernel_set_completion(finder->kernel, &completion))
		note(completions, &completion, row->ended.last_name, row->row.drop.last_ns);
}

static void complete_all(struct completions *completions, const struct cause_finder *finder)
{
	if (!completions->count || cause_gather(finder, completions->rows, completions->count))
		return;
	qsort(completions->rows, completions->count, sizeof(*completions->rows), in_turn);
	for (size_t i = 0; i < completions->count; i++)
		complete(completions, finder, &completions->rows[i]);
}

static void begin_round(struct completions *completions, struct kernel *kernel)
{
	struct egret_meta meta;

	completions->generation = kernel_get_meta(kernel, &meta) ? 0 : meta.policy_generation;
	if (!completions->known)
		completions->known = !kernel_each_completion(kernel, note_earlier, completions);
	completions->round++;
	completions->count = 0;
	completions->unfinished = false;
	memset(completions->of_owner, 0, sizeof(completions->of_owner));
}

static void look(struct completions *completions, struct kernel *kernel, const struct edition *ruling,
		 struct resolver_book *book)
{
	struct cause_finder finder = {
	    .kernel = kernel, .ruling = ruling, .aliases = completions->aliases, .book = book};
	uint64_t began_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);

	completions->rows = calloc(ROWS_AT_ONCE, sizeof(*completions->rows));
	if (!completions->rows)
		return;
	begin_round(completions, kernel);
	finder.generation = completions->generation;
	if (!kernel_each_row(kernel, take_row, completions))
		sweep(completions, kernel);
	complete_all(completions, &finder);
	free(completions->rows);
	completions->rows = NULL;
	completions->next_ns = clock_now_ns() + REST * (clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns);
}

/* Of those reasons that is more to be said of. */
static uint64_t denied_packets(const struct kernel *kernel)
{
	static const uint8_t reasons[] = {EGRET_REASON_NO_RULE, EGRET_REASON_PORT, EGRET_REASON_CLASS,
					  EGRET_REASON_EXPIRED, EGRET_REASON_BEFORE_ATTACH};
	struct egret_counter counter;
	uint64_t sum = 0;

	for (size_t i = 0; i < 2 * sizeof(reasons); i++)
		if (!kernel_get_reason(kernel, reasons[i / 2], i & 1, &counter))
			sum += counter.packets;
	return sum;
}

void completions_refresh(struct completions *completions, struct kernel *kernel, const struct edition *ruling,
			 struct resolver_book *book)
{
	uint64_t denied;

	if (clock_now_ns() < completions->next_ns)
		return;
	denied = denied_packets(kernel);
	if (denied == completions->denied_packets && !completions->unfinished)
		return;
	completions->denied_packets = denied;
	completions->bounded = true;
	look(completions, kernel, ruling, book);
}

bool completions_finish(struct completions *completions, struct kernel *kernel, const struct edition *ruling,
			struct resolver_book *book)
{
	completions->bounded = false;
	look(completions, kernel, ruling, book);
	return completions->unfinished;
}
