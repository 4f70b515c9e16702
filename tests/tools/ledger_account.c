/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The account: what was sent against what arrived. */
#include "ledger.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EXAMPLES 20

enum judgement { IN_TRANSIT, ALLOWED, DENIED, JUDGEMENT_COUNT };

struct sent {
	uint64_t number, before_ns, after_ns;
	char label[LEDGER_LABEL_SIZE], addr[LEDGER_ADDR_SIZE], result[LEDGER_RESULT_SIZE];
	enum ledger_kind kind;
	unsigned int port;
	bool data, wire;
};

struct window {
	uint64_t from_ns, until_ns;
	char policy[LEDGER_LABEL_SIZE];
};

struct account {
	struct sent *sent; /* by number */
	size_t count, room;
	uint64_t **by_port; /* numbers of connections from a port, in the order of time; [0] = how many */
	struct window *windows;
	size_t window_count;
	unsigned long long lost, strangers, got_out, dropped, judged[LEDGER_KIND_COUNT][JUDGEMENT_COUNT];
	int examples;
};

static FILE *open_book(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		perror(path);
	return file;
}

static int grow(struct account *account, uint64_t number)
{
	size_t room = account->room ? account->room : 65536;
	void *larger;

	while (room <= number)
		room *= 2;
	if (room == account->room)
		return 0;
	larger = reallocarray(account->sent, room, sizeof(*account->sent));
	if (!larger)
		return -ENOMEM;
	account->sent = larger;
	memset(account->sent + account->room, 0, (room - account->room) * sizeof(*account->sent));
	account->room = room;
	return 0;
}

static int kind_of(const char *word)
{
	for (int kind = 0; kind < LEDGER_KIND_COUNT; kind++)
		if (!strcmp(word, ledger_kind_words[kind]))
			return kind;
	return -EINVAL;
}

static bool is_connection(const struct sent *sent)
{
	return sent->kind == LEDGER_TCP || sent->kind == LEDGER_OPEN;
}

static int read_sent(struct account *account, const char *path)
{
	FILE *file = open_book(path);
	unsigned long long number, before, after;
	char kind[16], label[16], addr[46], result[16];
	unsigned int port;

	if (!file)
		return -errno;
	while (fscanf(file, "%llu %15s %15s %45s %u %llu %llu %15s", &number, kind, label, addr, &port, &before, &after,
		      result) == 8) {
		struct sent *sent;

		if (number > 1u << 28 || kind_of(kind) < 0 || grow(account, number))
			return -EINVAL;
		sent = &account->sent[number];
		*sent = (struct sent){
		    .number = number, .before_ns = before, .after_ns = after, .kind = kind_of(kind), .port = port};
		strcpy(sent->label, label);
		strcpy(sent->addr, addr);
		strcpy(sent->result, result);
		account->count++;
	}
	fclose(file);
	return account->count ? 0 : -ENODATA;
}

static int index_ports(struct account *account)
{
	account->by_port = calloc(65536, sizeof(*account->by_port));
	if (!account->by_port)
		return -ENOMEM;
	/* One thread's numbers go up with time; two threads never have the same port at once. */
	for (size_t i = 0; i < account->room; i++) {
		const struct sent *sent = &account->sent[i];
		uint64_t **list, count;

		if (!sent->number || !is_connection(sent) || sent->port > 65535)
			continue;
		list = &account->by_port[sent->port];
		count = *list ? (*list)[0] : 0;
		*list = reallocarray(*list, count + 2, sizeof(**list));
		if (!*list)
			return -ENOMEM;
		(*list)[0] = count + 1;
		(*list)[count + 1] = i;
	}
	return 0;
}

/* Who had the port last when this was seen. */
static struct sent *by_port(struct account *account, uint64_t port, uint64_t seen_ns, const char *addr)
{
	uint64_t *list = port < 65536 ? account->by_port[port] : NULL;
	struct sent *found = NULL;

	for (uint64_t i = 1; list && i <= list[0]; i++) {
		struct sent *sent = &account->sent[list[i]];

		if (sent->before_ns <= seen_ns && !strcmp(sent->addr, addr))
			found = sent;
	}
	return found;
}

static void note_arrival(struct account *account, const char *what, uint64_t number, uint64_t ns, const char *addr)
{
	struct sent *sent;

	if (!strcmp(what, "tcp"))
		sent = by_port(account, number, ns, addr);
	else
		sent = number && number < account->room && account->sent[number].number ? &account->sent[number] : NULL;
	if (!sent || strcmp(sent->addr, addr)) {
		account->strangers++;
		return;
	}
	sent->wire |= strcmp(what, "data") != 0;
	sent->data |= !strcmp(what, "data");
}

static int read_received(struct account *account, const char *path)
{
	FILE *file = open_book(path);
	unsigned long long number, ns;
	char line[256], what[16], addr[46];
	bool ended = false;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "lost %15s %llu", what, &number) == 2) {
			account->lost += number;
			ended = true;
		} else if (sscanf(line, "%15s %llu %llu %45s", what, &number, &ns, addr) == 4) {
			note_arrival(account, what, number, ns, addr);
		}
	}
	fclose(file);
	return ended ? 0 : -ENODATA; /* a receiver that was killed proves nothing */
}

