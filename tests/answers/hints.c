// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hints.h"

#include <stdbool.h>
#include <sys/socket.h>

#define KEY_V4     4
#define KEY_V6     6
#define MAX_PARAMS 32 /* as many as Egret reads */
#define MAX_ADDRS  64 /* of a family */

struct param {
	uint16_t key, len;
	const uint8_t *value;
};

static uint16_t word(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* Octets of the name at @at, which is written out; 0: it is none. */
static size_t target_len(const uint8_t *data, size_t len, size_t at)
{
	for (size_t i = at, labels = 0; i < len && data[i] <= EGRET_LABEL_MAX; i += 1 + data[i], labels++)
		if (!data[i])
			return labels <= EGRET_MAX_LABELS ? i + 1 - at : 0;
	return 0;
}

/* Returns how many there are, or -1: they are malformed. */
static int params_split(const uint8_t *data, size_t len, size_t at, struct param ret[MAX_PARAMS])
{
	int count = 0;

	while (at < len) {
		struct param *param = &ret[count];

		if (count == MAX_PARAMS || len - at < 4)
			return -1;
		*param = (struct param){.key = word(data + at), .len = word(data + at + 2), .value = data + at + 4};
		if (param->len > len - at - 4 || (count && ret[count - 1].key >= param->key))
			return -1;
		at += 4 + param->len;
		count++;
	}
	return count;
}

/* Octets of an address; 0: the parameter has none. */
static unsigned int hint_size(const struct param *param)
{
	return param->key == KEY_V4 ? 4 : param->key == KEY_V6 ? 16 : 0;
}

void hints_each(const uint8_t *data, size_t len, void (*add)(struct addr_set *, int family, const void *octets),
		struct addr_set *set)
{
	struct param params[MAX_PARAMS];
	size_t target = target_len(data, len, 2);
	int count = target ? params_split(data, len, 2 + target, params) : -1;

	if (count < 0 || !word(data))
		return;
	for (int i = 0; i < count; i++)
		if (hint_size(&params[i]) && (!params[i].len || params[i].len % hint_size(&params[i])))
			return;
	for (int i = 0; i < count; i++) {
		unsigned int size = hint_size(&params[i]);

		for (unsigned int at = 0; size && at < params[i].len && at < MAX_ADDRS * size; at += size)
			add(set, size == 4 ? AF_INET : AF_INET6, params[i].value + at);
	}
}
