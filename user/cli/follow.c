// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../view/completion.h"
#include "../view/denials.h"
#include "../view/json.h"
#include "../view/reason.h"
#include "../view/rows.h"
#include "../view/subject_name.h"
#include "table.h"
#include "wanted.h"

#define FOLLOW_INTERVAL_US 500000
/* The agent finds out more of a row within a second. */
#define PATIENCE_NS (3 * CLOCK_NS_PER_SEC / 2)
/* Of one subject, of each look: a person reads the others', too. */
#define LINES_OF_A_SUBJECT 8

/* Of a subject and a look. */
struct share {
	uint64_t owner;
	bool audited;
	unsigned int lines;
	/* What has no line. */
	uint64_t packets, rows;
	json_t *last;
};

struct following {
	const struct kernel *kernel;
	const struct options *options;
	struct screen screen;
	struct share *shares; /* of the look under way */
	size_t share_count;
};

/* One order of all, so that thousands are found fast. */
static int by_key(const void *a, const void *b)
{
	const struct denial *left = a, *right = b;

	if (!left->others != !right->others)
		return left->others ? 1 : -1;
	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static const struct denial *find(const struct denials *denials, const struct denial *like)
{
	return denials->count ? bsearch(like, denials->all, denials->count, sizeof(*like), by_key) : NULL;
}

static int read_all(const struct following *following, struct denials *ret)
{
	int rc = denials_read(following->kernel, ret);

	if (!rc && ret->count)
		qsort(ret->all, ret->count, sizeof(*ret->all), by_key);
	return rc;
}

static uint64_t packets_before(const struct denials *before, const struct denial *now)
{
	const struct denial *then = find(before, now);

	/* Where the first packet is another one, the row was removed meanwhile and made anew. */
	return then && then->drop.first_ns == now->drop.first_ns && then->drop.packets <= now->drop.packets
		   ? then->drop.packets
		   : 0;
}

/* --- a line --- */

/* "2026-11-27T18:00:00Z DENIED 3: " */
static void print_begin(const struct following *following, const json_t *row, uint64_t packets)
{
	bool audited = json_flag(row, "audited");
	enum shade shade = audited ? SHADE_AUDITED : SHADE_DENIED;

	printf("%s %s%s%s %llu: ", json_text(row, "last_time"), screen_begin(&following->screen, shade),
	       audited ? "WOULD DENY" : "DENIED", screen_end(&following->screen, shade), (unsigned long long)packets);
}

static void print_text(const struct following *following, const json_t *row, uint64_t packets)
{
	char who[ROW_WORDS_SIZE], destination[ROW_WORDS_SIZE], why[REASON_TEXT_SIZE];
	const char *name = json_text(row, "name"), *address = json_text(row, "address");
	long long pid = json_number(row, "pid");

	if (*address)
		snprintf(destination, sizeof(destination), "%s %s%s%s%s", address, json_text(row, "port"),
			 *name ? " (" : "", name, *name ? ")" : "");
	else
		row_destination(row, destination);
	print_begin(following, row, packets);
	printf("%s by %s", destination, row_who(row, who));
	if (pid)
		printf(" %s[%lld]", json_text(row, "process"), pid);
	printf(": %s\n", reason_of_row(row, why));
}

static void print_json(json_t *row, uint64_t packets)
{
	json_set_number(row, "new_packets_count", packets);
	json_print(json_incref(row), true);
}

/* --- a share per subject --- */

static struct share *share_of(struct following *following, const struct denial *denial)
{
	uint64_t owner = denial_owner(&denial->key, &denial->drop);
	bool audited = denial->key.audited;
	size_t i = 0;

	while (i < following->share_count &&
	       (following->shares[i].owner != owner || following->shares[i].audited != audited))
		i++;
	if (i == following->share_count)
		following->shares[following->share_count++] = (struct share){.owner = owner, .audited = audited};
	return &following->shares[i];
}

static void leave_out(struct share *share, json_t *row, uint64_t packets)
{
	share->packets += packets;
	share->rows++;
	json_decref(share->last);
	share->last = json_incref(row);
}

static void print_left_out(const struct following *following, const struct share *share)
{
	char who[ROW_WORDS_SIZE];

	print_begin(following, share->last, share->packets);
	printf("%llu more destination%s by %s: `egret drops` has the newest of them\n", (unsigned long long)share->rows,
	       share->rows == 1 ? "" : "s", row_who(share->last, who));
}

static void end_shares(struct following *following)
{
	for (size_t i = 0; i < following->share_count; i++) {
		if (following->shares[i].rows)
			print_left_out(following, &following->shares[i]);
		json_decref(following->shares[i].last);
	}
	following->share_count = 0;
}

static void show_row(struct following *following, const struct denial *denial, uint64_t packets, json_t *row)
{
	struct share *share = share_of(following, denial);

	if (following->options->json)
		print_json(row, packets);
	else if (denial->others || share->lines++ < LINES_OF_A_SUBJECT)
		print_text(following, row, packets);
	else
		leave_out(share, row, packets);
}

static void show(struct following *following, const struct denial *denial, uint64_t packets,
		 struct subject_cache *subjects)
{
	json_t *row = denial_to_json(following->kernel, denial, subjects);

	if (wanted_has(following->options, row))
		show_row(following, denial, packets, row);
	json_decref(row);
}

/* --- what is new --- */

/* A pod is the owner of its containers' rows, any other cgroup of its own. */
static bool is_owner(const struct denial *others, const struct denial *row)
{
	return others->key.cgroup_id == row->key.cgroup_id || others->key.cgroup_id == row->drop.parent_cgroup_id;
}

/* Rows that came and made room for newer ones between two looks were never seen: what they had counted beyond what
 * was shown of the rows that went. */
static uint64_t packets_unseen(const struct denials *before, const struct denials *now, const struct denial *others)
{
	const struct denial *then = find(before, others);
	uint64_t unseen = others->drop.packets - (then ? then->drop.packets : 0), shown = 0;

	for (size_t i = 0; i < before->count; i++) {
		const struct denial *gone = &before->all[i];

		if (!gone->others && is_owner(others, gone) && gone->key.audited == others->key.audited &&
		    !find(now, gone))
			shown += gone->drop.packets;
	}
	return unseen > shown ? unseen - shown : 0;
}

struct news {
	const struct denial *denial;
	uint64_t packets;
};

static int earliest_first(const void *a, const void *b)
{
	const struct news *left = a, *right = b;

	if (left->denial->drop.last_ns != right->denial->drop.last_ns)
		return left->denial->drop.last_ns > right->denial->drop.last_ns ? 1 : -1;
	return by_key(left->denial, right->denial);
}

/* More is found out of it in a moment. */
static bool is_to_wait(const struct following *following, const struct denial *denial)
{
	struct egret_completion ignored;

	return !denial->others && completion_is_due(denial->key.reason) &&
	       clock_kernel_ns() - denial->drop.first_ns < PATIENCE_NS &&
	       !completion_find(following->kernel, denial, &ignored);
}

static size_t find_news(const struct following *following, const struct denials *before, struct denials *now, bool wait,
			struct news *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < now->count; i++) {
		struct denial *one = &now->all[i];
		uint64_t shown = one->others ? 0 : packets_before(before, one);
		uint64_t packets = one->others ? packets_unseen(before, now, one) : one->drop.packets - shown;

		if (packets && wait && is_to_wait(following, one))
			one->drop.packets = shown; /* the next look finds it new */
		else if (packets)
			ret[count++] = (struct news){one, packets};
	}
	if (count)
		qsort(ret, count, sizeof(*ret), earliest_first);
	return count;
}

