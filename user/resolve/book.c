// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is known of each server, whoever asks it. */
#include <stdlib.h>

#include "internal.h"

struct resolver_book {
	struct record *records; /* in the order in which they were opened */
	unsigned int users;
	bool recalled;
};

struct resolver_book *resolver_book_join(struct resolver_book *book)
{
	if (!book)
		book = calloc(1, sizeof(*book));
	if (book)
		book->users++;
	return book;
}

void resolver_book_leave(struct resolver_book *book)
{
	if (book && !--book->users)
		free(book);
}

/* Where the record of @addr is linked, or would be. */
static struct record **find(struct resolver_book *book, const struct zoned_addr *addr)
{
	struct record **at = &book->records;

	while (*at && !zoned_addr_equal(&(*at)->health.server, addr))
		at = &(*at)->next;
	return at;
}

struct record *book_open(struct resolver_book *book, const struct zoned_addr *addr)
{
	struct record **at = find(book, addr);

	if (!*at)
		*at = calloc(1, sizeof(**at));
	if (!*at)
		return NULL;
	(*at)->health.server = *addr;
	(*at)->servers++;
	return *at;
}

void book_close(struct resolver_book *book, struct record *record)
{
	if (--record->servers)
		return;
	*find(book, &record->health.server) = record->next;
	free(record);
}

size_t resolver_book_health(const struct resolver_book *book, struct resolver_health *ret, size_t capacity)
{
	size_t count = 0;

	for (const struct record *record = book->records; record; record = record->next, count++)
		if (count < capacity)
			ret[count] = record->health;
	return count;
}

static void recall(struct resolver_health *health, const struct resolver_health *before)
{
	health->queries += before->queries;
	health->failures += before->failures;
	health->timeouts += before->timeouts;
	/* Where this agent had no answer yet, the silence that an agent before it noted goes on. */
	if (!health->answers) {
		health->failures_since_answer += before->failures_since_answer;
		health->timeouts_since_answer += before->timeouts_since_answer;
		health->last_answer_ns = before->last_answer_ns;
		if (before->unanswered_since_ns)
			health->unanswered_since_ns = before->unanswered_since_ns;
		if (!health->last_timeout_ns)
			health->last_timeout_ns = before->last_timeout_ns;
	}
	health->answers += before->answers;
}

void resolver_book_recall(struct resolver_book *book, const struct resolver_health *healths, size_t count)
{
	if (book->recalled)
		return;
	book->recalled = true;
	for (size_t i = 0; i < count; i++) {
		struct record *record = *find(book, &healths[i].server);

		if (record)
			recall(&record->health, &healths[i]);
	}
}
