/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/hash.h"
#include "loader.h"
#include "egret_policy.h"

/* Comparisons for "did you mean" in one load: ten thousand errors stay cheap. */
#define SUGGESTIONS 20000

static void add_to_hash(struct policy *policy, const char *text)
{
	policy->text_hash = hash_bytes(policy->text_hash, text, strlen(text));
}

static int loader_open(struct loader *loader, const struct policy_options *options, struct diag *diag)
{
	int error = 0;

	*loader = (struct loader){.options = options, .diag = diag, .suggestions_left = SUGGESTIONS};
	loader->policy = calloc(1, sizeof(*loader->policy));
	if (!loader->policy)
		return -ENOMEM;
	loader->policy->settings = setting_defaults;
	loader->policy->text_hash = HASH_BEGIN;
	for (size_t i = 0; error != -ENOMEM && i < options->define_count; i++) {
		add_to_hash(loader->policy, options->defines[i].name);
		add_to_hash(loader->policy, options->defines[i].value);
		error = variable_define(loader, &options->defines[i]);
	}
	return error == -ENOMEM ? error : 0;
}

/* Hands the policy over if nothing was found wrong since @errors_before. */
static int loader_close(struct loader *loader, int error, size_t errors_before, struct policy **ret,
			struct policy_files *ret_files)
{
	if (error != -ENOMEM) {
		setting_check(loader);
		variable_report_unused(loader);
		if (loader->policy->settings.off)
			diag_forgive(loader->diag, errors_before);
		error = loader->diag->errors > errors_before ? -EINVAL : 0;
	}
	HASH_CLEAR(hh, loader->sources);
	HASH_CLEAR(hh, loader->variables);
	HASH_CLEAR(hh, loader->seen_rules);
	arena_clear(&loader->arena);
	free(loader->raw.items);
	free(loader->words.items);
	if (!error) {
		*ret = loader->policy;
		return 0;
	}
	if (ret_files && policy_files_copy(loader->policy, ret_files))
		error = -ENOMEM;
	policy_free(loader->policy);
	return error;
}

int policy_load(const struct policy_options *options, struct policy **ret, struct diag *diag)
{
	return policy_load_watched(options, ret, NULL, diag);
}

int policy_load_watched(const struct policy_options *options, struct policy **ret, struct policy_files *ret_files,
			struct diag *diag)
{
	size_t errors_before = diag->errors;
	struct loader loader;
	int error = loader_open(&loader, options, diag);

	for (size_t i = 0; error != -ENOMEM && i < options->path_count; i++)
		error = source_read_main(&loader, options->paths[i]);
	return loader_close(&loader, error, errors_before, ret, ret_files);
}

int policy_load_text(const char *name, const char *text, size_t len_bytes, const struct policy_options *options,
		     struct policy **ret, struct diag *diag)
{
	static const struct policy_options none;
	size_t errors_before = diag->errors;
	struct loader loader;
	int error = loader_open(&loader, options ? options : &none, diag);

	if (error != -ENOMEM)
		error = source_read_text(&loader, name, text, len_bytes);
	return loader_close(&loader, error, errors_before, ret, NULL);
}

int policy_stands_on(struct policy *policy, const char *path)
{
	struct policy_file *files = reallocarray(policy->files, policy->file_count + 1, sizeof(*files));
	struct stat st = {};

	if (!files)
		return -ENOMEM;
	policy->files = files;
	stat(path, &st); /* or all zero where it is not there: when it comes, that is a change */
	files[policy->file_count] =
	    (struct policy_file){strdup(path), st.st_dev, st.st_ino, st.st_size, st.st_mtim, NULL};
	if (!files[policy->file_count].path)
		return -ENOMEM;
	policy->file_count++;
	return 0;
}

int policy_files_copy(const struct policy *policy, struct policy_files *ret)
{
	policy_files_clear(ret);
	ret->all = calloc(policy->file_count + 1, sizeof(*ret->all));
	if (!ret->all)
		return -ENOMEM;
	for (size_t i = 0; i < policy->file_count; i++) {
		struct policy_file *file = &ret->all[ret->count];

		*file = policy->files[i];
		file->fault = NULL;
		file->path = strdup(policy->files[i].path);
		if (!file->path)
			return -ENOMEM;
		ret->count++;
	}
	return 0;
}

void policy_files_clear(struct policy_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->all[i].path);
	free(files->all);
	*files = (struct policy_files){};
}

bool policy_has_floor(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].floor && policy->rules[i].action == EGRET_ALLOW)
			return true;
	}
	return false;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->rule_count; i++)
		rule_clear(&policy->rules[i]);
	for (size_t i = 0; i < policy->resolver_count; i++) {
		free(policy->resolvers[i].served_by.path);
		free(policy->resolvers[i].file);
	}
	for (size_t i = 0; i < policy->require_count; i++)
		require_clear(&policy->requires[i]);
	for (size_t i = 0; i < policy->askable_count; i++)
		free(policy->askables[i].name);
	for (size_t i = 0; i < policy->file_count; i++) {
		free(policy->files[i].path);
		free(policy->files[i].fault);
	}
	for (size_t i = 0; i < policy->text_count; i++)
		text_clear(&policy->texts[i]);
	for (size_t i = 0; i < policy->settings.overlay_count; i++)
		free(policy->settings.overlays[i]);
	free(policy->settings.overlays);
	free(policy->texts);
	free(policy->askables);
	free(policy->rules);
	free(policy->resolvers);
	free(policy->requires);
	free(policy->files);
	audited_clear(&policy->settings);
	free(policy->settings.internal);
	free(policy->settings.service_ranges);
	free(policy);
}
