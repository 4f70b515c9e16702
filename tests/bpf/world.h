/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One random policy in all its forms: text, model, compiled, and in the kernel. */
#ifndef EGRET_TESTS_WORLD_H
#define EGRET_TESTS_WORLD_H

#include "compile/compile.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "model/random.h"

#define WORLD_SYSTEM_RESOLVERS 2

struct world {
	char policy_text[2048], names_text[1024];
	struct random_names names;
	struct policy *policy;
	struct compiled *compiled;
	struct egret_addr system[WORLD_SYSTEM_RESOLVERS];
	struct model model;
};

/* Draws a policy; with new names too, or with those that it had. Ends the program if what
 * was drawn does not compile. */
void world_draw(struct world *world, bool new_names);
/* Takes one line out of the policy, and may put another one behind: the rest of its rules stay. */
void world_change(struct world *world);
/* Takes out the rule in @place, whose line comes back; puts a line back there. */
void world_take_rule(struct world *world, size_t place, char *ret, size_t size);
void world_put_rule(struct world *world, size_t place, const char *text);
/* Compiles it for the instance, and makes it rule. */
/* @tell: of kernel_load_policy. */
void world_load(struct world *world, struct kernel *kernel,
		int (*tell)(struct kernel *kernel, const struct compiled *compiled, uint32_t generation));
/* The id in the kernel of what the model calls @rule (EGRET_RULE_FIRST + its place). */
uint32_t world_rule_id(const struct world *world, uint32_t rule);
void world_clear(struct world *world);
/* "policy:" and "names:", to standard error. */
void world_print(const struct world *world);

#endif
