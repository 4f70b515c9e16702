/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/nat64.h"
#include "loader.h"

/* A variable whose name is so many letters from a setting's may be a slip. */
#define SLIP_MOST 2
/* RFC 2181 section 8: a TTL has 31 bits. */
#define TTL_MAX_SEC 2147483647U

static const char *const layers_words[] = {
    [EGRET_LAYERS_OFF] = "off",
    [EGRET_LAYERS_AUDIT] = "audit",
    [EGRET_LAYERS_ENFORCE] = "enforce",
};

static const char *const foreign_words[] = {
    [EGRET_FOREIGN_NONE] = "none",
    [EGRET_FOREIGN_HOST] = "host",
    [EGRET_FOREIGN_ALL] = "all",
};

static int report_value(struct loader *loader, const struct variable *setting, const char *right)
{
	report(loader, setting->values[0].column, "`%.*s` is no value of `%s`; write %s", EXCERPT(&setting->values[0]),
	       setting->name, right);
	return -EINVAL;
}

static int apply_seconds(struct loader *loader, const struct variable *setting, uint32_t *ret_sec)
{
	const struct word *word = &setting->values[0];
	uint64_t value = 0, unit_sec = 1;
	size_t len = word->len;

	if (len > 1 && memchr("smh", word->text[len - 1], 3)) {
		unit_sec = word->text[len - 1] == 'h' ? 3600 : word->text[len - 1] == 'm' ? 60 : 1;
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		if (word->text[i] < '0' || word->text[i] > '9')
			return report_value(loader, setting,
					    "seconds, or a number with s, m or h, like `900` or `15m`");
		value = value * 10 + (uint64_t)(word->text[i] - '0');
		if (value * unit_sec > TTL_MAX_SEC)
			return report_value(loader, setting, "at most 2147483647 seconds (RFC 2181)");
	}
	*ret_sec = (uint32_t)(value * unit_sec);
	return 0;
}

static int apply_min_ttl(struct loader *loader, const struct variable *setting)
{
	return apply_seconds(loader, setting, &loader->policy->settings.min_ttl_sec);
}

static int apply_max_ttl(struct loader *loader, const struct variable *setting)
{
	return apply_seconds(loader, setting, &loader->policy->settings.max_ttl_sec);
}

static int choose(struct loader *loader, const struct variable *setting, const char *const words[2], bool *ret)
{
	const struct word *value = &setting->values[0];

	if (!word_is(value, words[0]) && !word_is(value, words[1])) {
		report(loader, value->column, "`%.*s` is no value of `%s`; write `%s` or `%s`", EXCERPT(value),
		       setting->name, words[0], words[1]);
		return -EINVAL;
	}
	*ret = word_is(value, words[1]);
	return 0;
}

static int apply_existing(struct loader *loader, const struct variable *setting)
{
	static const char *const words[] = {"cut", "keep"};

	return choose(loader, setting, words, &loader->policy->settings.keep_existing);
}

static int apply_mode(struct loader *loader, const struct variable *setting)
{
	const struct word *value = &setting->values[0];

	if (!word_is(value, "enforce") && !word_is(value, "audit") && !word_is(value, "off"))
		return report_value(loader, setting, "`enforce`, `audit` or `off`");
	loader->policy->settings.audit = word_is(value, "audit");
	loader->policy->settings.off = word_is(value, "off");
	return 0;
}

void setting_apply_again(struct loader *loader, const char *name, const struct words *values)
{
	if (!strcmp(name, "mode") && values->count == 1 && word_is(&values->items[0], "off"))
		loader->policy->settings.off = true;
}

static int apply_floor(struct loader *loader, const struct variable *setting)
{
	static const char *const words[] = {"off", "on"};

	return choose(loader, setting, words, &loader->policy->settings.floor);
}

static int apply_on_stale_agent(struct loader *loader, const struct variable *setting)
{
	static const char *const words[] = {"keep", "floor"};

	return choose(loader, setting, words, &loader->policy->settings.stale_floor);
}

/* The agent gives a sign every 10 s; one or two may come late. */
#define STALE_MIN_SEC 30

