// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who was answered what, before a question is answered. */
#include <errno.h>
#include <stdlib.h>

#include "../base/nat64.h"
#include "asker.h"
#include "explain.h"

struct reading {
	const struct kernel *kernel;
	const struct explain_question *question;
	uint64_t name; /* key, where one was asked about */
	struct explain_learned *learned;
};

/* Of the address, or of the IPv4 address in it. */
static bool is_about(const struct reading *reading, const struct kernel_lesson *lesson)
{
	struct egret_addr meant;

	if (reading->question->name)
		return lesson->name == reading->name;
	meant = nat64_meant(kernel_nat64(reading->kernel), reading->question->addrs);
	return addr_equal(&lesson->addr, reading->question->addrs) || addr_equal(&lesson->addr, &meant);
}

static int add(void *context, const struct kernel_lesson *lesson)
{
	const struct reading *reading = context;
	struct explain_learned *learned = reading->learned;
	struct kernel_lesson *all;

	if (!is_about(reading, lesson))
		return 0;
	if (learned->count == learned->capacity) {
		learned->capacity = learned->capacity ? 2 * learned->capacity : 16;
		all = realloc(learned->all, learned->capacity * sizeof(*all));
		if (!all)
			return -ENOMEM;
		learned->all = all;
	}
	learned->all[learned->count++] = *lesson;
	return 0;
}

int view_explain_learned(const struct kernel *kernel, const struct explain_question *question,
			 struct explain_learned *ret)
{
	struct reading reading = {
	    .kernel = kernel,
	    .question = question,
	    .name = question->name ? kernel_name_key(kernel, question->name) : 0,
	    .learned = ret,
	};

	*ret = (struct explain_learned){};
	return kernel_each_lesson(kernel, add, &reading);
}

void explain_learned_free(struct explain_learned *learned)
{
	free(learned->all);
	*learned = (struct explain_learned){};
}

int view_explain_given(const struct kernel *kernel, const struct explain_question *question, struct egret_addr **ret,
		       size_t *ret_count)
{
	struct egret_addr *addrs = calloc(question->learned.count + 1, sizeof(*addrs));
	struct asker asker;
	int rc = addrs ? asker_find(kernel, &question->subject, &asker) : -ENOMEM;

	*ret_count = 0;
	for (size_t i = 0; i < question->learned.count && !rc; i++) {
		const struct kernel_lesson *lesson = &question->learned.all[i];

		if (asker.scope && lesson->scope == asker.scope && lesson->left_sec > 0)
			addrs[(*ret_count)++] = lesson->addr;
	}
	if (rc)
		free(addrs);
	else
		*ret = addrs;
	return rc;
}
