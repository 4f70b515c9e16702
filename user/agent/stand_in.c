// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "stand_in.h"

#include <errno.h>
#include <stdio.h>

#include "../base/log.h"
#include "good_policy.h"
#include "rest.h"

bool stand_in_is_in_force(const char *instance)
{
	const struct kernel *kernel;
	struct error ignored;
	bool attached;

	if (!kernel_is_there(instance))
		return false;
	if (kernel_open(instance, &kernel, &ignored))
		return true; /* nobody can tell: what cannot be read is not opened */
	attached = kernel_is_attached(kernel, NULL);
	kernel_close(kernel);
	return attached;
}

static int fallback(const struct agent_options *options, struct loop *loop, struct edition **ret, struct error *said)
{
	const char *text = options->fallback_closed ? "use linux/node\n" : "set mode = audit\nset floor = off\n";
	struct diag diag = {};
	struct error error;
	int rc = edition_of_text(options, "--fallback", text, loop, ret, &diag, &error);

	if (rc)
		error_set(said, rc, "--fallback closed cannot be had, and nothing is governed: %s",
			  diag.errors ? diag.entries[0].text : error.text);
	diag_clear(&diag);
	if (rc)
		return rc;
	(*ret)->source = EDITION_FALLBACK;
	(*ret)->probation_sec = 0;
	return error_set(
	    said, 0, "%s",
	    options->fallback_closed
		? "--fallback closed: linux/node alone is enforced until the policy is right"
		: "--fallback audit: nothing is denied until the policy is right; what would be is counted");
}

/* -ENOENT: none is kept, or what is kept is not to be had; that is told. */
static int last_good(const struct agent_options *options, struct loop *loop, struct edition **ret, struct error *said)
{
	struct agent_options instead = *options;
	struct policy_files ignored = {};
	struct kept_policy good;
	struct diag diag = {};
	struct error error;
	int rc = options->state ? good_policy_read(options->state, options->instance, &good, &error) : -ENOENT;

	if (rc && rc != -ENOENT)
		log_say(LOG_LEVEL_WARNING, "%s", error.text);
	if (rc)
		return -ENOENT;
	good_policy_explain(&good, said);
	instead.policy = good.options;
	instead.has_ruled = true;
	rc = edition_new(&instead, loop, ret, &ignored, REST_WAIT_MS, &diag, &error);
	policy_files_clear(&ignored);
	kept_clear(&good);
	if (rc) {
		log_diag(&diag);
		log_say(LOG_LEVEL_WARNING, "the last good policy cannot be used: %s", error.text);
	}
	diag_clear(&diag);
	if (rc)
		return -ENOENT;
	(*ret)->source = EDITION_GOOD;
	return 0;
}

int stand_in_find(const struct agent_options *options, struct loop *loop, bool found, struct edition **ret,
		  struct error *said)
{
	if (!last_good(options, loop, ret, said))
		return 0;
	return found ? error_set(said, -ENOENT, "what was found in force goes on") : fallback(options, loop, ret, said);
}
