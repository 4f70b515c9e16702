// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kept.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/hash.h"

#define HEADER      "egret-policy 1 %016" PRIx64 " %010zu\n"
#define HEADER_LEN  43 /* of what it prints, for LENGTH <= KEPT_MAX_BYTES */
#define HEADER_SIZE 64

/* --- writing --- */

static void write_record(FILE *to, const char *word, const char *bytes, size_t len)
{
	fprintf(to, "%s %zu\n", word, len);
	fwrite(bytes, 1, len, to);
	fputc('\n', to);
}

static void write_text(FILE *to, const char *word, const char *text)
{
	write_record(to, word, text, strlen(text));
}

static void write_options(FILE *to, const struct policy_options *options)
{
	if (options->rules_path)
		write_text(to, "rules-path", options->rules_path);
	for (size_t i = 0; i < options->define_count; i++) {
		const struct policy_define *define = &options->defines[i];

		fprintf(to, "define %zu\n%s=%s\n", strlen(define->name) + 1 + strlen(define->value), define->name,
			define->value);
	}
	for (size_t i = 0; i < options->path_count; i++)
		write_text(to, "main", options->paths[i]);
	for (size_t i = 0; i < options->text_count; i++) {
		const struct policy_text *text = &options->texts[i];

		for (size_t p = 0; p < text->path_count; p++)
			write_text(to, "path", text->paths[p]);
		write_record(to, text->hidden ? "hidden" : "text", text->text, text->len_bytes);
	}
}

/* false: no memory. */
static bool write_name(FILE *to, const struct kept_name *name)
{
	char address[ADDR_TEXT_SIZE], *line = NULL;
	size_t len = 0;
	FILE *words = open_memstream(&line, &len);
	bool written;

	if (!words)
		return false;
	fprintf(words, "%s %" PRIu64, name->name, name->answered_ns);
	for (size_t i = 0; i < name->count; i++)
		fprintf(words, " %s", addr_format(&name->addrs[i], address));
	written = !ferror(words) && !fclose(words);
	if (written)
		write_record(to, "name", line, len);
	free(line);
	return written;
}

static bool write_body(FILE *to, const struct kept_policy *kept)
{
	char number[24];
	bool written = true;

	write_text(to, "version", kept->version);
	snprintf(number, sizeof(number), "%" PRIu64, kept->ruled_ns);
	write_text(to, "ruled", number);
	write_options(to, &kept->options);
	for (size_t i = 0; i < kept->name_count && written; i++)
		written = write_name(to, &kept->names[i]);
	return written && !ferror(to);
}

static int print_header(char header[static HEADER_SIZE], const char *body, size_t len)
{
	return snprintf(header, HEADER_SIZE, HEADER, hash_bytes(HASH_BEGIN, body, len), len);
}

int kept_format(const struct kept_policy *kept, char **ret, size_t *ret_len_bytes)
{
	char header[HEADER_SIZE], *bytes = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&bytes, &len);
	bool written;

	if (!to)
		return -ENOMEM;
	fprintf(to, "%*s", HEADER_LEN, ""); /* its place */
	written = write_body(to, kept);
	if (fclose(to) || !written || len > KEPT_MAX_BYTES) {
		free(bytes);
		return written && len > KEPT_MAX_BYTES ? -EFBIG : -ENOMEM;
	}
	print_header(header, bytes + HEADER_LEN, len - HEADER_LEN);
	memcpy(bytes, header, HEADER_LEN);
	*ret = bytes;
	*ret_len_bytes = len;
	return 0;
}

/* --- reading --- */

struct record {
	const char *word, *bytes;
	size_t word_len, len;
};

/* false at the end, and where it is no record: *at is the end only in the first case. */
static bool next_record(const char **at, const char *end, struct record *ret)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	const char *blank = stop ? memchr(*at, ' ', (size_t)(stop - *at)) : NULL;
	size_t len = 0, room;

	if (!blank || blank + 1 == stop)
		return false;
	room = (size_t)(end - stop) - 1;
	for (const char *digit = blank + 1; digit < stop; digit++) {
		if (*digit < '0' || *digit > '9' || len > room)
			return false;
		len = len * 10 + (size_t)(*digit - '0');
	}
	if (len >= room || stop[1 + len] != '\n')
		return false;
	*ret = (struct record){*at, stop + 1, (size_t)(blank - *at), len};
	*at = stop + 1 + len + 1;
	return true;
}

static bool is(const struct record *record, const char *word)
{
	return record->word_len == strlen(word) && !memcmp(record->word, word, record->word_len);
}

/* What has to be counted before there is room for it. */
struct counts {
	size_t defines, mains, paths, texts, names;
};

static bool count_records(const char *body, const char *end, struct counts *ret)
{
	struct record record;

	*ret = (struct counts){};
	while (next_record(&body, end, &record)) {
		ret->defines += is(&record, "define");
		ret->mains += is(&record, "main");
		ret->paths += is(&record, "path");
		ret->texts += is(&record, "text") || is(&record, "hidden");
		ret->names += is(&record, "name");
	}
	return body == end;
}

