/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses at the edges of what has a special purpose, on either side. */
#ifndef EGRET_EDGES_H
#define EGRET_EDGES_H

#include "base/addr.h"

/* IPv4 or IPv6: begins as a special range does, up to a bit that is drawn. */
struct egret_addr edge_draw(bool v4);

#endif
