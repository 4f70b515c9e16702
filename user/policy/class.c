/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whom: the words behind `for` and `served by`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"
#include "egret_policy.h"

/* NULL: none. */
static const char *path_fault(const struct word *path)
{
	for (size_t at = 0, len; at < path->len; at += len) {
		const char *part = path->text + at + 1;
		const char *slash = memchr(part, '/', path->len - at - 1);

		len = (slash ? (size_t)(slash - path->text) : path->len) - at;
		if (len == 1 || (len == 2 && part[0] == '.') || (len == 3 && part[0] == '.' && part[1] == '.'))
			return "has an empty, `.` or `..` part; write it in full, like /system.slice";
	}
	return NULL;
}

/* Of the place where cgroups are mounted, at the beginning of @path; 0 = it does not begin so. */
static size_t mount_length(const struct word *path)
{
	/* The first on a hybrid: systemd's, with version 1 beside it. */
	static const char *const mounts[] = {"/sys/fs/cgroup/unified/", "/sys/fs/cgroup/"};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		size_t len = strlen(mounts[i]);

		if (path->len > len && !memcmp(path->text, mounts[i], len))
			return len - 1;
	}
	return 0;
}

static int check_path(struct loader *loader, const struct word *path)
{
	const size_t mount_len = mount_length(path);
	const char *fault;

	if (!path->len || path->text[0] != '/') {
		report(loader, path->column,
		       "`%.*s` is not a cgroup's path; write it from the root, like /system.slice", EXCERPT(path));
		return -EINVAL;
	}
	if (path->len == 1) {
		report(loader, path->column, "every process is below `/`; leave `for cgroup` out to mean all of them");
		return -EINVAL;
	}
	if (mount_len) {
		struct word below = word_part(path, mount_len, path->len - mount_len);

		report(loader, path->column,
		       "a path begins at the cgroup root, not where that is mounted; write `%.*s`", EXCERPT(&below));
		return -EINVAL;
	}
	if (path->len >= EGRET_PATH_SIZE) {
		report(loader, path->column, "a cgroup's path of %zu bytes is over the limit of %d; use one further up",
		       path->len, EGRET_PATH_SIZE - 1);
		return -EINVAL;
	}
	fault = path_fault(path);
	if (fault) {
		report(loader, path->column, "`%.*s` %s", EXCERPT(path), fault);
		return -EINVAL;
	}
	return 0;
}

/* Each path takes its audiences. */
static int count_cgroup(struct loader *loader, const struct word *path)
{
	char *copy;

	for (size_t i = 0; i < loader->cgroup_count; i++) {
		if (word_is(path, loader->cgroups[i]))
			return 0;
	}
	if (loader->cgroup_count == EGRET_MAX_NAMED_CGROUPS) {
		report(loader, path->column,
		       "more than %d different cgroups are named (%d audiences); use one further up for several",
		       EGRET_MAX_NAMED_CGROUPS, EGRET_MAX_AUDIENCES);
		return -EINVAL;
	}
	copy = arena_copy(&loader->arena, path->text, path->len);
	if (!copy)
		return -ENOMEM;
	loader->cgroups[loader->cgroup_count++] = copy;
	return 0;
}

static int parse_cgroup(struct loader *loader, struct word path, struct policy_class *ret)
{
	int error;

	if (path.len > 1 && path.text[path.len - 1] == '/')
		path.len--;
	error = check_path(loader, &path);
	if (!error)
		error = count_cgroup(loader, &path);
	if (error)
		return error;
	*ret = (struct policy_class){.kind = POLICY_FOR_CGROUP, .path = strndup(path.text, path.len)};
	return ret->path ? 0 : -ENOMEM;
}

/* What can stand behind @lead. */
#define EACH_CLASS      "`%s host`, `%s pods`, `%s hostnetwork` or `%s cgroup /PATH`"
#define EACH_LEAD(lead) (lead), (lead), (lead), (lead)

static void report_several(struct loader *loader, const struct word *word, const char *lead)
{
	report(loader, word->column, "`%.*s` is too much: one line has one `%s`; write a line for each", EXCERPT(word),
	       lead);
}

/* Words with which people go on to name whom else they mean. */
static bool goes_on(const struct word *word)
{
	static const char *const words[] = {"host", "pods", "hostnetwork", "cgroup", "and", "or", "not", "for"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word_is(word, words[i]))
			return true;
	return false;
}

