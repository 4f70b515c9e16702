// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "workload.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What Kubernetes draws suffixes from: no vowels, and no 0, 1, 3 (k8s.io/apimachinery/pkg/util/rand, SafeEncodeString).
 */
#define DRAWN       "bcdfghjklmnpqrstvwxz2456789"
#define DRAWN_LEN   5 /* of pods */
#define HASH_MIN    6 /* a template's hash: up to 10, a 32-bit number in decimal, drawn digit by digit */
#define HASH_MAX    10
#define MINUTES_LEN 8 /* of a CronJob's Job: minutes since 1970 */

/* Cuts "-SUFFIX" off, where it is of so many of these characters, and something is in front of it. */
static bool cut(char *name, const char *characters, size_t min, size_t max)
{
	char *dash = strrchr(name, '-');
	size_t len;

	if (!dash || dash == name)
		return false;
	len = strspn(dash + 1, characters);
	if (dash[1 + len] || len < min || len > max)
		return false;
	*dash = '\0';
	return true;
}

void workload_of_pod(const char *pod, struct workload_name *ret)
{
	const char *slash = strchr(pod, '/');

	snprintf(ret->space, sizeof(ret->space), "%.*s", slash ? (int)(slash - pod) : 0, pod);
	snprintf(ret->name, sizeof(ret->name), "%s", slash ? slash + 1 : pod);
	if (cut(ret->name, DRAWN, DRAWN_LEN, DRAWN_LEN)) {
		if (!cut(ret->name, "0123456789", MINUTES_LEN, MINUTES_LEN))
			cut(ret->name, DRAWN, HASH_MIN, HASH_MAX);
		return;
	}
	cut(ret->name, "0123456789", 1, 4); /* a StatefulSet's */
}
