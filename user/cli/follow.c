// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../view/denials.h"
#include "../view/json.h"
#include "../view/reason.h"
#include "../view/rows.h"
#include "../view/subject_name.h"
#include "table.h"
#include "wanted.h"

#define FOLLOW_INTERVAL_US 500000

struct following {
	const struct kernel *kernel;
	const struct options *options;
	struct screen screen;
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

static void print_text(const struct following *following, const json_t *row)
{
	char who[ROW_WORDS_SIZE], destination[ROW_WORDS_SIZE], why[REASON_TEXT_SIZE];
	const char *name = json_text(row, "name"), *address = json_text(row, "address");
	bool audited = json_flag(row, "audited");
	enum shade shade = audited ? SHADE_AUDITED : SHADE_DENIED;
	long long pid = json_number(row, "pid");

	if (*address)
		snprintf(destination, sizeof(destination), "%s %s%s%s%s", address, json_text(row, "port"),
			 *name ? " (" : "", name, *name ? ")" : "");
	else
		row_destination(row, destination);
	printf("%s %s%s%s %lld: %s by %s", json_text(row, "last_time"), screen_begin(&following->screen, shade),
	       audited ? "WOULD DENY" : "DENIED", screen_end(&following->screen, shade),
	       json_number(row, "new_packets_count"), destination, row_who(row, who));
	if (pid)
		printf(" %s[%lld]", json_text(row, "process"), pid);
	printf(": %s\n", reason_of_row(row, why));
}

static void show(const struct following *following, const struct denial *denial, uint64_t packets)
{
	json_t *row = denial_to_json(following->kernel, denial, NULL);

	json_set_number(row, "new_packets_count", packets);
	if (wanted_has(following->options, row)) {
		if (following->options->json)
			json_print(json_incref(row), true);
		else
			print_text(following, row);
		fflush(stdout);
	}
	json_decref(row);
}

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

static int show_all_new(const struct following *following, const struct denials *before, const struct denials *now)
{
	struct news *news = calloc(now->count + 1, sizeof(*news));
	size_t count = 0;

	if (!news)
		return -ENOMEM;
	for (size_t i = 0; i < now->count; i++) {
		const struct denial *one = &now->all[i];
		uint64_t packets =
		    one->others ? packets_unseen(before, now, one) : one->drop.packets - packets_before(before, one);

		if (packets)
			news[count++] = (struct news){one, packets};
	}
	if (count)
		qsort(news, count, sizeof(*news), earliest_first);
	for (size_t i = 0; i < count; i++)
		show(following, news[i].denial, news[i].packets);
	free(news);
	return 0;
}

static int follow(const struct following *following)
{
	struct denials before = {}, now = {}, swap;
	int rc = read_all(following, &before);

	while (!rc && kernel_is_pinned_here(following->kernel)) {
		usleep(FOLLOW_INTERVAL_US);
		rc = read_all(following, &now);
		if (!rc)
			rc = show_all_new(following, &before, &now);
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
	struct following following = {kernel, options, {}};
	int rc;

	screen_find(&following.screen);
	rc = follow(&following);
	if (rc)
		return error_set(error, rc, "cannot read what was denied: %s", strerror(-rc));
	return error_set(error, -ENOENT,
			 "instance %s was taken down, or began anew, so nothing more is shown; if it runs, "
			 "start `egret drops --follow` again",
			 options->instance);
}
