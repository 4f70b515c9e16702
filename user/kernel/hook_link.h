/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What kinds of hooks share whose descriptors are BPF links. Private to kernel/. */
#ifndef EGRET_KERNEL_HOOK_LINK_H
#define EGRET_KERNEL_HOOK_LINK_H

struct bpf_link_info;

/* What the kernel says of the link. BPF_OBJ_GET_INFO_BY_FD of a link: 5.8. */
int hook_link_info(int fd, struct bpf_link_info *ret);
/* A new descriptor of the program that is attached; the caller closes it. */
int hook_link_program(int fd);

#endif
