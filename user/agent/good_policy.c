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

const char *good_policy_format(const struct kept_policy *good, char buf[static GOOD_POLICY_TEXT_SIZE])
{
	time_t at = (time_t)(good->ruled_ns / CLOCK_NS_PER_SEC);
	char date[32] = "an unknown time";
	struct tm local;

	if (at > 0 && localtime_r(&at, &local))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
	snprintf(buf, GOOD_POLICY_TEXT_SIZE, "of %s, kept by Egret %s", date, good->version);
	return buf;
}
