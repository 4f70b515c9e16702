// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/format.h"
#include "../base/text.h"

/* JSON is UTF-8, which a path need not be. */
static json_t *printable(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	if (!copy)
		return json_null();
	text_make_printable(copy, strlen(copy) + 1);
	value = json_string(copy);
	free(copy);
	return value;
}

void json_set_text(json_t *object, const char *key, const char *text)
{
	json_t *value = text && *text ? json_string(text) : json_null();

	json_object_set_new(object, key, value ? value : printable(text));
}

void json_set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

void json_add_number(json_t *to, const char *key, const json_t *from, const char *from_key)
{
	json_set_number(to, key, (uint64_t)(json_number(to, key) + json_number(from, from_key)));
}

void json_set_flag(json_t *object, const char *key, bool flag)
{
	json_object_set_new(object, key, json_boolean(flag));
}

void json_set_time(json_t *object, const char *key, uint64_t realtime_ns)
{
	char text[TIME_TEXT_SIZE] = "";

	if (realtime_ns)
		time_format((time_t)(realtime_ns / CLOCK_NS_PER_SEC), text);
	json_set_text(object, key, text);
}

void json_set_kernel_time(json_t *object, const char *key, uint64_t kernel_ns)
{
	uint64_t now = clock_kernel_ns(), age = now > kernel_ns ? now - kernel_ns : 0;

	json_set_time(object, key, kernel_ns ? clock_realtime_ns() - age : 0);
}

void json_set_nat64(json_t *object, const struct egret_nat64 *nat64, const struct egret_addr *addr)
{
	bool has = nat64 && addr;
	char text[ADDR_TEXT_SIZE];
	struct egret_addr v4;

	has = has && nat64_v4(nat64, addr, &v4);
	json_set_text(object, "nat64_address", has ? addr_format(&v4, text) : NULL);
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

long long json_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool json_flag(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

bool json_time(const json_t *object, const char *key, time_t *ret)
{
	return !time_parse(json_text(object, key), ret);
}
