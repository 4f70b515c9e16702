/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

int schedule_reserve(struct schedule *schedule, size_t count)
{
	size_t capacity = schedule->capacity ? schedule->capacity * 2 : 64;
	struct name **heap;

	if (count <= schedule->capacity)
		return 0;
	heap = reallocarray(schedule->heap, capacity, sizeof(struct name *));
	if (!heap)
		return -ENOMEM;
	schedule->heap = heap;
	schedule->capacity = capacity;
	return 0;
}

static void place(struct schedule *schedule, size_t at, struct name *name)
{
	schedule->heap[at] = name;
	name->heap_at = at;
}

static bool is_before(const struct name *a, const struct name *b)
{
	return a->seen.next_ns < b->seen.next_ns;
}

static void sift_up(struct schedule *schedule, struct name *name, size_t at)
{
	while (at && is_before(name, schedule->heap[(at - 1) / 2])) {
		place(schedule, at, schedule->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(schedule, at, name);
}

static void sift_down(struct schedule *schedule, struct name *name, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < schedule->count && is_before(schedule->heap[child + 1], schedule->heap[child]))
			child++;
		if (child >= schedule->count || !is_before(schedule->heap[child], name))
			break;
		place(schedule, at, schedule->heap[child]);
		at = child;
	}
	place(schedule, at, name);
}

void schedule_remove(struct schedule *schedule, struct name *name)
{
	size_t at = name->heap_at;
	struct name *last;

	if (at == SIZE_MAX)
		return;
	name->heap_at = SIZE_MAX;
	last = schedule->heap[--schedule->count];
	if (last == name)
		return;
	if (at && is_before(last, schedule->heap[(at - 1) / 2]))
		sift_up(schedule, last, at);
	else
		sift_down(schedule, last, at);
}

void schedule_put(struct schedule *schedule, struct name *name)
{
	schedule_remove(schedule, name);
	sift_up(schedule, name, schedule->count++);
}

struct name *schedule_first(const struct schedule *schedule)
{
	return schedule->count ? schedule->heap[0] : NULL;
}
