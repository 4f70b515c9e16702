/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every option of every command, and the variable of the environment that stands in for it. */
#ifndef EGRET_OPTION_LIST_H
#define EGRET_OPTION_LIST_H

#include <argp.h>
#include <stddef.h>

enum option_key {
	KEY_RULES_PATH = 256,
	KEY_INSTANCE,
	KEY_CGROUP,
	KEY_AUDIT,
	KEY_INFLIGHT,
	KEY_RATE,
	KEY_DETACH_ON_EXIT,
	KEY_PROBATION,
	KEY_STRICT,
	KEY_RESOLVE,
	KEY_JSON,
	KEY_CLEAR,
	KEY_LIVE,
	KEY_READY,
	KEY_STATE,
	KEY_ONCE,
	KEY_ALL,
	KEY_WAIT,
	KEY_CUT,
	KEY_USER,
	KEY_AS_ROOT,
	KEY_REPORT,
	KEY_CALLER,
	KEY_FALLBACK,
	KEY_LISTEN,
	KEY_SINCE,
	KEY_POD,
	KEY_NAMESPACE,
	KEY_NAME,
	KEY_REASON,
	KEY_BY,
	KEY_SORT,
	KEY_LIMIT,
	KEY_WILDCARDS,
	KEY_LOG_FORMAT,
	KEY_OCSF,
	KEY_UNUSED,
};

struct group_option {
	unsigned int group;
	const char *variable; /* that stands in for the option; NULL = none */
	struct argp_option option;
};

extern const struct group_option option_list[];
extern const size_t option_count;

#endif
