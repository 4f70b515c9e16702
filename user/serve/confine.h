/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this process may do from here on: read maps, and answer. An ordinary user's rights, of them the group that may
 * read the maps, and CAP_BPF alone; then a list of system calls, without those that write.
 */
#ifndef EGRET_SERVE_CONFINE_H
#define EGRET_SERVE_CONFINE_H

#include "../base/error.h"

/* Root becomes an ordinary user of the group KERNEL_VIEWERS; who is one already only gives up what is too much.
 * -ENOENT: there is no such group. */
int confine_rights(struct error *error);
/* For good, with all that is opened later. */
int confine_calls(struct error *error);

#endif