static int apply_stale_after(struct loader *loader, const struct variable *setting)
{
	int error = apply_seconds(loader, setting, &loader->policy->settings.stale_sec);

	if (!error && loader->policy->settings.stale_sec < STALE_MIN_SEC)
		return report_value(loader, setting, "at least 30 s: the agent gives a sign every 10 s");
	return error;
}

static int apply_dns_names(struct loader *loader, const struct variable *setting)
{
	static const char *const words[] = {"any", "policy"};

	return choose(loader, setting, words, &loader->policy->settings.dns_names);
}

/* A list of CIDRs that is being filled. */
struct ranges {
	struct cidr **items;
	size_t *count, capacity;
};

static int add_range(struct loader *loader, const struct variable *setting, const struct word *word,
		     struct ranges *ranges)
{
	struct policy_dest dest;
	struct cidr *items;
	int error = dest_parse(loader, word, &dest);

	if (error)
		return error;
	if (dest.kind != POLICY_DEST_CIDR) {
		report(loader, word->column, "`%.*s` is a name; `%s` takes CIDRs, like 10.0.0.0/16", EXCERPT(word),
		       setting->name);
		free(dest.name);
		return -EINVAL;
	}
	items = reserve(*ranges->items, &ranges->capacity, *ranges->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	*ranges->items = items;
	items[(*ranges->count)++] = dest.cidr;
	return 0;
}

static int apply_ranges(struct loader *loader, const struct variable *setting, struct ranges ranges)
{
	int error = 0;

	for (size_t i = 0; i < setting->count; i++) {
		struct word item;
		size_t at = 0;

		while (error != -ENOMEM && word_next_item(&setting->values[i], &at, &item))
			error = worse(error, add_range(loader, setting, &item, &ranges));
	}
	return error;
}

static int apply_service_ranges(struct loader *loader, const struct variable *setting)
{
	struct policy_settings *values = &loader->policy->settings;

	return apply_ranges(loader, setting,
			    (struct ranges){.items = &values->service_ranges, .count = &values->service_range_count});
}

static int apply_internal(struct loader *loader, const struct variable *setting)
{
	struct policy_settings *values = &loader->policy->settings;

	return apply_ranges(loader, setting,
			    (struct ranges){.items = &values->internal, .count = &values->internal_count});
}

/* The mapped form of 0.0.0.0/0 has 96 bits, too; and behind a first half of 0 lies no network's own prefix. */
static int apply_nat64(struct loader *loader, const struct variable *setting)
{
	const struct word *word = &setting->values[0];
	struct policy_dest dest;
	int error = dest_parse(loader, word, &dest);

	if (error)
		return error;
	if (dest.kind != POLICY_DEST_CIDR) {
		free(dest.name);
		return report_value(loader, setting, "an IPv6 prefix of 96 bits, like 64:ff9b::/96");
	}
	if (dest.cidr.prefix_len != 96 || !(dest.cidr.addr.word_be[0] | dest.cidr.addr.word_be[1]))
		return report_value(loader, setting,
				    "an IPv6 prefix of 96 bits, like 64:ff9b::/96 (RFC 6052; those of other lengths "
				    "are not understood)");
	loader->policy->settings.nat64 = nat64_of(&dest.cidr.addr);
	return 0;
}

/* -1 = none of these */
static int which(const struct word *word, const char *const words[], int count)
{
	while (count && !word_is(word, words[count - 1]))
		count--;
	return count - 1;
}

static int apply_layers(struct loader *loader, const struct variable *setting)
{
	struct policy_settings *values = &loader->policy->settings;
	int mode = which(&setting->values[0], layers_words, EGRET_LAYERS_ENFORCE + 1);

	if (mode < 0)
		return report_value(loader, setting, "`enforce`, `audit` or `off`");
	values->layers = mode;
	values->says_layers = true;
	return 0;
}

static int apply_unlooked(struct loader *loader, const struct variable *setting)
{
	static const char *const words[] = {"count", "deny"};

	return choose(loader, setting, words, &loader->policy->settings.deny_unlooked);
}

static int apply_overlay(struct loader *loader, const struct variable *setting)
{
	return each_item(loader, setting->values, setting->count, overlay_add);
}

static int apply_foreign_sources(struct loader *loader, const struct variable *setting)
{
	int whose = which(&setting->values[0], foreign_words, EGRET_FOREIGN_ALL + 1);

	if (whose < 0)
		return report_value(
		    loader, setting,
		    "`none`, `host` or `all` (who may speak from an address that is not its own: nobody, "
		    "all but pods, pods too); a variable of your own takes another name");
	loader->policy->settings.foreign_sources = whose;
	return 0;
}

const struct policy_settings setting_defaults = {
    .min_ttl_sec = 900,
    .stale_sec = 300,
    .max_ttl_sec = 86400,
    .keep_existing = true,
    .floor = true,
    .nat64 = {.first_half = EGRET_NAT64_WELL_KNOWN},
    .layers = EGRET_LAYERS_ENFORCE,
    .families = EGRET_FAMILIES_USUAL,
    .foreign_sources = EGRET_FOREIGN_HOST,
};

static void write_min_ttl(const struct policy_settings *values, FILE *out)
{
	fprintf(out, "%u", values->min_ttl_sec);
}

static void write_max_ttl(const struct policy_settings *values, FILE *out)
{
	fprintf(out, "%u", values->max_ttl_sec);
}

static void write_existing(const struct policy_settings *values, FILE *out)
{
	fputs(values->keep_existing ? "keep" : "cut", out);
}

static void write_mode(const struct policy_settings *values, FILE *out)
{
	fputs(values->off ? "off" : values->audit ? "audit" : "enforce", out);
}

static void write_floor(const struct policy_settings *values, FILE *out)
{
	fputs(values->floor ? "on" : "off", out);
}

static void write_dns_names(const struct policy_settings *values, FILE *out)
{
	fputs(values->dns_names ? "policy" : "any", out);
}

static void write_on_stale_agent(const struct policy_settings *values, FILE *out)
{
	fputs(values->stale_floor ? "floor" : "keep", out);
}

static void write_stale_after(const struct policy_settings *values, FILE *out)
{
	fprintf(out, "%u", values->stale_sec);
}

static void write_ranges(const struct cidr *ranges, size_t count, FILE *out)
{
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? " " : "", cidr_format(&ranges[i], text));
}