static int flush_lines(void)
{
	if (fflush(stdout))
		return -errno;
	return ferror(stdout) ? -EIO : 0;
}

static int show_all_new(struct following *following, const struct denials *before, struct denials *now, bool wait)
{
	struct news *news = calloc(now->count + 1, sizeof(*news));
	struct subject_cache subjects = {};
	int rc = -ENOMEM;
	size_t count;

	following->shares = calloc(now->count + 1, sizeof(*following->shares));
	if (news && following->shares) {
		count = find_news(following, before, now, wait, news);
		for (size_t i = 0; i < count; i++)
			show(following, news[i].denial, news[i].packets, &subjects);
		end_shares(following);
		rc = flush_lines();
	}
	subject_cache_clear(&subjects);
	free(following->shares);
	free(news);
	return rc;
}

static int follow(struct following *following)
{
	struct denials before = {}, now = {}, swap;
	int rc = read_all(following, &before);

	for (bool goes_on = true; !rc && goes_on;) {
		goes_on = kernel_is_pinned_here(following->kernel);
		if (goes_on)
			usleep(FOLLOW_INTERVAL_US);
		rc = read_all(following, &now);
		if (!rc)
			rc = show_all_new(following, &before, &now, goes_on);
		swap = before;
		before = now;
		now = swap;
	}
	denials_free(&before);
	denials_free(&now);
	return rc;
}

int follow_to_the_end(const struct kernel *kernel, const struct options *options, struct error *error)
{
	struct following following = {.kernel = kernel, .options = options};
	int rc;

	screen_find(&following.screen);
	rc = follow(&following);
	if (rc && ferror(stdout)) {
		clearerr(stdout); /* it is told here */
		return error_set(error, rc, "not all could be written to standard output: %s", strerror(-rc));
	}
	if (rc)
		return error_set(error, rc, "cannot read what was denied: %s", strerror(-rc));
	return error_set(error, -ENOENT,
			 "instance %s was taken down, or began anew, so nothing more is shown; if it runs, "
			 "start `egret drops --follow` again",
			 options->instance);
}
