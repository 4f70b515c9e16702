/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `set overlay`: the node's devices whose outer packets pass. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/addr.h"
#include "loader.h"

static bool has_any_of(const struct word *word, const char *chars)
{
	for (size_t i = 0; i < word->len; i++) {
		if (strchr(chars, word->text[i]))
			return true;
	}
	return false;
}

/* What is wrong with the name of a device; NULL = nothing. The kernel's dev_valid_name takes all else. */
static const char *device_fault(const struct word *word)
{
	const char *star = memchr(word->text, '*', word->len);
	struct egret_addr addr;
	char text[ADDR_TEXT_SIZE];

	if (!word->len || word_is(word, ".") || word_is(word, "..") || has_any_of(word, "/:"))
		return "is no name of a device; write one as `ip link` shows it, like `flannel.1`";
	if (word->len >= EGRET_DEVICE_NAME_SIZE)
		return "is too long for a device, whose name has at most 15 characters; write it as `ip link` shows it";
	snprintf(text, sizeof(text), "%.*s", (int)word->len, word->text);
	if (!addr_parse(text, &addr))
		return "is an address; write the device that makes the tunnel, like `flannel.1`, or a rule for the "
		       "address";
	if (star == word->text)
		return "names every device; write those that make the node's tunnels, like `flannel.1` or `cilium_*`";
	if (star && star != word->text + word->len - 1)
		return "has a `*` before its end; `*` stands for the rest of a name, like `vxlan*`";
	return NULL;
}

static bool is_there(const struct policy_settings *values, const struct word *word)
{
	for (size_t i = 0; i < values->overlay_count; i++) {
		if (word_is(word, values->overlays[i]))
			return true;
	}
	return false;
}

int overlay_add(struct loader *loader, const struct word *word)
{
	struct policy_settings *values = &loader->policy->settings;
	const char *fault = device_fault(word);
	char **items, *name;

	if (fault) {
		report(loader, word->column, "`%.*s` %s", EXCERPT(word), fault);
		return -EINVAL;
	}
	if (word_is(word, "none") || is_there(values, word))
		return 0;
	if (values->overlay_count == EGRET_MAX_OVERLAYS) {
		report(loader, word->column, "`overlay` has more than %d devices; name several at once, like `vxlan*`",
		       EGRET_MAX_OVERLAYS);
		return -EINVAL;
	}
	items = reserve(values->overlays, &loader->overlay_capacity, values->overlay_count + 1, sizeof(*items));
	name = items ? strndup(word->text, word->len) : NULL;
	if (items)
		values->overlays = items;
	if (!name)
		return -ENOMEM;
	items[values->overlay_count++] = name;
	return 0;
}