static void write_service_ranges(const struct policy_settings *values, FILE *out)
{
	write_ranges(values->service_ranges, values->service_range_count, out);
}

static void write_internal(const struct policy_settings *values, FILE *out)
{
	write_ranges(values->internal, values->internal_count, out);
}

static void write_nat64(const struct policy_settings *values, FILE *out)
{
	struct cidr prefix = nat64_prefix(&values->nat64);

	write_ranges(&prefix, 1, out);
}

static void write_layers(const struct policy_settings *values, FILE *out)
{
	fputs(layers_words[values->layers], out);
}

static void write_unlooked(const struct policy_settings *values, FILE *out)
{
	fputs(values->deny_unlooked ? "deny" : "count", out);
}

static void write_overlay(const struct policy_settings *values, FILE *out)
{
	for (size_t i = 0; i < values->overlay_count; i++)
		fprintf(out, "%s%s", i ? " " : "", values->overlays[i]);
}

static void write_foreign_sources(const struct policy_settings *values, FILE *out)
{
	fputs(foreign_words[values->foreign_sources], out);
}

static const struct setting {
	const char *name;
	int (*apply)(struct loader *loader, const struct variable *setting);
	void (*write)(const struct policy_settings *values,
		      FILE *out); /* so that apply reads the same; nothing = no value */
	bool list;
	bool variable;
} settings[] = {
    {"min_ttl", apply_min_ttl, write_min_ttl, false, false},
    {"max_ttl", apply_max_ttl, write_max_ttl, false, false},
    {"existing", apply_existing, write_existing, false, false},
    {"mode", apply_mode, write_mode, false, false},
    {"floor", apply_floor, write_floor, false, false},
    {"dns_names", apply_dns_names, write_dns_names, false, false},
    {"on_stale_agent", apply_on_stale_agent, write_on_stale_agent, false, false},
    {"stale_after", apply_stale_after, write_stale_after, false, false},
    {"service_ranges", apply_service_ranges, write_service_ranges, true, false},
    {"internal", apply_internal, write_internal, true, true},
    {"nat64", apply_nat64, write_nat64, false, false},
    {"layers", apply_layers, write_layers, false, false},
    {"unlooked", apply_unlooked, write_unlooked, false, false},
    {"overlay", apply_overlay, write_overlay, true, false},
    {"families", families_apply, families_write, true, false},
    {"foreign_sources", apply_foreign_sources, write_foreign_sources, false, false},
};

