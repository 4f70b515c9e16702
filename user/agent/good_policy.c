// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "good_policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/state.h"

static int refuse(struct error *error, int rc, const char *state, const char *instance)
{
	switch (rc) {
	case -ENOENT:
		return error_set(error, rc, "no policy has been kept in %s as good for instance %s", state, instance);
	case -EPERM:
		return error_set(error, rc,
				 "the last good policy, %s/policy-%s, is not read: it is a link or no file, or others "
				 "than root own it or may write to it; remove it, and the next good policy is kept",
				 state, instance);
	case -EFBIG:
	case -EBADMSG:
		return error_set(error, rc,
				 "the last good policy, %s/policy-%s, is not read: it is damaged, or another version "
				 "of Egret wrote it; remove it, and the next good policy is kept",
				 state, instance);
	default:
		return error_set(error, rc, "the last good policy, %s/policy-%s, cannot be read: %s", state, instance,
				 strerror(-rc));
	}
}

int good_policy_read(const char *state, const char *instance, struct kept_policy *ret, struct error *error)
{
	int fd = state_open(state, false, error), rc;
	char *bytes;
	size_t len;

	if (fd < 0)
		return fd == -ENOENT ? refuse(error, fd, state, instance) : fd;
	rc = state_read_policy(fd, instance, KEPT_MAX_BYTES, &bytes, &len);
	close(fd);
	if (!rc) {
		rc = kept_parse(bytes, len, ret);
		free(bytes);
	}
	return rc ? refuse(error, rc, state, instance) : 0;
}

static const char *format_time(uint64_t realtime_ns, char buf[static 32])
{
	time_t at = (time_t)(realtime_ns / CLOCK_NS_PER_SEC);
	struct tm local;

	if (!localtime_r(&at, &local) || !strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &local))
		snprintf(buf, 32, "an unknown time");
	return buf;
}

void good_policy_explain(const struct kept_policy *good, struct error *ret)
{
	char at[32];

	error_set(ret, 0, "the last good policy rules, kept at %s by Egret %s, and not the one that lies there",
		  format_time(good->ruled_ns, at), good->version);
}
