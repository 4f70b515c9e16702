// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The types of all maps, for layout.c to read: of the tables in the slots, maps.h gives the kernel no more than sizes.
 */
#include "maps.h"

struct egret_bucket in_addrs;
struct egret_cidr_key key_in_cidrs;
struct egret_target in_cidrs_and_lists;
struct egret_port in_ports;
struct egret_rule in_rules;
struct egret_rule_text in_texts;
struct egret_wanted in_wanted;
struct egret_denied in_denied;