/* malloc'd; NULL without memory */
static char *value_of(const struct setting *setting, const struct policy_settings *values)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	setting->write(values, out);
	fclose(out);
	return text;
}

/* Does a policy that says this mean another one than a policy without it? */
static bool is_usual(const struct setting *setting, const struct policy_settings *values, const char *value,
		     const char *usual)
{
	return !strcmp(value, usual) && !(setting->apply == apply_layers && values->says_layers);
}

int policy_each_setting(const struct policy *policy, policy_setting_visit visit, void *context)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(settings) / sizeof(settings[0]); i++) {
		char *value = value_of(&settings[i], &policy->settings);
		char *usual = value_of(&settings[i], &setting_defaults);

		rc = value && usual ? 0 : -ENOMEM;
		if (!rc)
			visit(context, settings[i].name, value,
			      is_usual(&settings[i], &policy->settings, value, usual));
		free(value);
		free(usual);
	}
	return rc;
}

static const struct setting *find(const char *name)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!strcmp(settings[i].name, name))
			return &settings[i];
	}
	return NULL;
}

bool setting_is_known(const char *name)
{
	return find(name) != NULL;
}

const char *setting_meant(struct loader *loader, const char *name)
{
	const struct word word = {.text = name, .len = strlen(name)};
	struct nearest nearest = {.loader = loader, .word = &word, .most = SLIP_MOST};

	if (!strcmp(name, "family"))
		return "families"; /* the likeliest slip, and further away than others */
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		nearest_try(&nearest, settings[i].name);
	return nearest.best;
}

bool setting_is_variable(const char *name)
{
	const struct setting *setting = find(name);

	return setting && setting->variable;
}

bool setting_takes_one(const char *name)
{
	const struct setting *setting = find(name);

	return setting && !setting->list;
}

int setting_apply(struct loader *loader, const struct variable *variable)
{
	const struct setting *setting = find(variable->name);

	if (variable->count > 1 && setting->apply == apply_mode && word_is(&variable->values[0], "audit")) {
		report(loader, variable->values[1].column,
		       "`mode` takes one value here; whom it is for, a file says: `set mode = audit for pods`");
		return -EINVAL;
	}
	if (variable->count > 1 && !setting->list) {
		report(loader, variable->values[1].column, "`%s` takes one value; remove `%.*s`", setting->name,
		       EXCERPT(&variable->values[1]));
		return -EINVAL;
	}
	return setting->apply(loader, variable);
}

/* min_ttl and max_ttl may stand in different files: only the end shows whether they agree. */
void setting_check(struct loader *loader)
{
	const struct policy_settings *values = &loader->policy->settings;
	const struct variable *min, *max, *last;

	audited_check(loader);
	if (values->min_ttl_sec <= values->max_ttl_sec && values->max_ttl_sec)
		return;
	HASH_FIND_STR(loader->variables, "min_ttl", min);
	HASH_FIND_STR(loader->variables, "max_ttl", max);
	last = max ? max : min;
	if (!last)
		return; /* the defaults agree */
	diag_add(loader->diag, DIAG_ERROR, (struct diag_place){last->source->path, last->line, last->column},
		 "max_ttl (%u s) must be at least 1 s and not below min_ttl (%u s); raise it, or lower min_ttl",
		 values->max_ttl_sec, values->min_ttl_sec);
}