/* Writable as long as it is filled. */
struct filling {
	struct kept_policy *kept;
	struct policy_define *defines;
	const char **mains;
	char **paths; /* of all texts; the last so many are those of the next text */
	size_t path_count;
	struct policy_text *texts;
	struct kept_name *names;
};

static int reserve_all(struct filling *filling, const struct counts *counts)
{
	struct kept_policy *kept = filling->kept;
	struct arena *memory = &kept->memory;

	filling->defines = arena_alloc(memory, (counts->defines + 1) * sizeof(*filling->defines));
	filling->mains = arena_alloc(memory, (counts->mains + 1) * sizeof(*filling->mains));
	filling->paths = arena_alloc(memory, (counts->paths + 1) * sizeof(*filling->paths));
	filling->texts = arena_alloc(memory, (counts->texts + 1) * sizeof(*filling->texts));
	filling->names = arena_alloc(memory, (counts->names + 1) * sizeof(*filling->names));
	if (!filling->defines || !filling->mains || !filling->paths || !filling->texts || !filling->names)
		return -ENOMEM;
	kept->options.defines = filling->defines;
	kept->options.paths = filling->mains;
	kept->options.texts = filling->texts;
	kept->names = filling->names;
	return 0;
}

static int add_define(struct filling *filling, char *copy)
{
	char *equals = strchr(copy, '=');

	if (!equals)
		return -EBADMSG;
	*equals = '\0';
	filling->defines[filling->kept->options.define_count++] = (struct policy_define){copy, equals + 1};
	return 0;
}

static int add_text(struct filling *filling, const struct record *record, char *copy)
{
	if (!filling->path_count)
		return -EBADMSG;
	filling->texts[filling->kept->options.text_count++] = (struct policy_text){
	    filling->paths, filling->path_count, copy, record->len, is(record, "hidden"),
	};
	filling->paths += filling->path_count;
	filling->path_count = 0;
	return 0;
}

static size_t count_words(const char *text)
{
	size_t count = 1;

	for (; *text; text++)
		count += *text == ' ';
	return count;
}

static int add_name(struct filling *filling, char *copy)
{
	struct kept_policy *kept = filling->kept;
	struct egret_addr *addrs = arena_alloc(&kept->memory, count_words(copy) * sizeof(*addrs));
	char *save = NULL, *name = strtok_r(copy, " ", &save), *answered = strtok_r(NULL, " ", &save), *word;
	size_t count = 0;

	if (!addrs)
		return -ENOMEM;
	if (!answered)
		return -EBADMSG;
	while ((word = strtok_r(NULL, " ", &save)))
		if (addr_parse(word, &addrs[count++]))
			return -EBADMSG;
	filling->names[kept->name_count++] = (struct kept_name){name, addrs, count, strtoull(answered, NULL, 10)};
	return 0;
}

static int take_record(struct filling *filling, const struct record *record)
{
	struct kept_policy *kept = filling->kept;
	char *copy = arena_copy(&kept->memory, record->bytes, record->len);

	if (!copy)
		return -ENOMEM;
	if (is(record, "version"))
		kept->version = copy;
	else if (is(record, "ruled"))
		kept->ruled_ns = strtoull(copy, NULL, 10);
	else if (is(record, "rules-path"))
		kept->options.rules_path = copy;
	else if (is(record, "define"))
		return add_define(filling, copy);
	else if (is(record, "main"))
		filling->mains[kept->options.path_count++] = copy;
	else if (is(record, "path"))
		filling->paths[filling->path_count++] = copy;
	else if (is(record, "text") || is(record, "hidden"))
		return add_text(filling, record, copy);
	else if (is(record, "name"))
		return add_name(filling, copy);
	return 0;
}

static int take_body(struct kept_policy *kept, const char *body, const char *end)
{
	struct filling filling = {.kept = kept};
	struct record record;
	struct counts counts;
	int rc;

	if (!count_records(body, end, &counts))
		return -EBADMSG;
	rc = reserve_all(&filling, &counts);
	while (!rc && next_record(&body, end, &record))
		rc = take_record(&filling, &record);
	if (!rc && (!kept->version || !kept->options.path_count || filling.path_count))
		rc = -EBADMSG;
	return rc;
}

/* The header must be, byte for byte, the one that kept_format would write for this text. */
static bool is_whole(const char *bytes, size_t len)
{
	char header[HEADER_SIZE];

	if (len < HEADER_LEN || len > KEPT_MAX_BYTES)
		return false;
	print_header(header, bytes + HEADER_LEN, len - HEADER_LEN);
	return !memcmp(bytes, header, HEADER_LEN);
}

int kept_parse(const char *bytes, size_t len_bytes, struct kept_policy *ret)
{
	struct kept_policy kept = {};
	int rc = -EBADMSG;

	if (is_whole(bytes, len_bytes))
		rc = take_body(&kept, bytes + HEADER_LEN, bytes + len_bytes);
	if (rc)
		kept_clear(&kept);
	else
		*ret = kept;
	return rc;
}

void kept_clear(struct kept_policy *kept)
{
	arena_clear(&kept->memory);
	*kept = (struct kept_policy){};
}
