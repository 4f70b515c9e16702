// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../compile/compile.h"

#include "egret_limits.h"

/* Names that are asked for at a time: so many take a resolver 40 s, at 200 questions a second and two a name. What
 * comes beyond is counted (EGRET_LESSON_UNSOUGHT). */
#define MAX_ASKS 4096

struct wanted {
	struct resolver *resolver;
	struct egret_wanted asks[MAX_ASKS];
	size_t ask_count;
	/* While one of the calls below runs. */
	struct kernel *kernel;
	const struct compiled *compiled;
};

static void teach_all(const struct wanted *wanted, const struct egret_wanted *ask, const struct resolver_name *name)
{
	for (size_t i = 0; i < name->addr_count; i++)
		kernel_teach(wanted->kernel, ask, &name->addrs[i], name->ttl_sec);
}

/* Several subjects may want the same name. */
static void on_name(void *context, const struct resolver_name *name, bool changed)
{
	struct wanted *wanted = context;

	(void)changed;
	for (size_t i = 0; i < wanted->ask_count; i++) {
		if (!strcmp(wanted->asks[i].text, name->name))
			teach_all(wanted, &wanted->asks[i], name);
	}
}

int wanted_new(const struct resolver_options *options, struct wanted **ret)
{
	struct wanted *wanted = calloc(1, sizeof(*wanted));
	struct resolver_options urgent = *options;
	int rc;

	if (!wanted)
		return -ENOMEM;
	urgent.urgent = true;
	rc = resolver_new(&urgent, on_name, wanted, &wanted->resolver);
	if (rc)
		free(wanted);
	else
		*ret = wanted;
	return rc;
}

void wanted_free(struct wanted *wanted)
{
	if (!wanted)
		return;
	resolver_free(wanted->resolver);
	free(wanted);
}

static bool is_asked(const struct wanted *wanted, const struct egret_wanted *what)
{
	for (size_t i = 0; i < wanted->ask_count; i++) {
		const struct egret_wanted *ask = &wanted->asks[i];

		if (ask->name == what->name && ask->scope == what->scope && ask->owner == what->owner)
			return true;
	}
	return false;
}

static void add(void *context, const struct egret_wanted *what)
{
	struct wanted *wanted = context;

	/* Where no rule has the name, its addresses would be learned for nobody. */
	if (is_asked(wanted, what) || !compiled_name_teacher(wanted->compiled, what->text))
		return;
	if (wanted->ask_count == MAX_ASKS || resolver_add(wanted->resolver, what->text)) {
		kernel_count_lesson(wanted->kernel, EGRET_LESSON_UNSOUGHT);
		return;
	}
	wanted->asks[wanted->ask_count++] = *what;
	kernel_count_lesson(wanted->kernel, EGRET_LESSON_ASKED_ANEW);
}

/* True: its round is over, with whatever there was to teach. */
static bool is_over(const struct wanted *wanted, const struct egret_wanted *ask)
{
	const struct resolver_name *name = resolver_find(wanted->resolver, ask->text);

	if (name && name->state == RESOLVER_PENDING)
		return false;
	if (name && name->state == RESOLVER_FAILED)
		kernel_count_lesson(wanted->kernel, EGRET_LESSON_UNSOUGHT);
	return true;
}

/* Each name is asked for once. Nobody keeps it fresh: who uses it later asks again. */
static void forget_answered(struct wanted *wanted)
{
	size_t left = 0;

	for (size_t i = 0; i < wanted->ask_count; i++) {
		if (!is_over(wanted, &wanted->asks[i]))
			wanted->asks[left++] = wanted->asks[i];
		else
			resolver_remove(wanted->resolver, wanted->asks[i].text);
	}
	wanted->ask_count = left;
}

void wanted_take(struct wanted *wanted, struct kernel *kernel, const struct compiled *compiled)
{
	wanted->kernel = kernel;
	wanted->compiled = compiled;
	/* What is over would teach nothing to who wants it now. */
	forget_answered(wanted);
	kernel_take_wanted(kernel, add, wanted);
	resolver_process(wanted->resolver, NULL, 0);
}

size_t wanted_poll(struct wanted *wanted, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	return resolver_poll(wanted->resolver, fds, capacity, ret_timeout_ms);
}

void wanted_process(struct wanted *wanted, const struct pollfd *fds, size_t count, struct kernel *kernel,
		    const struct compiled *compiled)
{
	wanted->kernel = kernel;
	wanted->compiled = compiled;
	resolver_process(wanted->resolver, fds, count);
	forget_answered(wanted);
}
