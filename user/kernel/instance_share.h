/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EGRET_INSTANCE_SHARE_H
#define EGRET_INSTANCE_SHARE_H

/* The last instance is gone: the way to it is root's alone again. Private to kernel/. */
void share_end(void);

#endif
