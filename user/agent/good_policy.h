/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last good policy of an instance, kept in the state folder (policy/kept.h). Good: it has ruled
 * here, and what it requires answered, after its probation where it had one. Never one that audits,
 * never `set mode = off`: where the policy says either, the one that was kept is forgotten, since what
 * comes back by itself must not be stricter than the last word of a person.
 *
 * It is for three things, and never in place of a policy that can be read and is valid: a start whose
 * policy is broken or cannot be read, `run --once` at boot, and exact names that nobody answers for.
 *
 * stand_in.c and cli/once.c begin with it. @good is cleared after the edition that borrows its options.
 * The options of the start stay what a reload reads: they are not those of @good.
 */
#ifndef EGRET_GOOD_POLICY_H
#define EGRET_GOOD_POLICY_H

#include "../base/error.h"
#include "../policy/kept.h"

/*
 * @state: the path of the state folder. @error says why not, in one sentence: -ENOENT: none is kept;
 * -EPERM: others than root could have written it, so it was not read; -EBADMSG: it is damaged; or
 * what reading it failed with. @ret is untouched on failure.
 */
int good_policy_read(const char *state, const char *instance, struct kept_policy *ret, struct error *error);

/* Which policy it is that rules, for the log and `status`; why, which is about the files, goes behind it. */
void good_policy_explain(const struct kept_policy *good, struct error *ret);

#endif
