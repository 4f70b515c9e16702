/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the resolvers answer the agent: left in the maps for people, who may look when the agent is long gone. */
#ifndef EGRET_SERVERS_H
#define EGRET_SERVERS_H

#include "../kernel/kernel.h"
#include "../resolve/resolver.h"
#include "progress.h"

/*
 * Writes what @book has, and the problem if one of them is silent, which is told in the log when it begins and when it
 * ends. The first time @book goes on from what an agent before this one left.
 */
void servers_note(struct kernel *kernel, struct resolver_book *book, struct progress *progress);

#endif
