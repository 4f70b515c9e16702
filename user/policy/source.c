/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/hash.h"
#include "../base/text.h"
#include "loader.h"

#define SUFFIX ".rules"

/* For a file that a person named there is no line to point at; for `use` there is. */
static int report_file(struct loader *loader, const char *path, unsigned int column, const char *why)
{
	struct diag_place place = {.file = path};

	if (loader->source)
		report(loader, column, "`%s` %s", path, why);
	else
		diag_add(loader->diag, DIAG_ERROR, place, "%s", why);
	return -EINVAL;
}

static int report_errno(struct loader *loader, const char *path, unsigned int column, int error)
{
	char why[160];

	snprintf(why, sizeof(why), "cannot be read (%s); name a rules file that this user may read", strerror(error));
	return report_file(loader, path, column, why);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Fills @text as far as the file goes. The length, or a negative errno. */
static ssize_t read_all(int fd, char *text, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t got = read(fd, text + len, room - len);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			break;
		if (got > 0)
			len += (size_t)got;
	}
	return (ssize_t)len;
}

static int check_kind(struct loader *loader, const char *path, unsigned int column, const struct stat *st)
{
	char why[96];

	if (S_ISDIR(st->st_mode))
		return report_file(loader, path, column, "is a directory; name a rules file in it");
	if (!S_ISREG(st->st_mode))
		return report_file(loader, path, column, "is not a regular file; write the rules to one");
	if (strlen(path) >= EGRET_PATH_SIZE) {
		snprintf(why, sizeof(why), "has a path of more than %d bytes; use a shorter one", EGRET_PATH_SIZE - 1);
		return report_file(loader, path, column, why);
	}
	if (st->st_size > EGRET_MAX_FILE_BYTES) {
		snprintf(why, sizeof(why), "is larger than %d bytes; split it into several files",
			 EGRET_MAX_FILE_BYTES);
		return report_file(loader, path, column, why);
	}
	return 0;
}

static int report_circle(struct loader *loader, unsigned int column, const struct source *again)
{
	char chain[EGRET_MAX_USE_DEPTH * (EGRET_PATH_SIZE + 8)];
	const struct source *links[EGRET_MAX_USE_DEPTH];
	size_t count = 0, len = 0;

	for (const struct source *s = loader->source; s != again->user; s = s->user)
		links[count++] = s;
	chain[0] = '\0';
	while (count)
		len += (size_t)snprintf(chain + len, sizeof(chain) - len, "%s uses ", links[--count]->path);
	report(loader, column, "files use each other in a circle: %s%s; remove one of these `use`", chain, again->path);
	return -EINVAL;
}

static bool is_text(const char *text, size_t len)
{
	return !memchr(text, '\0', len) && text_utf8_len(text, len) == len;
}

static int use_file(struct loader *loader, const struct word *word);

static int parse_line(struct loader *loader, const char *line, size_t len)
{
	struct statement statement;
	int error = line_split(loader, line, len, &statement);

	loader->used = NULL;
	if (!error && statement.count)
		error = statement_parse(loader, &statement);
	return error || !loader->used ? error : use_file(loader, loader->used);
}

/* A line that is no text was reported. The others are read all the same: one may be `set mode = off`. */
static int parse_lines(struct loader *loader, const char *text, size_t len)
{
	const char *end = text + len;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* a byte order mark, as some editors write */
		text += 3;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const char *next = stop ? stop + 1 : end;
		size_t line_len = (size_t)((stop ? stop : end) - text);
		int error;

		if (line_len && text[line_len - 1] == '\r')
			line_len--;
		loader->line++;
		error = is_text(text, line_len) ? parse_line(loader, text, line_len) : -EINVAL;
		if (error == -ENOMEM)
			return error;
		text = next;
	}
	return 0;
}

static int report_byte(struct loader *loader, const char *text, const char *byte)
{
	const char *line = text;

	loader->line = 1;
	for (const char *c = text; c < byte; c++) {
		if (*c == '\n') {
			loader->line++;
			line = c + 1;
		}
	}
	if (*byte)
		report(loader, (unsigned int)(byte - line) + 1, "this byte is not UTF-8; save the file as UTF-8");
	else
		report(loader, (unsigned int)(byte - line) + 1,
		       "the file holds a NUL byte; write it as plain text in UTF-8");
	return -EINVAL;
}

