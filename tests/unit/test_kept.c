// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The last good policy: what comes back from the state folder is what was read then, or nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/state.h"
#include "policy/kept.h"

static char root[64], rules[96], folder[96];

static void write_file(const char *name, const char *text)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", rules, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int make_root(void **state)
{
	char command[256];

	(void)state;
	snprintf(root, sizeof(root), "/tmp/egret-kept-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(rules, sizeof(rules), "%s/rules", root);
	snprintf(folder, sizeof(folder), "%s/state", root);
	snprintf(command, sizeof(command), "mkdir -p -m 0700 %s/inner %s/path", rules, rules);
	return system(command);
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* Files that use each other, beside each other and by the rules path; one is met twice, the second time by a link. */
static void write_rules(void)
{
	char path[192];

	write_file("main.rules", "set place = here\nset min_ttl = 1000\nuse inner/node\nuse far\nuse again\n"
				 "allow *.${place}.example tcp:443 # what for\nallow www.example.com udp:53\n");
	write_file("inner/node.rules", "use near\nallow 20.0.0.1 tcp:1\n");
	write_file("inner/near.rules", "allow 20.0.0.2 tcp:2\n");
	write_file("near.rules", "allow 20.0.0.3 tcp:3\n");
	write_file("path/far.rules", "use near\nallow 20.0.0.4 tcp:4\n");
	snprintf(path, sizeof(path), "%s/again.rules", rules);
	unlink(path);
	assert_int_equal(symlink("path/far.rules", path), 0);
}

static struct policy *load(const struct policy_options *options)
{
	struct policy *policy = NULL;
	struct diag diag = {};

	if (policy_load(options, &policy, &diag))
		diag_print(&diag, stderr);
	diag_clear(&diag);
	return policy;
}

/* Findings are no matter. */
static struct policy *load_quietly(const struct policy_options *options)
{
	struct policy *policy = NULL;
	struct diag diag = {};

	policy_load(options, &policy, &diag);
	diag_clear(&diag);
	return policy;
}

static void is_same_policy(const struct policy *a, const struct policy *b)
{
	assert_true(a->text_hash == b->text_hash);
	assert_int_equal(a->rule_count, b->rule_count);
	for (size_t i = 0; i < a->rule_count; i++) {
		assert_string_equal(a->rules[i].text, b->rules[i].text);
		assert_string_equal(a->rules[i].file, b->rules[i].file);
		assert_string_equal(a->rules[i].purpose, b->rules[i].purpose);
		assert_int_equal(a->rules[i].line, b->rules[i].line);
		assert_int_equal(a->rules[i].floor, b->rules[i].floor);
	}
	assert_int_equal(a->settings.min_ttl_sec, b->settings.min_ttl_sec);
	assert_int_equal(a->file_count, b->file_count);
	for (size_t i = 0; i < a->file_count; i++)
		assert_string_equal(a->files[i].path, b->files[i].path);
}

/* The files of write_rules, as the agent keeps them. */
struct sample {
	char main[160], path[160];
	const char *paths[1];
	struct policy_define define;
	struct policy_options options;
	struct policy *policy;
	struct egret_addr addrs[2];
	struct kept_name name;
	char *bytes;
	size_t len;
};

static void make_sample(struct sample *sample)
{
	struct kept_policy kept;

	write_rules();
	*sample = (struct sample){.define = {"place", "there"}};
	snprintf(sample->main, sizeof(sample->main), "%s/main.rules", rules);
	snprintf(sample->path, sizeof(sample->path), "%s/nowhere:%s/path", rules, rules);
	sample->paths[0] = sample->main;
	sample->options = (struct policy_options){sample->paths, 1, &sample->define, 1, sample->path, NULL, 0};
	sample->policy = load(&sample->options);
	assert_non_null(sample->policy);
	assert_int_equal(addr_parse("20.1.2.3", &sample->addrs[0]), 0);
	assert_int_equal(addr_parse("2001:db8::1", &sample->addrs[1]), 0);
	sample->name = (struct kept_name){"www.example.com", sample->addrs, 2, 1790000000123456789};
	kept = (struct kept_policy){"0.9.9", 1790000001000000000, sample->options, &sample->name, 1, {}};
	kept.options.texts = sample->policy->texts;
	kept.options.text_count = sample->policy->text_count;
	assert_int_equal(kept_format(&kept, &sample->bytes, &sample->len), 0);
}

static void clear_sample(struct sample *sample)
{
	policy_free(sample->policy);
	free(sample->bytes);
}

static void a_kept_policy_is_read_as_it_was(void **state)
{
	struct kept_policy kept = {};
	struct sample sample;
	struct policy *again;

	(void)state;
	make_sample(&sample);
	/* Its files say something else by now, or nothing. */
	write_file("main.rules", "allow nonsense\n");
	write_file("inner/near.rules", "deny 20.0.0.2\n");
	write_file("path/near.rules", "allow 20.0.0.9 tcp:9\n"); /* was not there, so it is not found */
	assert_int_equal(kept_parse(sample.bytes, sample.len, &kept), 0);
	again = load(&kept.options);
	assert_non_null(again);
	is_same_policy(sample.policy, again);
	assert_string_equal(kept.version, "0.9.9");
	assert_true(kept.ruled_ns == 1790000001000000000);
	assert_int_equal(kept.name_count, 1);
	assert_string_equal(kept.names[0].name, "www.example.com");
	assert_true(kept.names[0].answered_ns == 1790000000123456789);
	assert_int_equal(kept.names[0].count, 2);
	assert_memory_equal(kept.names[0].addrs, sample.addrs, sizeof(sample.addrs));
	policy_free(again);
	kept_clear(&kept);
	clear_sample(&sample);
}

/* What was kept of a policy that was read from what was kept. */
static void a_kept_policy_is_kept_once_more(void **state)
{
	struct kept_policy kept = {}, twice;
	struct sample sample;
	struct policy *again;
	char *bytes;
	size_t len;

	(void)state;
	make_sample(&sample);
	assert_int_equal(kept_parse(sample.bytes, sample.len, &kept), 0);
	again = load(&kept.options);
	assert_non_null(again);
	twice = kept;
	twice.options.texts = again->texts;
	twice.options.text_count = again->text_count;
	assert_int_equal(kept_format(&twice, &bytes, &len), 0);
	assert_int_equal(len, sample.len);
	assert_memory_equal(bytes, sample.bytes, len);
	free(bytes);
	policy_free(again);
	kept_clear(&kept);
	clear_sample(&sample);
}

static void is_damaged(const char *bytes, size_t len)
{
	struct kept_policy kept;
	/* Of its own size: a read behind the end is seen. */
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	assert_int_equal(kept_parse(copy, len, &kept), -EBADMSG);
	free(copy);
}

static void what_is_damaged_is_refused(void **state)
{
	struct sample sample;
	char *longer;

	(void)state;
	make_sample(&sample);
	for (size_t len = 0; len < sample.len; len++)
		is_damaged(sample.bytes, len);
	for (size_t at = 0; at < sample.len; at++) {
		for (int bit = 0; bit < 8; bit++) {
			sample.bytes[at] ^= 1 << bit;
			is_damaged(sample.bytes, sample.len);
			sample.bytes[at] ^= 1 << bit;
		}
	}
	longer = malloc(sample.len + 1);
	assert_non_null(longer);
	memcpy(longer, sample.bytes, sample.len);
	longer[sample.len] = '\n';
	is_damaged(longer, sample.len + 1);
	free(longer);
	clear_sample(&sample);
}

/* A checksum that holds, over records that are none: of another release, or by a hand that counted wrong. */
static void records_that_are_none_are_refused(void **state)
{
	static const char *const bodies[] = {
	    "",
	    "version 1\n1\n",                   /* no policy */
	    "main 1\nx\npath 1\nx\ntext 0\n\n", /* no version */
	    "version 1\n1\nmain 1\nx\npath 1\nx\n",
	    "version 1\n1\nmain 1\nx\ntext 0\n\n",
	    "version 1\n1\nmain 1\nx\ndefine 1\nx\n",
	    "version 1\n1\nmain 1\nx\nname 1\nx\n",
	    "version 1\n1\nmain 1\nx\nname 11\nx 1 20.0.0.x\n",
	    "version 1\n1\nmain 2\nx\n",
	    "version 1\n1\nmain 0\nx\n",
	    "version 1\n1\nmain -1\nx\n",
	    "version 1\n1\nmain \nx\n",
	    "version 1\n1\nmain 18446744073709551617\nx\n",
	    "version 1\n1\nmain 18446744073709551615\nx\n",
	    "version 1\n1\nmain 99999999999999999999999999999999999\nx\n",
	    "version 1\n1\nmain 1\nx",
	};
	char text[512];
	struct kept_policy kept;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int len = snprintf(text, sizeof(text), "egret-policy 1 %016llx %010zu\n%s",
				   (unsigned long long)hash_bytes(HASH_BEGIN, bodies[i], strlen(bodies[i])),
				   strlen(bodies[i]), bodies[i]);

		is_damaged(text, (size_t)len);
	}
	/* But a word that a later release added is no damage. */
	{
		static const char body[] = "version 1\n1\nlater 3\na\nb\nmain 1\nx\n";
		int len = snprintf(text, sizeof(text), "egret-policy 1 %016llx %010zu\n%s",
				   (unsigned long long)hash_bytes(HASH_BEGIN, body, strlen(body)), strlen(body), body);

		assert_int_equal(kept_parse(text, (size_t)len, &kept), 0);
		assert_string_equal(kept.options.paths[0], "x");
		kept_clear(&kept);
	}
}

/* With a checksum that holds: read in full or refused, and nothing behind its end (ASan looks). */
static void a_record_that_lies_is_no_harm(void **state)
{
	static const char letters[] = " \n=0199x";
	const size_t header_len = strlen("egret-policy 1 0123456789abcdef 0123456789\n");
	struct sample sample;

	(void)state;
	make_sample(&sample);
	for (size_t at = header_len; at < sample.len; at++) {
		for (size_t letter = 0; letter < sizeof(letters); letter++) { /* the NUL, too */
			struct kept_policy kept;
			char *copy = malloc(sample.len);
			char header[64];
			int rc;

			assert_non_null(copy);
			memcpy(copy, sample.bytes, sample.len);
			copy[at] = letters[letter];
			snprintf(header, sizeof(header), "egret-policy 1 %016llx %010zu\n",
				 (unsigned long long)hash_bytes(HASH_BEGIN, copy + header_len, sample.len - header_len),
				 sample.len - header_len);
			memcpy(copy, header, header_len);
			rc = kept_parse(copy, sample.len, &kept);
			assert_true(!rc || rc == -EBADMSG);
			free(copy);
			if (!rc) {
				policy_free(load_quietly(&kept.options));
				kept_clear(&kept);
			}
		}
	}
	clear_sample(&sample);
}

static int opened(void)
{
	struct error error;
	int fd = state_open(folder, true, &error);

	if (geteuid())
		skip();
	assert_true(fd >= 0);
	return fd;
}

static void read_gives(int fd, int rc)
{
	char *bytes;
	size_t len;

	assert_int_equal(state_read_policy(fd, "node", 16, &bytes, &len), rc);
	if (rc)
		return;
	assert_int_equal(len, 5);
	assert_memory_equal(bytes, "a\0b\nc", 5);
	free(bytes);
}

static void only_a_file_of_roots_alone_is_read(void **state)
{
	int fd = opened();

	(void)state;
	read_gives(fd, -ENOENT);
	assert_int_equal(state_write_policy(fd, "node", "a\0b\nc", 5), 0);
	read_gives(fd, 0);
	assert_int_equal(fchmodat(fd, "policy-node", 0620, 0), 0);
	read_gives(fd, -EPERM);
	assert_int_equal(fchmodat(fd, "policy-node", 0602, 0), 0);
	read_gives(fd, -EPERM);
	assert_int_equal(fchmodat(fd, "policy-node", 0600, 0), 0);
	assert_int_equal(fchownat(fd, "policy-node", 65534, 0, 0), 0);
	read_gives(fd, -EPERM);
	assert_int_equal(fchownat(fd, "policy-node", 0, 0, 0), 0);
	read_gives(fd, 0);
	/* A link to a file that would do. */
	assert_int_equal(renameat(fd, "policy-node", fd, "policy-other"), 0);
	assert_int_equal(symlinkat("policy-other", fd, "policy-node"), 0);
	read_gives(fd, -EPERM);
	/* What is written comes into its place, and not to where it leads. */
	assert_int_equal(state_write_policy(fd, "node", "new", 3), 0);
	assert_int_equal(renameat(fd, "policy-other", fd, "policy-node"), 0);
	read_gives(fd, 0);
	assert_int_equal(state_remove_policy(fd, "node"), 0);
	assert_int_equal(mkdirat(fd, "policy-node", 0700), 0);
	read_gives(fd, -EPERM);
	assert_int_equal(unlinkat(fd, "policy-node", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(fd, "policy-node", 0600), 0);
	read_gives(fd, -EPERM);
	assert_int_equal(state_remove_policy(fd, "node"), 0);
	read_gives(fd, -ENOENT);
	assert_int_equal(state_write_policy(fd, "node", "seventeen letters", 17), 0);
	read_gives(fd, -EFBIG);
	assert_int_equal(state_remove_all(fd, folder), 0);
	read_gives(fd, -ENOENT);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_kept_policy_is_read_as_it_was, make_root, remove_root),
	    cmocka_unit_test_setup_teardown(a_kept_policy_is_kept_once_more, make_root, remove_root),
	    cmocka_unit_test_setup_teardown(what_is_damaged_is_refused, make_root, remove_root),
	    cmocka_unit_test(records_that_are_none_are_refused),
	    cmocka_unit_test_setup_teardown(a_record_that_lies_is_no_harm, make_root, remove_root),
	    cmocka_unit_test_setup_teardown(only_a_file_of_roots_alone_is_read, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
