/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One text of the policy, with all that the agent made of it: the model, who is asked for its names,
 * their addresses so far, and, once it rules, what it was compiled to. An agent has two at most: the
 * one that rules, and a candidate.
 *
 * Its names are asked for as soon as it is there. Before it rules, nothing of it is in the kernel;
 * from then on each change of an address is written there at once.
 */
#ifndef EGRET_EDITION_H
#define EGRET_EDITION_H

#include "../base/loop.h"
#include "../compile/compile.h"
#include "../kernel/kernel.h"
#include "../resolve/resolver.h"
#include "addresses.h"
#include "agent.h"
#include "wanted.h"

enum edition_source {
	EDITION_FILES,    /* what the options name */
	EDITION_GOOD,     /* the last good policy, of the state folder: the files have errors */
	EDITION_FALLBACK, /* --fallback: there is no good policy either */
};

struct edition {
	enum edition_source source;
	struct policy *policy;
	uint64_t floorless_rules;   /* of floor_check */
	bool unlayered;             /* of unlayered_check */
	unsigned int probation_sec; /* once it rules */
	/* For its names. */
	struct resolver *resolver; /* NULL: it has no exact name */
	struct addresses *addresses;
	size_t names;
	struct zoned_addr *system_resolvers;
	size_t system_resolver_count;
	bool no_resolvers; /* /etc/resolv.conf is to name them, and does not yet */
	/* Once it rules. */
	struct kernel *kernel; /* borrowed; NULL: it does not rule */
	struct compiled *compiled;
	struct wanted *wanted; /* NULL: it has no resolver */
	bool must_rebuild;     /* the tables are full, or a change could not be made alone */
	/* Called after answers came in, or times were over; it may free the edition. */
	void (*moved)(void *context);
	void *context;
	struct loop *loop; /* borrowed */
	struct loop_module asking, wanting;
};

/*
 * Reads the policy, and begins to ask for its names; a policy that is off has none of its names asked
 * for. On failure @ret_files has what was read all the same, so that a better text can be waited for.
 * -EINVAL: the policy has errors; @diag has all of them. -EAGAIN: somebody still writes it, and did not
 * end within @wait_ms.
 */
int edition_new(const struct agent_options *options, struct loop *loop, struct edition **ret,
		struct policy_files *ret_files, unsigned int wait_ms, struct diag *diag, struct error *error);
/* The same of a text in memory, which stands for the files of @options. */
int edition_of_text(const struct agent_options *options, const char *name, const char *text, struct loop *loop,
		    struct edition **ret, struct diag *diag, struct error *error);
void edition_free(struct edition *edition); /* takes NULL */

/* Names that have neither answered nor failed yet, and of which nothing was known before. */
size_t edition_pending(const struct edition *edition);
bool edition_only_audits(const struct edition *edition, const struct agent_options *options);
/* What status says of one with no_resolvers; "" = it has them, or needs none. */
const char *edition_resolver_problem(const struct edition *edition);
/* In the order of the policy: the first one is asked first. *ret is malloc'd. */
int edition_resolvers(const struct edition *edition, struct zoned_addr **ret, size_t *ret_count);
/* With the addresses that are known by now, to rule in @kernel after the policy that rules there. */
int edition_compile(const struct edition *edition, const struct kernel *kernel, struct compiled **ret,
		    struct diag *diag, struct error *error);
/* It rules in @kernel from now on, as @compiled, which it takes. Again with another one: it was compiled anew. */
void edition_rule(struct edition *edition, struct kernel *kernel, struct compiled *compiled);
/* It does not any more. */
void edition_rest(struct edition *edition);
/* What became of its names, for people and for the agent after this one. */
void edition_write_names(struct edition *edition);

#endif
