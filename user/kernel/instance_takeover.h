/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a new agent finds pinned, and whether it can go on with it. Where it cannot, new maps are made beside the old
 * ones (pinned as next_NAME) and filled; the new programs run beside the old ones for a while and remember what goes on
 * (instance_attach.c); then they are put under the links that run, hook by hook, so that nothing is ever without a
 * filter; then the new maps take the old ones' names.
 *
 * Pins that somebody else may have written to are never read. Of a version that is known (layout_before.h), what
 * answers taught and what rules counted is carried over (instance_carry.h). What sockets hold is not: connections that
 * are established go on as existing ones, and who sent a datagram before the new programs ran may be answered when it
 * sends the next one. Denials are counted anew. Private to kernel/.
 */
#ifndef EGRET_TAKEOVER_H
#define EGRET_TAKEOVER_H

#include "handle.h"

/* Of a locked instance whose links are open. Sets kernel->side_by_side, and kernel->note for people. */
int takeover_inspect(struct kernel *kernel, struct error *error);
/* The new maps are filled and attached: they take their places. */
int takeover_settle(struct kernel *kernel, struct error *error);
/* The same of hooks alone that could not be replaced, over the maps that were there. */
int takeover_settle_hooks(struct kernel *kernel, struct error *error);
/* What an unfinished one left. */
void takeover_discard(const struct kernel *kernel);

#endif
