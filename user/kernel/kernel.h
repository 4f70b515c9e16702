/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One instance in the kernel: its programs, hooks, maps and pins, for who makes it and owns it. kernel/
 * is the only room that knows libbpf.
 *
 * Two ways to have an instance, and a type for each:
 *   struct kernel *         an owner's: the agent and exec (kernel_claim, then kernel_load; kernel_free).
 *                           It may do all that read.h and write.h have.
 *   const struct kernel *   a reader's: everybody else opens what is pinned (kernel_open; kernel_close)
 *                           and only reads. Its page of the configuration is read-only, so the compiler
 *                           must refuse what writes.
 * Either owns every descriptor that it has.
 *
 * Pins: BPFFS/egret/INSTANCE/map_NAME and link_NAME.
 */
#ifndef EGRET_KERNEL_H
#define EGRET_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/error.h"
#include "read.h"
#include "write.h"

/* All that must be there before anything is tried; the sentence names what is not. */
int kernel_supported(struct error *error);

enum kernel_claim {
	KERNEL_ANY,   /* a new one, or what is there already */
	KERNEL_FRESH, /* a new one only */
	KERNEL_LEFT,  /* what an `exec` that ended left behind, or a start before it pinned anything */
};
/*
 * Makes the instance the caller's own until kernel_free: nobody else can claim it. Nothing is
 * written to what is pinned. -EBUSY: somebody else holds it, or it is not new.
 */
int kernel_claim(const char *instance, enum kernel_claim how, struct kernel **ret, struct error *error);
/*
 * Loads the programs into a claimed instance; maps that are pinned already are taken over
 * with what they hold, new ones are made and pinned. Nothing is attached, and what runs is
 * not changed before all is known to fit. -EBUSY: it governs another cgroup than @cgroup_fd.
 */
int kernel_load(struct kernel *kernel, int cgroup_fd, struct error *error);
/*
 * Attaches what makes a subject of each cgroup that begins, before anything else: whoever then tells of the cgroups
 * that were there before (kernel_make_subject) has told of all. kernel_attach does it, too, where nobody did.
 */
int kernel_attach_subjects(struct kernel *kernel, struct error *error);
/* Attaches all programs to the cgroup, egress last, and pins the hooks; where they
 * are attached already, the programs are swapped without a gap. All or nothing. */
int kernel_attach(struct kernel *kernel, int cgroup_fd, struct error *error);
/* Promise 12: a socket made in the governed cgroup must be denied @addr, of IPv4, which no
 * rule allows. The test itself is not accounted for. */
int kernel_self_test(struct kernel *kernel, int cgroup_fd, const struct egret_addr *addr, struct error *error);
/* A start that failed, at any place behind kernel_claim: what ruled before rules again, with its
 * programs, policy and settings; what the start made goes. */
void kernel_undo(struct kernel *kernel);
/* A start that did not fail: what kernel_undo would need is forgotten. */
int kernel_settle(struct kernel *kernel, struct error *error);
/* Takes down a claimed instance, if it is still the one that was claimed. */
int kernel_take_down(struct kernel *kernel, struct error *error);
/* Closes everything; what is pinned goes on. Takes NULL. */
void kernel_free(struct kernel *kernel);
/* In a child process: only the parent holds the instance, however long the child lives. It may read on. */
void kernel_leave_to_parent(struct kernel *kernel);
/* A person's `egret detach`: takes an instance down whoever holds it: hooks, then pins, then the
 * folder. All else uses kernel_take_down. */
int kernel_detach(const char *instance, struct error *error);

/* Of what is attached and pinned: the group KERNEL_VIEWERS may read it from now on, where there is such a group. Again
 * after each policy, whose tables are new ones. */
int kernel_share(const struct kernel *kernel);

/* Was there nothing of it when it was claimed? */
bool kernel_is_fresh(const struct kernel *kernel);
/* Was this instance attached when it was claimed? */
bool kernel_was_running(const struct kernel *kernel);
/* What was found of it that a person should know: another version, other owners; "" = nothing. After kernel_attach:
 * what was lost. */
const char *kernel_takeover_note(const struct kernel *kernel);
/* Are its maps new ones, beside those that run? Then connections must be let go on. */
bool kernel_is_side_by_side(const struct kernel *kernel);

/* The cgroup that `exec` makes, by its parent's id: paths mean something else in a container. */
struct kernel_exec_note {
	uint64_t parent_id;
	char cgroup_name[80];
};
/* Of a claimed instance, before the cgroup is made: so that whoever comes later can remove it. */
int kernel_note_exec(struct kernel *kernel, const struct kernel_exec_note *note, struct error *error);
/* -ENOENT: no `exec` made it. */
int kernel_get_exec_note(const struct kernel *kernel, struct kernel_exec_note *ret);

#endif