/* @text must live as long as the load: variables point into it. */
static int parse_text(struct loader *loader, struct source *source, const char *text, size_t len)
{
	const struct source *outer = loader->source;
	unsigned int outer_line = loader->line;
	const char *nul = memchr(text, '\0', len);
	const char *wrong = nul ? nul : text + text_utf8_len(text, len);
	int error = 0;

	loader->policy->text_hash = hash_bytes(loader->policy->text_hash, text, len);
	loader->source = source;
	source->reading = true;
	if (wrong < text + len)
		error = report_byte(loader, text, wrong);
	loader->line = 0;
	error = worse(error, parse_lines(loader, text, len));
	source->reading = false;
	loader->source = outer;
	loader->line = outer_line;
	return error;
}

static struct source *new_source(struct loader *loader, const char *path)
{
	struct source *source = arena_alloc(&loader->arena, sizeof(*source));
	char *copy = arena_copy(&loader->arena, path, strlen(path));

	if (!source || !copy)
		return NULL;
	source->path = copy;
	source->user = loader->source;
	source->depth = loader->source ? loader->source->depth + 1 : 1;
	source->floor = !strcmp(base_name(path), "node" SUFFIX);
	return source;
}

static int add_file(struct loader *loader, const char *path, const struct stat *st, const char *fault)
{
	struct policy *policy = loader->policy;
	struct policy_file *files =
	    reserve(policy->files, &loader->file_capacity, policy->file_count + 1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	policy->files = files;
	files[policy->file_count] = (struct policy_file){strdup(path), st->st_dev,  st->st_ino,
							 st->st_size,  st->st_mtim, *fault ? strdup(fault) : NULL};
	policy->file_count++;
	return !files[policy->file_count - 1].path || (*fault && !files[policy->file_count - 1].fault) ? -ENOMEM : 0;
}

/* What was read, from the disk or from what is kept. */
struct content {
	struct source_id id;
	const char *text;
	size_t len;
	bool hidden;
};

static int parse_new(struct loader *loader, const char *path, const struct content *content)
{
	struct source *source = new_source(loader, path);

	if (!source)
		return -ENOMEM;
	source->hidden = content->hidden || (source->user && source->user->hidden);
	source->id = content->id;
	source->text = loader->policy->text_count;
	HASH_ADD(hh, loader->sources, id, sizeof(source->id), source);
	if (!source->hh.tbl || text_keep(loader, path, content->text, content->len, source->hidden))
		return -ENOMEM;
	return parse_text(loader, source, content->text, content->len);
}

/* A file that was met before is not read twice. false: it is a new one. */
static bool is_known(struct loader *loader, const char *path, unsigned int column, const struct source_id *id,
		     int *ret_error)
{
	struct source *known;

	HASH_FIND(hh, loader->sources, id, sizeof(*id), known);
	if (known)
		*ret_error =
		    known->reading ? report_circle(loader, column, known) : text_found_by(loader, known->text, path);
	return known;
}

static int parse_read(struct loader *loader, const char *path, const struct stat *st, struct content *content)
{
	struct way_finding way;

	way_look(path, &way);
	content->hidden = way.fault[0] || (way.by_link && !(st->st_mode & S_IROTH));
	return add_file(loader, path, st, way.fault) ? -ENOMEM : parse_new(loader, path, content);
}

static int read_open(struct loader *loader, int fd, const char *path, unsigned int column)
{
	struct content content = {};
	struct stat st;
	ssize_t len;
	char *text;
	int error;

	if (fstat(fd, &st))
		return report_errno(loader, path, column, errno);
	error = check_kind(loader, path, column, &st);
	if (error)
		return error;
	content.id.dev = st.st_dev;
	content.id.ino = st.st_ino;
	if (is_known(loader, path, column, &content.id, &error))
		return error;

	text = arena_alloc(&loader->arena, (size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	len = read_all(fd, text, (size_t)st.st_size + 1);
	if (len < 0)
		return report_errno(loader, path, column, (int)-len);
	if (len > st.st_size)
		return report_file(loader, path, column, "grows while it is read; give it once it is written");
	content.text = text;
	content.len = (size_t)len;
	return parse_read(loader, path, &st, &content);
}

/* A text that is kept has its index in place of an inode. What the file of that path says now plays no part; but it is
 * watched, since a change of it ends the use of the text that is kept. */
static int read_kept(struct loader *loader, const char *path, unsigned int column)
{
	const struct policy_text *kept = text_find(loader->options, path);
	struct content content = {};
	struct stat st = {};
	int error;

	if (!kept)
		return report_errno(loader, path, column, ENOENT);
	content.id.ino = (ino_t)(kept - loader->options->texts) + 1;
	if (is_known(loader, path, column, &content.id, &error))
		return error;
	content.text = kept->text;
	content.len = kept->len_bytes;
	content.hidden = kept->hidden;
	stat(path, &st);
	return add_file(loader, path, &st, "") ? -ENOMEM : parse_new(loader, path, &content);
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static int read_path(struct loader *loader, const char *path, unsigned int column)
{
	int fd, error;

	if (loader->options->texts)
		return read_kept(loader, path, column);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return report_errno(loader, path, column, errno);
	error = read_open(loader, fd, path, column);
	close(fd);
	return error;
}

int source_read_main(struct loader *loader, const char *path)
{
	loader->source = NULL;
	return read_path(loader, path, 0);
}

int source_read_text(struct loader *loader, const char *name, const char *text, size_t len)
{
	struct source *source;

	loader->source = NULL;
	source = new_source(loader, name);
	if (!source)
		return -ENOMEM;
	if (len > EGRET_MAX_FILE_BYTES) {
		report_file(loader, name, 0, "is larger than a rules file can be; split it into several files");
		return -EINVAL;
	}
	return parse_text(loader, source, text, len);
}

/* Where `use` looks: joins folder and name; false if such a file is not there. */
static bool is_there(const struct loader *loader, const char *folder, size_t folder_len, const char *name,
		     char ret_path[static PATH_MAX])
{
	bool has_suffix = strlen(name) >= strlen(SUFFIX) && !strcmp(name + strlen(name) - strlen(SUFFIX), SUFFIX);
	struct stat st;
	int len = snprintf(ret_path, PATH_MAX, "%.*s%s%s%s", (int)folder_len, folder,
			   folder_len && folder[folder_len - 1] != '/' ? "/" : "", name, has_suffix ? "" : SUFFIX);

	if (len < 0 || len >= PATH_MAX)
		return false;
	if (loader->options->texts)
		return text_find(loader->options, ret_path);
	/* Every other error is reported when the file is opened. */
	return !stat(ret_path, &st) || (errno != ENOENT && errno != ENOTDIR);
}

/* With its slash; "" for the working directory. */
static size_t folder_len(const char *path)
{
	return (size_t)(base_name(path) - path);
}

static bool find_file(const struct loader *loader, const char *name, char ret_path[static PATH_MAX])
{
	const char *rules_path = loader->options->rules_path ? loader->options->rules_path : "";
	const struct source *main_source = loader->source;

	if (name[0] == '/')
		return is_there(loader, "", 0, name, ret_path);
	while (main_source->user)
		main_source = main_source->user;
	if (is_there(loader, loader->source->path, folder_len(loader->source->path), name, ret_path) ||
	    is_there(loader, main_source->path, folder_len(main_source->path), name, ret_path))
		return true;
	for (size_t len; *rules_path; rules_path += len + (rules_path[len] == ':')) {
		len = strcspn(rules_path, ":");
		if (len && is_there(loader, rules_path, len, name, ret_path))
			return true;
	}
	return false;
}

static void report_no_file(struct loader *loader, const struct word *word)
{
	const char *path = loader->source->path, *rules_path = loader->options->rules_path;
	int len = (int)folder_len(path);

	report(
	    loader, word->column,
	    "no file `%.*s` or `%.*s.rules` in %.*s, nor in the rules path (%s); name one that is there, or its folder "
	    "by --rules-path DIR",
	    EXCERPT(word), EXCERPT(word), len ? len : 1, len ? path : ".",
	    rules_path && *rules_path ? rules_path : "which is empty");
}

static int use_file(struct loader *loader, const struct word *word)
{
	char *name = arena_copy(&loader->arena, word->text, word->len);
	unsigned int column = word->column; /* @word is gone once another file is parsed */
	char path[PATH_MAX];

	if (!name)
		return -ENOMEM;
	if (loader->source->depth >= EGRET_MAX_USE_DEPTH) {
		report(loader, column, "files use each other more than %d deep; use `%.*s` from an outer file",
		       EGRET_MAX_USE_DEPTH, EXCERPT(word));
		return -EINVAL;
	}
	if (!find_file(loader, name, path)) {
		report_no_file(loader, word);
		return -EINVAL;
	}
	return read_path(loader, path, column);
}
