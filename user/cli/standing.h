/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The status of an instance that is attached nowhere: opened by a person, off, or not begun. */
#ifndef EGRET_STANDING_H
#define EGRET_STANDING_H

#include "command.h"

/* False: the state folder knows nothing of it. Else it was shown, and *ret_code is the exit code. */
bool standing_show(const struct options *options, int *ret_code);

#endif
