// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs as they are, but for a memory: each packet costs what the first one of a connection does. */
#define EGRET_REMEMBERS_PEERS 0

#include "egret.bpf.c"
