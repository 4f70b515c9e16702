/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The folders of the pins: BPFFS/egret, and below it one of each instance. An instance's
 * folder is its lock too. Who makes an instance keeps the folder open and locked for as long
 * as it lives. The kernel takes the lock back when the process ends, in whatever way and in
 * whatever namespace; and a folder that somebody made anew under the same name is another
 * one. So names and process ids are never asked who owns an instance. Private to kernel/.
 */
#ifndef EGRET_FOLDER_H
#define EGRET_FOLDER_H

#include <sys/stat.h>

#include "handle.h"

/* What `exec` notes of the cgroup that it makes, in a symbolic link that leads nowhere: its text is the
 * only thing of one's own that a BPF file system keeps (Linux 4.15). It comes first and goes last. */
#define EXEC_NOTE "exec"

/* Opens and locks; sets kernel->dir_fd and kernel->fresh. See kernel_claim. */
int folder_claim(struct kernel *kernel, enum kernel_claim how, struct error *error);
/* Does the instance's path still lead to the folder that @kernel has locked? */
bool folder_is_there(const struct kernel *kernel);
/* Removes the folder of @instance, and the one above it where that was the last one. False, and errno says why:
 * something is pinned in it, for one. Takes no descriptor. */
bool folder_remove(const char *instance);

#endif