static int read_windows(struct account *account, const char *path)
{
	struct window window;
	unsigned long long from, until;
	FILE *file;

	if (!path)
		return 0;
	file = open_book(path);
	if (!file)
		return -errno;
	while (fscanf(file, "%llu %llu %15s", &from, &until, window.policy) == 3) {
		window.from_ns = from;
		window.until_ns = until;
		account->windows = reallocarray(account->windows, account->window_count + 1, sizeof(*account->windows));
		if (!account->windows)
			return -ENOMEM;
		account->windows[account->window_count++] = window;
	}
	fclose(file);
	return account->window_count ? 0 : -ENODATA;
}

/* Windows do not overlap, and stand in the order of time. */
static const struct window *window_of(const struct account *account, const struct sent *sent)
{
	size_t low = 0, high = account->window_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct window *window = &account->windows[middle];

		if (sent->before_ns >= window->from_ns && sent->after_ns <= window->until_ns)
			return window;
		if (sent->before_ns < window->from_ns)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static enum judgement judge(const struct account *account, const struct sent *sent)
{
	const struct window *window;

	if (!strcmp(sent->label, LEDGER_ALLOWED))
		return ALLOWED;
	if (!strcmp(sent->label, LEDGER_DENIED))
		return DENIED;
	window = window_of(account, sent);
	if (!window)
		return IN_TRANSIT;
	return strcmp(window->policy, sent->label) ? DENIED : ALLOWED;
}

static bool is_datagram(const struct sent *sent)
{
	return sent->kind == LEDGER_UDP || sent->kind == LEDGER_UDP_SEND || sent->kind == LEDGER_UDP_NEW;
}

/* A datagram that the kernel took got out, or was swallowed without an error: neither may be. */
static bool got_out(const struct sent *sent)
{
	return sent->data || sent->wire || ((is_datagram(sent) || is_connection(sent)) && !strcmp(sent->result, "ok"));
}

/* Who was given up in haste may have been slow only, if what he sent is here. */
static bool was_dropped(const struct sent *sent)
{
	if (strcmp(sent->result, "ok") && (strcmp(sent->result, "silent") || !strcmp(sent->label, LEDGER_ALLOWED)))
		return true;
	if (sent->kind == LEDGER_OPEN && !strcmp(sent->result, "ok"))
		return false;
	return !sent->data && !sent->wire;
}

static void show(struct account *account, const char *what, const struct sent *sent)
{
	if (account->examples++ < MAX_EXAMPLES)
		printf("  %s: number %llu, %s to %s (%s), from %llu to %llu ns: %s, %s\n", what,
		       (unsigned long long)sent->number, ledger_kind_words[sent->kind], sent->addr, sent->label,
		       (unsigned long long)sent->before_ns, (unsigned long long)sent->after_ns, sent->result,
		       sent->data   ? "arrived"
		       : sent->wire ? "seen on the wire"
				    : "did not arrive");
}

static void judge_all(struct account *account)
{
	for (size_t i = 0; i < account->room; i++) {
		const struct sent *sent = &account->sent[i];
		enum judgement judgement;

		if (!sent->number)
			continue;
		judgement = judge(account, sent);
		account->judged[sent->kind][judgement]++;
		if (judgement == DENIED && got_out(sent)) {
			account->got_out++;
			show(account, "got out", sent);
		}
		if (judgement == ALLOWED && was_dropped(sent)) {
			account->dropped++;
			show(account, "dropped", sent);
		}
	}
}

/* 0 of nothing is no proof. */
static int report(const struct account *account)
{
	int rc = 0;

	for (int kind = 0; kind < LEDGER_KIND_COUNT; kind++) {
		const unsigned long long *judged = account->judged[kind];

		printf("%-8s %8llu allowed, %8llu denied, %6llu between two policies\n", ledger_kind_words[kind],
		       judged[ALLOWED], judged[DENIED], judged[IN_TRANSIT]);
		if (!judged[ALLOWED] || (kind != LEDGER_LINE && !judged[DENIED])) {
			printf("nothing is proven for %s\n", ledger_kind_words[kind]);
			rc = 1;
		}
	}
	if (account->window_count)
		printf("windows of one policy: %zu\n", account->window_count);
	printf("lost in the receiver's own buffers: %llu\n", account->lost);
	printf("arrivals that nobody sent: %llu\n", account->strangers);
	printf("denied packets that got out: %llu\n", account->got_out);
	printf("allowed packets that were dropped: %llu\n", account->dropped);
	return rc || account->lost || account->strangers || account->got_out || account->dropped;
}

int ledger_account(const char *sent_path, const char *received_path, const char *windows_path)
{
	struct account account = {0};
	int rc = read_sent(&account, sent_path);

	if (!rc)
		rc = index_ports(&account);
	if (!rc)
		rc = read_windows(&account, windows_path);
	if (!rc)
		rc = read_received(&account, received_path);
	if (rc) {
		fprintf(stderr, "ledger: the books cannot be read: %s\n", strerror(-rc));
		return 2;
	}
	judge_all(&account);
	return report(&account);
}
