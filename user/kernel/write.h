/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writing to an instance, by who owns it and has loaded it: policies, the settings beside them, and
 * what the agent notes for people.
 */
#ifndef EGRET_KERNEL_WRITE_H
#define EGRET_KERNEL_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "egret_dns.h"
#include "egret_drops.h"
#include "egret_memory.h"
#include "egret_people.h"
#include "egret_subject.h"
#include "egret_addr.h"
#include "egret_policy.h"

struct compiled;
struct kernel;

/* --- the policy --- */

/* The generation that the next policy must be compiled for. */
uint32_t kernel_next_generation(const struct kernel *kernel);
/* Fills the idle slot with all of a policy, its settings too, then switches to it by one store. The
 * old policy rules until then, and after any failure. It was compiled with what
 * kernel_read_rules and kernel_next_generation say now. @audit: it only counts what it would deny.
 * @tell: before the switch, tells all subjects their audiences; NULL = there are no subjects. */
int kernel_load_policy(struct kernel *kernel, const struct compiled *compiled, bool audit,
		       int (*tell)(struct kernel *kernel, const struct compiled *compiled, uint32_t generation),
		       struct error *error);
/* One address of the running policy. dest->count == 0 and no flags: removes it.
 * -ENOSPC: the tables are full; load the policy anew. */
int kernel_set_address(struct kernel *kernel, const struct compiled *compiled, const struct egret_addr *addr,
		       const struct egret_dest *dest);
/* That @name has @addr, for the agent after this one; NULL: it has not any more. -E2BIG: the table is full; load the
 * policy anew. */
int kernel_set_resolved(struct kernel *kernel, const char *name, const struct egret_addr *addr,
			const struct egret_resolved *resolved);
/* Denials that were remembered are judged again: something was added. */
void kernel_forget_denials(struct kernel *kernel);

/* --- subjects: of cgroups that programs did not see begin --- */

/* What programs made already stays as it is. */
int kernel_make_subject(struct kernel *kernel, uint64_t cgroup_id, const struct egret_subject *subject);
/* Of a cgroup that ended before its subject was made: programs remove it only if it was there in time. */
void kernel_forget_subject(struct kernel *kernel, uint64_t cgroup_id);
/* By the policy of @generation. Nothing happens where the cgroup is gone. */
int kernel_set_audience(struct kernel *kernel, uint64_t cgroup_id, uint32_t generation, uint32_t audience);
/* Those whose audience is not of that policy. @visit returns 0 to go on. */
int kernel_each_untold(struct kernel *kernel, uint32_t generation, int (*visit)(void *context, uint64_t cgroup_id),
		       void *context);
/* Sockets take what they were not told until now at their next packet. */
void kernel_judge_anew(struct kernel *kernel);

/* --- beside it, each by one store --- */

/* Of the policy that rules. */
void kernel_set_audit(struct kernel *kernel, bool audit);
/* The agent is there: `set stale_after` counts from now on. */
void kernel_note_alive(struct kernel *kernel);
void kernel_set_keep_existing(struct kernel *kernel, bool keep);
/* What is denied to this cgroup is not counted: Egret itself tries there. 0 = none. */
void kernel_set_unaccounted(struct kernel *kernel, uint64_t cgroup_id);

/* --- what was learned --- */

/*
 * What programs want the agent to resolve, because the answer could not be read from its
 * stream: kernel_wanted_fd is readable then, and kernel_take_wanted calls @visit for each.
 */
int kernel_wanted_fd(const struct kernel *kernel);
int kernel_take_wanted(struct kernel *kernel, void (*visit)(void *context, const struct egret_wanted *wanted),
		       void *context);
/* An address of the name that was wanted, as if its answer had been read. */
int kernel_teach(struct kernel *kernel, const struct egret_wanted *wanted, const struct egret_addr *addr,
		 uint32_t ttl_sec);

/* --- notes for people --- */

int kernel_set_meta(struct kernel *kernel, const struct egret_meta *meta);
int kernel_set_name(struct kernel *kernel, uint32_t index, const struct egret_name *name);
int kernel_set_subject_name(struct kernel *kernel, uint64_t cgroup_id, const struct egret_subject_name *subject);
/* By its key. Where there is no room -ENOSPC. */
int kernel_set_completion(struct kernel *kernel, const struct egret_completion *completion);
void kernel_forget_completion(struct kernel *kernel, const struct egret_drop_key *key);
int kernel_set_pod_name(struct kernel *kernel, const struct egret_pod_uid *uid, const struct egret_pod_name *name);
/* Subjects that something was denied to for the first time: kernel_denied_fd is readable then, and kernel_take_denied
 * calls @visit for each. */
int kernel_denied_fd(const struct kernel *kernel);
int kernel_take_denied(struct kernel *kernel, void (*visit)(void *context, const struct egret_denied *denied),
		       void *context);
int kernel_set_hit(struct kernel *kernel, uint32_t rule, const struct egret_hit *hit);
/* NULL: it ended. */
int kernel_set_existing(struct kernel *kernel, uint64_t cookie, const struct egret_existing *value);
/* One more name that was wanted is asked for, or finds no room: counts of the agent's own, which no program touches
 * (EGRET_LESSON_ASKED_ANEW, EGRET_LESSON_UNSOUGHT). */
void kernel_count_lesson(struct kernel *kernel, enum egret_lesson_kind lesson);

#endif
