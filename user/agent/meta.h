/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent leaves in the maps for people: who it is, what runs, how the
 * names fare. Commands read it when the agent is long gone. */
#ifndef EGRET_META_H
#define EGRET_META_H

#include "../compile/compile.h"
#include "../kernel/kernel.h"
#include "../resolve/resolver.h"
#include "agent.h"

int meta_write(struct kernel *kernel, const struct agent_options *options, const struct compiled *compiled,
	       const struct diag *diag, bool enforcing, const char *problem);
/* The rules that go on without a floor (floor.h), or 0. */
void meta_write_floorless(struct kernel *kernel, uint64_t rules);
/* Do the layers only audit, since a release without them ruled before (unlayered.h)? */
void meta_write_unlayered(struct kernel *kernel, bool unlayered);
/* What `status` must say is wrong, each kind apart; "" = nothing of this kind. A policy that
 * begins to rule (meta_write) ends that of REQUIRED, and has its own of POLICY. */
void meta_write_problem(struct kernel *kernel, enum egret_problem kind, const char *text);
/* @ends_ns: CLOCK_REALTIME, 0 = none is on. @waiting: what does not answer yet. */
void meta_write_probation(struct kernel *kernel, uint64_t ends_ns, const char *waiting);
/* @paths: cgroups that rules are for and that are not there, a line each; @count: all of them. */
void meta_write_absent(struct kernel *kernel, const char *paths, uint32_t count);
/* Whether a layer was tried, and why it does not stand. */
void meta_write_layer(struct kernel *kernel, enum egret_layer layer, enum egret_layer_standing standing,
		      const char *why);
/* The same of a program of the layer source. */
void meta_write_source(struct kernel *kernel, enum egret_source source, enum egret_layer_standing standing,
		       const char *why);
/* Was it proved here once? */
bool meta_source_stood(const struct kernel *kernel, enum egret_source source);
/* Another policy has taken the place of one that ruled. */
void meta_count_reload(struct kernel *kernel);
void meta_set_enforcing(struct kernel *kernel, bool enforcing);
void meta_beat(struct kernel *kernel);
void meta_write_name(struct kernel *kernel, const struct compiled *compiled, const struct resolver_name *name);

#endif
