/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lines of a policy that would let through all that was denied: for `suggest`. */
#ifndef EGRET_VIEW_PROPOSAL_H
#define EGRET_VIEW_PROPOSAL_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Of rows of drops: [{kind, line, note_text, packets_total, audited_packets_total, subjects: [{subject,
 * packets_total}]}], each line once, in the order of a policy; behind all of these, what nothing but audited packets
 * want. kind: "resolver", "setting", "name", "wildcard", "private", "address"; or "none", whose line is null: nothing
 * helps, and note_text says why. Audited packets passed: they would be denied if whom or what is audited were not. The
 * subject is the workload, the worst first. What the policy that rules lets through already is left out. @wildcards:
 * where several names below one other name want the same, one line `*.x` is in their place.
 */
json_t *view_proposal(const json_t *rows, bool wildcards);

/* Of one of these lines: did all packets that want it pass? */
bool proposal_is_audited(const json_t *line);

#endif
