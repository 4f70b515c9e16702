/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The addresses of a name that `explain` asks what runs about. */
#ifndef EGRET_CLI_ASKED_ADDRESSES_H
#define EGRET_CLI_ASKED_ADDRESSES_H

#include "../base/error.h"
#include "../view/explain.h"

/* Those that the subject was given, or else that it would be given now, or else that this node knows: sets addr_count
 * and addresses_from. *ret is malloc'd, or NULL. */
int asked_addresses(const struct kernel *kernel, struct explain_question *question, struct egret_addr **ret,
		    struct error *error);

#endif
