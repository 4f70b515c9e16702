/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "loader.h"

/* The place that findings about -D name, since no file has them. */
static const struct source command_line = {.path = "command line"};

static bool is_name(const struct word *word)
{
	for (size_t i = 0; i < word->len; i++) {
		unsigned char c = (unsigned char)word->text[i];

		if (!isalpha(c) && c != '_' && (i == 0 || (!isdigit(c) && c != '-')))
			return false;
	}
	return word->len > 0;
}

static struct variable *find(struct loader *loader, const struct word *name)
{
	struct variable *variable;

	HASH_FIND(hh, loader->variables, name->text, (unsigned int)name->len, variable);
	return variable;
}

static int report_unknown(struct loader *loader, const struct word *name, unsigned int column)
{
	struct nearest nearest = {.loader = loader, .word = name};
	struct variable *variable, *next;
	struct word text = *name;

	text.text = arena_copy(&loader->arena, name->text, name->len);
	if (!text.text)
		return -ENOMEM;
	if (setting_is_known(text.text) && !setting_is_variable(text.text)) {
		report(loader, column, "`%.*s` is a setting, not a variable; give the variable another name",
		       EXCERPT(name));
		return -EINVAL;
	}
	HASH_ITER (hh, loader->variables, variable, next) {
		if (!loader->suggestions_left)
			break;
		if (!variable->setting)
			nearest_try(&nearest, variable->name);
	}
	if (nearest.best)
		report(loader, column, "unknown variable `%.*s`; did you mean `%s`?", EXCERPT(name), nearest.best);
	else
		report(loader, column,
		       "unknown variable `%.*s`; write `set %.*s = VALUE` before this line, or give -D %.*s=VALUE",
		       EXCERPT(name), EXCERPT(name), EXCERPT(name));
	return -EINVAL;
}

/* "${x}" at @at of the word; *ret_len is the length of all of it. */
static int look_up(struct loader *loader, const struct word *word, size_t at, size_t *ret_len, struct variable **ret)
{
	unsigned int column = word_part(word, at, 0).column;
	const char *text = word->text + at;
	size_t len = word->len - at;
	const char *close = memchr(text, '}', len);
	struct variable *variable;
	struct word name;

	if (len < 2 || text[1] != '{') {
		report(loader, column, "a `$` stands alone; a variable is written `${name}`");
		return -EINVAL;
	}
	if (!close) {
		report(loader, column, "`${` is not closed; a variable is written `${name}`");
		return -EINVAL;
	}
	name = word_part(word, at + 2, (size_t)(close - text) - 2);
	if (!is_name(&name)) {
		report(loader, column, "`%.*s` is not the name of a variable; use letters, digits, _ and -",
		       EXCERPT(&name));
		return -EINVAL;
	}
	variable = find(loader, &name);
	if (!variable || (variable->setting && !setting_is_variable(variable->name)))
		return report_unknown(loader, &name, column);
	variable->used = true;
	*ret_len = (size_t)(close - text) + 1;
	*ret = variable;
	return variable->count ? 0 : -EINVAL;
}

/* @variable brings in @count words more. */
static int count_words(struct loader *loader, const struct word *word, const struct variable *variable, size_t count)
{
	bool was_over = loader->expansions > EGRET_MAX_EXPANSIONS;

	loader->expansions += count;
	if (loader->expansions <= EGRET_MAX_EXPANSIONS)
		return 0;
	if (!was_over)
		report(loader, word->column,
		       "variables bring in more than %d words here, all lines together; use `%s` in fewer places",
		       EGRET_MAX_EXPANSIONS, variable->name);
	return -EINVAL;
}

static int expand_list(struct loader *loader, const struct word *word, const struct variable *variable)
{
	int error = count_words(loader, word, variable, variable->count);

	for (size_t i = 0; i < variable->count && !error; i++) {
		struct word value = variable->values[i];

		value.column = word->column;
		value.expanded = true;
		error = words_add(&loader->words, value);
	}
	return error;
}

/* A word while its variables are put in. */
struct filled {
	const struct word *word; /* as written */
	const struct variable *last;
	char text[EGRET_MAX_WORD_BYTES];
	size_t len;
};

static int append(struct loader *loader, struct filled *filled, struct word piece)
{
	if (filled->len + piece.len > sizeof(filled->text)) {
		report(loader, filled->word->column,
		       "with its variables this word is longer than %d bytes; make it shorter", EGRET_MAX_WORD_BYTES);
		return -EINVAL;
	}
	memcpy(filled->text + filled->len, piece.text, piece.len);
	filled->len += piece.len;
	return 0;
}

