// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the state folder says of an instance: opened, wanted again, has ruled, and with layers. */
#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "state_file.h"
#include "text.h"

/* A policy that ruled some changes ago, and comes back, is remembered, too. */
#define RULED_MAX 8

void state_mark_begin(struct state_mark *ret)
{
	const char *sudo_user = getenv("SUDO_USER");

	*ret = (struct state_mark){.uid = getuid(), .at_ns = clock_realtime_ns()};
	if (sudo_user && *sudo_user)
		snprintf(ret->user, sizeof(ret->user), "%s", sudo_user);
	else if (!ret->uid)
		snprintf(ret->user, sizeof(ret->user), "root");
	else
		snprintf(ret->user, sizeof(ret->user), "user %u", (unsigned int)ret->uid);
	text_make_printable(ret->user, sizeof(ret->user));
}

int state_write_mark(int state, const char *instance, const struct state_mark *mark)
{
	char text[STATE_FILE_SIZE];

	snprintf(text, sizeof(text), "user=%s\nuid=%u\nat=%" PRIu64 "\npolicy=%s\nalso=%s\n", mark->user,
		 (unsigned int)mark->uid, mark->at_ns, mark->policies[0], mark->policies[1]);
	return state_file_write(state, "mark", instance, text, strlen(text));
}

int state_read_mark(int state, const char *instance, struct state_mark *ret)
{
	char text[STATE_FILE_SIZE] = "", number[32] = "0";
	int rc = state_file_read(state, "mark", instance, text);

	if (rc == -ENOENT || rc == -EINVAL)
		return rc;
	*ret = (struct state_mark){.user = "somebody"};
	state_file_value(text, "user", ret->user, sizeof(ret->user));
	text_make_printable(ret->user, sizeof(ret->user));
	state_file_value(text, "uid", number, sizeof(number));
	ret->uid = (uid_t)strtoul(number, NULL, 10);
	snprintf(number, sizeof(number), "0");
	state_file_value(text, "at", number, sizeof(number));
	ret->at_ns = strtoull(number, NULL, 10);
	state_file_value(text, "policy", ret->policies[0], sizeof(ret->policies[0]));
	state_file_value(text, "also", ret->policies[1], sizeof(ret->policies[1]));
	return 0;
}

int state_remove_mark(int state, const char *instance)
{
	return state_file_remove(state, "mark", instance);
}

bool state_mark_names(const struct state_mark *mark, const char *policy_hash)
{
	for (size_t i = 0; i < STATE_MARK_POLICIES; i++)
		if (*policy_hash && !strcmp(mark->policies[i], policy_hash))
			return true;
	return false;
}

void state_mark_add(struct state_mark *mark, const char *policy_hash)
{
	size_t place = mark->policies[0][0] ? STATE_MARK_POLICIES - 1 : 0;

	if (!state_mark_names(mark, policy_hash))
		snprintf(mark->policies[place], sizeof(mark->policies[place]), "%s", policy_hash);
}

const char *state_mark_format(const struct state_mark *mark, char buf[static STATE_MARK_TEXT_SIZE])
{
	time_t at = (time_t)(mark->at_ns / CLOCK_NS_PER_SEC);
	char date[32] = "an unknown time";
	struct tm local;

	if (at > 0 && localtime_r(&at, &local))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
	snprintf(buf, STATE_MARK_TEXT_SIZE, "%s at %s", mark->user, date);
	return buf;
}

int state_ask_attach(int state, const char *instance, bool cut)
{
	const char *text = cut ? "existing=cut\n" : "existing=keep\n";

	return state_file_write(state, "attach", instance, text, strlen(text));
}

bool state_wants_attach(int state, const char *instance, bool *ret_cut)
{
	char text[STATE_FILE_SIZE], existing[8] = "";

	if (state_file_read(state, "attach", instance, text))
		return false;
	state_file_value(text, "existing", existing, sizeof(existing));
	*ret_cut = !strcmp(existing, "cut");
	return true;
}

int state_remove_attach(int state, const char *instance)
{
	return state_file_remove(state, "attach", instance);
}

bool state_has_ruled(int state, const char *instance, const char *policy_hash)
{
	char text[STATE_FILE_SIZE], *save = NULL;

	if (state_file_read(state, "ruled", instance, text))
		return false;
	if (!policy_hash)
		return true;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strcmp(line, policy_hash))
			return true;
	return false;
}

int state_note_ruled(int state, const char *instance, const char *policy_hash)
{
	char old[STATE_FILE_SIZE] = "", text[STATE_FILE_SIZE], *save = NULL;
	int len = snprintf(text, sizeof(text), "%s\n", policy_hash), count = 1;

	if (state_has_ruled(state, instance, policy_hash))
		return 0;
	state_file_read(state, "ruled", instance, old);
	for (char *line = strtok_r(old, "\n", &save); line && count < RULED_MAX; line = strtok_r(NULL, "\n", &save))
		if (strlen(line) < HASH_TEXT_SIZE)
			len += snprintf(text + len, sizeof(text) - len, "%s\n", line), count++;
	return state_file_write(state, "ruled", instance, text, strlen(text));
}

int state_note_layered(int state, const char *instance)
{
	static const char text[] = "layers=1\n";

	return state_has_layered(state, instance) ? 0
						  : state_file_write(state, "layered", instance, text, strlen(text));
}

bool state_has_layered(int state, const char *instance)
{
	char text[STATE_FILE_SIZE];

	return !state_file_read(state, "layered", instance, text);
}
