// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was read stays with the policy: so that it can be read once more when its files say something else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

static int add_path(struct policy_text *text, const char *path)
{
	char **paths = reallocarray(text->paths, text->path_count + 1, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	text->paths = paths;
	paths[text->path_count] = strdup(path);
	if (!paths[text->path_count])
		return -ENOMEM;
	text->path_count++;
	return 0;
}

static bool has_path(const struct policy_text *text, const char *path)
{
	for (size_t i = 0; i < text->path_count; i++)
		if (!strcmp(text->paths[i], path))
			return true;
	return false;
}

int text_keep(struct loader *loader, const char *path, const char *text, size_t len, bool hidden)
{
	struct policy *policy = loader->policy;
	struct policy_text *texts =
	    reserve(policy->texts, &loader->text_capacity, policy->text_count + 1, sizeof(*texts));
	char *copy = malloc(len + 1);

	if (texts)
		policy->texts = texts;
	if (!texts || !copy) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	texts[policy->text_count] = (struct policy_text){.text = copy, .len_bytes = len, .hidden = hidden};
	return add_path(&texts[policy->text_count++], path);
}

int text_found_by(struct loader *loader, size_t index, const char *path)
{
	struct policy_text *text = &loader->policy->texts[index];

	return has_path(text, path) ? 0 : add_path(text, path);
}

const struct policy_text *text_find(const struct policy_options *options, const char *path)
{
	for (size_t i = 0; i < options->text_count; i++)
		if (has_path(&options->texts[i], path))
			return &options->texts[i];
	return NULL;
}

void text_clear(struct policy_text *text)
{
	for (size_t i = 0; i < text->path_count; i++)
		free(text->paths[i]);
	free(text->paths);
	free(text->text);
}