static int add_filled(struct loader *loader, const struct filled *filled)
{
	struct word word = {.len = filled->len, .column = filled->word->column, .expanded = true};
	int error = count_words(loader, filled->word, filled->last, 1);

	if (error)
		return error;
	word.text = arena_copy(&loader->arena, filled->text, filled->len);
	return word.text ? words_add(&loader->words, word) : -ENOMEM;
}

static int fill_from(struct loader *loader, struct filled *filled, size_t at);

/* @variable in the place before @at: each of its values, and each part of one that is a list with commas. */
static int fill_each(struct loader *loader, struct filled *filled, const struct variable *variable, size_t at)
{
	size_t before = filled->len;
	int error = 0;

	for (size_t i = 0; i < variable->count; i++) {
		struct word item;
		size_t next = 0;

		while (!error && word_next_item(&variable->values[i], &next, &item)) {
			filled->last = variable;
			filled->len = before;
			error = append(loader, filled, item);
			if (!error)
				error = fill_from(loader, filled, at);
		}
	}
	return error;
}

/* "a.${x}.b": a word for each value of x; where several lists stand in it, for each choice of their values. */
static int fill_from(struct loader *loader, struct filled *filled, size_t at)
{
	const struct word *word = filled->word;
	const char *dollar = memchr(word->text + at, '$', word->len - at);
	size_t len = (dollar ? (size_t)(dollar - word->text) : word->len) - at;
	struct variable *variable = NULL;
	int error;

	if (at == word->len)
		return add_filled(loader, filled);
	if (len)
		error = append(loader, filled, word_part(word, at, len));
	else
		error = look_up(loader, word, at, &len, &variable);
	if (error)
		return error;
	return variable ? fill_each(loader, filled, variable, at + len) : fill_from(loader, filled, at + len);
}

static int expand_inside(struct loader *loader, const struct word *word)
{
	struct filled filled = {.word = word};

	return fill_from(loader, &filled, 0);
}

static int expand_word(struct loader *loader, const struct word *word)
{
	const char *dollar = memchr(word->text, '$', word->len);
	struct variable *variable = NULL;
	size_t len;
	int error;

	if (!dollar)
		return words_add(&loader->words, *word);
	if (dollar != word->text || memchr(word->text, '}', word->len) != word->text + word->len - 1)
		return expand_inside(loader, word);
	error = look_up(loader, word, 0, &len, &variable);
	return error ? error : expand_list(loader, word, variable);
}

int variable_expand(struct loader *loader, const struct word *words, size_t count)
{
	int error = 0;

	loader->words.count = 0;
	for (size_t i = 0; i < count && error != -ENOMEM; i++)
		error = worse(error, expand_word(loader, &words[i]));
	return error;
}

static struct variable *add(struct loader *loader, const struct word *name)
{
	struct variable *variable = arena_alloc(&loader->arena, sizeof(*variable));

	if (!variable)
		return NULL;
	*variable = (struct variable){
	    .name = arena_copy(&loader->arena, name->text, name->len),
	    .source = loader->source,
	    .line = loader->line,
	    .column = name->column,
	};
	if (!variable->name)
		return NULL;
	variable->setting = setting_is_known(variable->name);
	HASH_ADD_KEYPTR(hh, loader->variables, variable->name, (unsigned int)name->len, variable);
	return variable->hh.tbl ? variable : NULL;
}

/* The words of the line, copied to where the variable can keep them. */
static int keep_values(struct loader *loader, struct variable *variable, const struct words *words)
{
	struct word *values = arena_alloc(&loader->arena, words->count * sizeof(*values));

	if (!values)
		return -ENOMEM;
	memcpy(values, words->items, words->count * sizeof(*values));
	variable->values = values;
	variable->count = words->count;
	return variable->setting ? setting_apply(loader, variable) : 0;
}

/* -D wins over every `set`, and a file over the defaults of the files that it uses. */
static bool has_priority(const struct loader *loader, const struct variable *variable)
{
	const struct source *user = loader->source->user;

	if (variable->source == &command_line)
		return true;
	while (user && user != variable->source)
		user = user->user;
	return user != NULL;
}

static int check_form(struct loader *loader, const struct statement *statement)
{
	const struct word *name = &statement->words[1];

	if (statement->count < 3 || !word_is(&statement->words[2], "=")) {
		report(loader, statement->count > 1 ? name->column : statement->words[0].column,
		       "`set` takes a name, a `=` between blanks and values; write `set location = eastus`");
		return -EINVAL;
	}
	if (!is_name(name)) {
		report(loader, name->column, "`%.*s` is not a name for a variable; use letters, digits, _ and -",
		       EXCERPT(name));
		return -EINVAL;
	}
	return 0;
}

