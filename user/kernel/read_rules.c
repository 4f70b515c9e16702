// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rules of the policy that rules, as the compiler wants them for the policy after it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../compile/compile.h"
#include "handle.h"
#include "read_before.h"
#include "egret_limits.h"

/* All values of a table of the slot that rules; none if none does. -EPROTO: it is not of this version. */
static int read_table(const struct kernel *kernel, enum kernel_map map, size_t value_size, void **ret,
		      size_t *ret_count)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd = handle_inner_fd(kernel, map), rc = 0;
	uint8_t *values;

	*ret = NULL;
	*ret_count = 0;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != value_size ||
	    info.max_entries > EGRET_MAX_RULES)
		rc = -EPROTO;
	values = rc ? NULL : calloc(info.max_entries, value_size);
	if (!rc && !values)
		rc = -ENOMEM;
	for (uint32_t i = 0; !rc && i < info.max_entries; i++) {
		if (bpf_map_lookup_elem(fd, &i, values + i * value_size))
			rc = -errno;
	}
	close(fd);
	if (rc) {
		free(values);
		return rc;
	}
	*ret = values;
	*ret_count = info.max_entries;
	return 0;
}

int kernel_read_rules(const struct kernel *kernel, struct rules_before *ret)
{
	size_t text_count = 0, rule_count = 0;
	void *texts = NULL, *rules = NULL;
	int rc;

	if (kernel->before && kernel->config->generation == before_generation(kernel->before))
		return before_read_rules(kernel->before, ret);
	rc = read_table(kernel, MAP_texts, sizeof(struct egret_rule_text), &texts, &text_count);

	if (!rc)
		rc = read_table(kernel, MAP_rules, sizeof(struct egret_rule), &rules, &rule_count);
	if (!rc && rule_count < text_count)
		rc = -EPROTO;
	*ret = (struct rules_before){texts, rules, text_count};
	if (rc)
		kernel_free_rules(ret);
	return rc;
}

void kernel_free_rules(struct rules_before *rules)
{
	free((void *)rules->texts);
	free((void *)rules->rules);
	*rules = (struct rules_before){};
}
