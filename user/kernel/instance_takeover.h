/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a new agent finds pinned, and whether it can go on with it. Pins of another version,
 * and pins that somebody else may have written to, are never read: new maps are made beside
 * them (pinned as next_NAME), filled, and put under the links that run, hook by hook, so
 * that nothing is ever without a filter; then they take the old ones' names.
 *
 * What the old maps held of sockets is lost by that: connections that are established go on
 * as existing ones, inbound datagrams open their way back anew. Private to kernel/.
 */
#ifndef EGRET_TAKEOVER_H
#define EGRET_TAKEOVER_H

#include "handle.h"

/* Of a locked instance whose links are open. Sets kernel->side_by_side, and kernel->note for people. */
int takeover_inspect(struct kernel *kernel, struct error *error);
/* The new maps are filled and attached: they take their places. */
int takeover_settle(struct kernel *kernel, struct error *error);
/* What an unfinished one left. */
void takeover_discard(const struct kernel *kernel);

#endif