int variable_set(struct loader *loader, const struct statement *statement)
{
	int error = check_form(loader, statement);
	const struct word *name;
	struct variable *variable;

	if (error)
		return error;
	name = &statement->words[1];
	error = variable_expand(loader, statement->words + 3, statement->count - 3);
	if (error == -ENOMEM)
		return error;
	if (!error && audited_is_said(name, &loader->words))
		return audited_parse(loader, &loader->words);
	variable = find(loader, name);
	if (variable && has_priority(loader, variable))
		return error;
	if (variable) {
		report(loader, name->column, "`%s` is set already at %s:%u; remove one of the two", variable->name,
		       variable->source->path, variable->line);
		if (!error)
			setting_apply_again(loader, variable->name, &loader->words);
		return -EINVAL;
	}
	variable = add(loader, name);
	if (!variable)
		return -ENOMEM;
	if (!error && !loader->words.count) {
		report(loader, statement->words[2].column, "`%s` has no value; write %s behind the `=`", variable->name,
		       setting_takes_one(variable->name) ? "one" : "one or more");
		error = -EINVAL;
	}
	return error ? error : keep_values(loader, variable, &loader->words);
}

static int split_define(struct loader *loader, const char *value)
{
	int error = 0;

	loader->words.count = 0;
	for (value += strspn(value, " \t\n"); !error && *value; value += strspn(value, " \t\n")) {
		size_t len = strcspn(value, " \t\n");

		error = words_add(&loader->words, (struct word){.text = value, .len = len, .expanded = true});
		value += len;
	}
	return error;
}

int variable_define(struct loader *loader, const struct policy_define *define)
{
	struct word name = {.text = define->name, .len = strlen(define->name), .expanded = true};
	struct variable *variable;

	loader->source = &command_line;
	loader->line = 0;
	if (!is_name(&name)) {
		report(loader, 0, "-D `%.*s`: not a name for a variable; use letters, digits, _ and -", EXCERPT(&name));
		return -EINVAL;
	}
	if (find(loader, &name)) {
		report(loader, 0, "-D %s is given twice; give it once, a list between quotes", define->name);
		return -EINVAL;
	}
	if (split_define(loader, define->value))
		return -ENOMEM;
	variable = add(loader, &name);
	if (!variable)
		return -ENOMEM;
	if (loader->words.count)
		return keep_values(loader, variable, &loader->words);
	report(loader, 0, "-D %s has no value; write -D %s=VALUE", define->name, define->name);
	return -EINVAL;
}

/* Where a file sets a variable of nearly that name, the name behind -D was mistyped. */
static const char *meant_instead(struct loader *loader, const struct variable *unused)
{
	struct word name = {.text = unused->name, .len = strlen(unused->name)};
	struct nearest nearest = {.loader = loader, .word = &name};
	struct variable *variable, *next;

	HASH_ITER (hh, loader->variables, variable, next) {
		if (variable != unused)
			nearest_try(&nearest, variable->name);
	}
	return nearest.best;
}

static bool is_defined(const struct variable *variable)
{
	return variable->source == &command_line;
}

static void report_unused(struct loader *loader, const struct variable *variable)
{
	struct diag_place place = {variable->source->path, variable->line, variable->column};
	const char *meant = is_defined(variable) ? meant_instead(loader, variable) : NULL;
	const char *setting = meant ? NULL : setting_meant(loader, variable->name);

	if (setting)
		diag_add(loader->diag, DIAG_ERROR, place,
			 "no setting is called `%s`, and nothing uses it as a variable; did you mean `%s`?",
			 variable->name, setting);
	else if (meant)
		diag_add(loader->diag, DIAG_WARNING, place, "variable `%s` is never used; did you mean `%s`?",
			 variable->name, meant);
	else if (!variable->source->user)
		diag_add(loader->diag, DIAG_WARNING, place, "variable `%s` is never used; remove it, or write `${%s}`",
			 variable->name, variable->name);
}

/* A file that others use may set variables that nobody needs: no finding. But a misspelt setting is one in any file,
 * since its author believes that it holds. */
void variable_report_unused(struct loader *loader)
{
	struct variable *variable, *next;

	HASH_ITER (hh, loader->variables, variable, next) {
		if (!variable->used && variable->count && !variable->setting)
			report_unused(loader, variable);
	}
}
