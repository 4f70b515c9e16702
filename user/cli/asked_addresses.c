// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "asked_addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../resolve/lookup.h"

/* Whom else does the node know of by this name? Where nobody tells the rules of the name remain. */
static int find_known(const struct kernel *kernel, struct explain_question *question, struct egret_addr **ret,
		      struct error *error)
{
	int rc = view_explain_known(kernel, question, ret, &question->addr_count);

	if (rc)
		return error_set(error, rc, "cannot read what this node knows of %s: %s", question->name,
				 strerror(-rc));
	question->addresses_from = question->addr_count ? EXPLAIN_FROM_NODE : EXPLAIN_FROM_NOWHERE;
	return 0;
}

int asked_addresses(const struct kernel *kernel, struct explain_question *question, struct egret_addr **ret,
		    struct error *error)
{
	int rc = view_explain_given(kernel, question, ret, &question->addr_count);

	if (rc)
		return error_set(error, rc, "cannot read what was learned: %s", strerror(-rc));
	question->addresses_from = EXPLAIN_FROM_ANSWERS;
	if (question->addr_count)
		return 0;
	free(*ret);
	*ret = NULL;
	question->addresses_from = EXPLAIN_FROM_LOOKUP;
	rc = lookup_addresses(question->name, ret, &question->addr_count, error);
	return !rc || rc == -ENOMEM ? rc : find_known(kernel, question, ret, error);
}