static int report_class(struct loader *loader, const struct word *word, const char *lead)
{
	struct nearest nearest = {.loader = loader, .word = word};

	nearest_try(&nearest, "host");
	nearest_try(&nearest, "pods");
	nearest_try(&nearest, "hostnetwork");
	nearest_try(&nearest, "cgroup");
	if (word->text[0] == '/')
		report(loader, word->column, "a cgroup stands behind its word; write `%s cgroup %.*s`", lead,
		       EXCERPT(word));
	else if (memchr(word->text, ',', word->len))
		report_several(loader, word, lead);
	else if (nearest.best)
		report(loader, word->column, "unknown subject `%.*s`; did you mean `%s`?", EXCERPT(word), nearest.best);
	else
		report(loader, word->column, "unknown subject `%.*s`; write " EACH_CLASS, EXCERPT(word),
		       EACH_LEAD(lead));
	return -EINVAL;
}

/* `pods`, and what it may leave out. @words begin there; @ret_taken: so many of them. */
static int parse_pods(struct loader *loader, const struct word *words, size_t count, const char *lead,
		      size_t *ret_taken, struct policy_class *ret)
{
	ret->kind = POLICY_FOR_PODS;
	if (count > 1 && word_is(&words[1], "hostnetwork")) {
		report(loader, words[1].column,
		       "`%s pods` is every pod; write `%s hostnetwork`, or `%s pods not hostnetwork`", lead, lead,
		       lead);
		return -EINVAL;
	}
	if (count < 2 || !word_is(&words[1], "not"))
		return 0;
	if (count < 3 || !word_is(&words[2], "hostnetwork")) {
		report(loader, words[1].column,
		       "only `hostnetwork` can stand behind `not`; write `%s pods not hostnetwork`", lead);
		return -EINVAL;
	}
	ret->kind = POLICY_FOR_PODS_NOT_HOSTNETWORK;
	*ret_taken = 3;
	return 0;
}

int class_parse(struct loader *loader, const struct class_words *said, struct policy_class *ret)
{
	const struct word *words = said->words;
	size_t taken = 1;
	int error = 0;

	if (!said->count || (word_is(&words[0], "cgroup") && said->count < 2)) {
		report(loader, said->column, "`%s` does not say whom; write " EACH_CLASS, said->lead,
		       EACH_LEAD(said->lead));
		return -EINVAL;
	}
	if (word_is(&words[0], "host"))
		ret->kind = POLICY_FOR_HOST;
	else if (word_is(&words[0], "hostnetwork"))
		ret->kind = POLICY_FOR_HOSTNETWORK;
	else if (word_is(&words[0], "pods"))
		error = parse_pods(loader, words, said->count, said->lead, &taken, ret);
	else if (word_is(&words[0], "cgroup"))
		error = parse_cgroup(loader, words[taken++], ret);
	else
		return report_class(loader, &words[0], said->lead);
	if (error || said->count == taken)
		return error;
	if (goes_on(&words[taken]))
		report_several(loader, &words[taken], said->lead);
	else
		report(loader, words[taken].column,
		       "`%.*s` is too much: a line ends with its `%s`; write %s before it, and a comment behind a #",
		       EXCERPT(&words[taken]), said->lead, said->before);
	return -EINVAL;
}

bool class_is_same(const struct policy_class *a, const struct policy_class *b)
{
	return a->kind == b->kind && (a->kind != POLICY_FOR_CGROUP || !strcmp(a->path, b->path));
}

const char *policy_class_format(const struct policy_class *class, char buf[static POLICY_CLASS_TEXT_SIZE])
{
	static const char *const words[] = {
	    [POLICY_FOR_ALL] = "",
	    [POLICY_FOR_HOST] = "host",
	    [POLICY_FOR_PODS] = "pods",
	    [POLICY_FOR_HOSTNETWORK] = "hostnetwork",
	    [POLICY_FOR_PODS_NOT_HOSTNETWORK] = "pods not hostnetwork",
	    [POLICY_FOR_CGROUP] = "cgroup",
	};

	if (class->kind == POLICY_FOR_CGROUP)
		snprintf(buf, POLICY_CLASS_TEXT_SIZE, "cgroup %s", class->path);
	else
		snprintf(buf, POLICY_CLASS_TEXT_SIZE, "%s", words[class->kind]);
	return buf;
}
