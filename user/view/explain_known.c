// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses of a name that no resolver of /etc/resolv.conf tells: kube-dns, split horizons, private links. */
#include <errno.h>
#include <stdlib.h>

#include "asker.h"
#include "denials.h"
#include "explain.h"
#include "passes.h"

#define KNOWN_AT_MOST 8

struct known {
	struct egret_addr *addrs;
	size_t count;
	uint64_t name;
};

static void add(struct known *known, const struct egret_addr *addr)
{
	for (size_t i = 0; i < known->count; i++)
		if (addr_equal(&known->addrs[i], addr))
			return;
	if (known->count < KNOWN_AT_MOST)
		known->addrs[known->count++] = *addr;
}

/* The subject's own come first. */
static void add_learned(struct known *known, const struct explain_learned *learned, const struct asker *asker, bool own)
{
	for (size_t i = 0; i < learned->count; i++)
		if ((asker->scope && learned->all[i].scope == asker->scope) == own)
			add(known, &learned->all[i].addr);
}

static int add_resolved(void *context, const struct egret_resolved_key *key, const struct egret_resolved *resolved)
{
	struct known *known = context;

	(void)resolved;
	if (key->name == known->name)
		add(known, &key->addr);
	return 0;
}

/* A denied question's address is the server's. */
static void add_denied(struct known *known, const struct kernel *kernel)
{
	struct denials denials = {};

	if (!denials_read(kernel, &denials)) {
		for (size_t i = 0; i < denials.count; i++) {
			const struct egret_drop_key *key = &denials.all[i].key;

			if (key->name_key == known->name && passes_by_rules(key->reason))
				add(known, &key->addr);
		}
	}
	denials_free(&denials);
}

int view_explain_known(const struct kernel *kernel, const struct explain_question *question, struct egret_addr **ret,
		       size_t *ret_count)
{
	struct known known = {
	    .addrs = calloc(KNOWN_AT_MOST, sizeof(*known.addrs)),
	    .name = kernel_name_key(kernel, question->name),
	};
	struct asker asker;
	int rc = known.addrs ? asker_find(kernel, &question->subject, &asker) : -ENOMEM;

	if (rc) {
		free(known.addrs);
		return rc;
	}
	add_learned(&known, &question->learned, &asker, true);
	kernel_each_resolved(kernel, add_resolved, &known); /* what cannot be read is not known */
	add_learned(&known, &question->learned, &asker, false);
	add_denied(&known, kernel);
	*ret = known.addrs;
	*ret_count = known.count;
	return 0;
}
