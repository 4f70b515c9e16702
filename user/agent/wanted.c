// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../compile/compile.h"

#include "egret_limits.h"

/* Names that are asked for at a time; so many take the resolvers some seconds, at the rate that they are asked. What
 * comes beyond is counted (EGRET_LESSON_UNSOUGHT). */
#define MAX_ASKS 512

struct ask {
	struct egret_wanted wanted; /* name 0: free */
	char name[EGRET_NAME_SIZE];
};

struct wanted {
	struct resolver *resolver;
	struct ask asks[MAX_ASKS];
	size_t open;
	/* While one of the calls below runs. */
	struct kernel *kernel;
	const struct compiled *compiled;
};

static void teach_all(const struct wanted *wanted, const struct ask *ask, const struct resolver_name *name)
{
	for (size_t i = 0; i < name->addr_count; i++)
		kernel_teach(wanted->kernel, &ask->wanted, &name->addrs[i], name->ttl_sec);
}

/* Several subjects may want the same name. */
static void on_name(void *context, const struct resolver_name *name, bool changed)
{
	struct wanted *wanted = context;

	(void)changed;
	for (size_t i = 0; i < MAX_ASKS; i++) {
		struct ask *ask = &wanted->asks[i];

		if (ask->wanted.name && !strcmp(ask->name, name->name))
			teach_all(wanted, ask, name);
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
	for (size_t i = 0; i < MAX_ASKS; i++) {
		if (!memcmp(&wanted->asks[i].wanted, what, sizeof(*what)))
			return true;
	}
	return false;
}

static void add(void *context, const struct egret_wanted *what)
{
	struct wanted *wanted = context;
	struct egret_asked asked;

	if (is_asked(wanted, what))
		return;
	if (kernel_get_asked(wanted->kernel, what->name, &asked)) {
		kernel_count_lesson(wanted->kernel, EGRET_LESSON_UNSOUGHT);
		return;
	}
	/* Where no rule has the name, its addresses would be learned for nobody. */
	if (!compiled_name_teacher(wanted->compiled, asked.name))
		return;
	for (size_t i = 0; i < MAX_ASKS; i++) {
		struct ask *ask = &wanted->asks[i];

		if (ask->wanted.name)
			continue;
		memcpy(ask->name, asked.name, sizeof(ask->name));
		if (resolver_add(wanted->resolver, ask->name))
			break;
		ask->wanted = *what;
		wanted->open++;
		kernel_count_lesson(wanted->kernel, EGRET_LESSON_ASKED_ANEW);
		return;
	}
	kernel_count_lesson(wanted->kernel, EGRET_LESSON_UNSOUGHT);
}

void wanted_take(struct wanted *wanted, struct kernel *kernel, const struct compiled *compiled)
{
	wanted->kernel = kernel;
	wanted->compiled = compiled;
	kernel_take_wanted(kernel, add, wanted);
	resolver_process(wanted->resolver, NULL, 0);
}

size_t wanted_poll(struct wanted *wanted, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	return resolver_poll(wanted->resolver, fds, capacity, ret_timeout_ms);
}

/* Each name is asked for once. Nobody keeps it fresh: who uses it later asks again. */
static void forget_answered(struct wanted *wanted)
{
	for (size_t i = 0; i < MAX_ASKS; i++) {
		struct ask *ask = &wanted->asks[i];
		const struct resolver_name *found =
		    ask->wanted.name ? resolver_find(wanted->resolver, ask->name) : NULL;

		if (!ask->wanted.name || (found && found->state == RESOLVER_PENDING))
			continue;
		ask->wanted.name = 0;
		wanted->open--;
	}
	for (size_t i = 0; i < MAX_ASKS; i++) {
		if (!wanted->asks[i].wanted.name && wanted->asks[i].name[0]) {
			resolver_remove(wanted->resolver, wanted->asks[i].name);
			wanted->asks[i].name[0] = '\0';
		}
	}
}

void wanted_process(struct wanted *wanted, const struct pollfd *fds, size_t count, struct kernel *kernel,
		    const struct compiled *compiled)
{
	wanted->kernel = kernel;
	wanted->compiled = compiled;
	resolver_process(wanted->resolver, fds, count);
	if (wanted->open)
		forget_answered(wanted);
}
