// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probation.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "meta.h"
#include "proof.h"

/* Between two tries of what is required. */
#define TRY_NS (5 * CLOCK_NS_PER_SEC)

void probation_init(struct probation *probation)
{
	memset(probation, 0, sizeof(*probation));
	trial_init(&probation->trial);
}

void probation_cancel(struct probation *probation)
{
	trial_cancel(&probation->trial);
	services_clear(&probation->services);
	probation_init(probation);
}

static bool is_on(const struct probation *probation)
{
	return probation->ends_ns;
}

static uint64_t ends_realtime_ns(const struct probation *probation)
{
	uint64_t now = clock_now_ns();

	return clock_realtime_ns() + (probation->ends_ns > now ? probation->ends_ns - now : 0);
}

/* A line in the log when what is waited for changes, and not at each try. */
static bool is_news(struct probation *probation, const char *text)
{
	if (!strcmp(probation->told, text))
		return false;
	snprintf(probation->told, sizeof(probation->told), "%s", text);
	return true;
}

static void note_waiting(const struct probation *probation, const struct probation_of *of, const char *text)
{
	meta_write_probation(of->kernel, is_on(probation) ? ends_realtime_ns(probation) : 0, text);
}

static const char *clock_format(uint64_t realtime_ns, char buf[static 16])
{
	time_t sec = (time_t)(realtime_ns / CLOCK_NS_PER_SEC);
	struct tm tm;

	if (!localtime_r(&sec, &tm) || !strftime(buf, 16, "%H:%M:%S", &tm))
		snprintf(buf, 16, "?");
	return buf;
}

/* The next try, but not after the end of the probation. */
static void try_later(struct probation *probation)
{
	probation->try_ns = clock_now_ns() + TRY_NS;
	if (is_on(probation) && clock_now_ns() < probation->ends_ns && probation->try_ns > probation->ends_ns)
		probation->try_ns = probation->ends_ns;
}

static void go_on(struct probation *probation, const struct probation_of *of, const char *missing)
{
	char until[16], news[sizeof(probation->told)];

	note_waiting(probation, of, missing);
	snprintf(news, sizeof(news), "%s%s", *missing ? "not yet: " : "nothing that it requires fails",
		 *missing ? missing : ", and it lasts its whole time");
	if (is_news(probation, news))
		progress_say(of->progress, "enforcing on probation until %s; %s",
			     clock_format(ends_realtime_ns(probation), until), news);
}

static void fall_back(struct probation *probation, const struct probation_of *of, const char *missing)
{
	char text[EGRET_PROBLEM_SIZE];

	probation->ends_ns = 0;
	note_waiting(probation, of, "");
	snprintf(text, sizeof(text), "what the policy requires fails: %s", missing);
	kernel_set_audit(of->kernel, true);
	meta_set_enforcing(of->kernel, false);
	meta_write_problem(of->kernel, EGRET_PROBLEM_REQUIRED, text);
	is_news(probation, text);
	progress_warn(of->progress, "auditing: %s; it is tried again every %d s, and enforced when it answers", text,
		      (int)(TRY_NS / CLOCK_NS_PER_SEC));
}

static void say_problem(struct probation *probation, const struct probation_of *of, const char *missing)
{
	char text[EGRET_PROBLEM_SIZE];

	snprintf(text, sizeof(text), "what the policy requires fails: %s", missing);
	meta_write_problem(of->kernel, EGRET_PROBLEM_REQUIRED, text);
	if (is_news(probation, text))
		progress_warn(of->progress, "PROBLEM: %s; it is tried again every %d s", text,
			      (int)(TRY_NS / CLOCK_NS_PER_SEC));
}

/* What is required does not answer. Whatever becomes of the policy by that, it is tried again, so that the policy
 * enforces, and the PROBLEM ends, when all answers. */
static void miss(struct probation *probation, const struct probation_of *of, const char *missing)
{
	if (!is_on(probation))
		say_problem(probation, of, missing);
	else if (clock_now_ns() < probation->ends_ns)
		go_on(probation, of, missing);
	else
		fall_back(probation, of, missing);
	try_later(probation);
}

static bool was_required(const struct probation *probation)
{
	return probation->required || probation->services.answered;
}

static const char *what_ended(const struct probation *probation, bool audited)
{
	if (audited)
		return "enforcing: all that is required answers";
	if (!is_on(probation))
		return *probation->told ? "all that is required answers" : NULL;
	return was_required(probation) ? "probation is over: all that is required answers"
				       : "probation is over: nothing was required of it; nothing failed";
}

static void end(struct probation *probation, const struct probation_of *of)
{
	bool audited = kernel_settings(of->kernel)->audit;
	const char *text = what_ended(probation, audited);
	struct error error;

	probation->try_ns = 0;
	kernel_set_audit(of->kernel, false);
	meta_write_problem(of->kernel, EGRET_PROBLEM_REQUIRED, "");
	meta_write_probation(of->kernel, 0, "");
	probation->ends_ns = 0;
	if (audited && proof_make(of->kernel, of->requirements.compiled, of->governed_fd, of->progress, &error)) {
		progress_warn(of->progress, "%s", error.text);
		return;
	}
	meta_set_enforcing(of->kernel, true);
	if (text)
		progress_say(of->progress, "%s", text);
}

/* Returns how many in all; @text tells them. */
static size_t find_missing(struct probation *probation, const struct probation_of *of,
			   const struct trial_result *result, char *text, size_t size)
{
	size_t connections =
	    services_missing(&probation->services, of->kernel, of->requirements.compiled, of->governed_fd);
	char sentence[EGRET_PROBLEM_SIZE];

	services_describe(&probation->services, sentence, sizeof(sentence));
	snprintf(text, size, "%s%s%s", result->missing ? result->text : "", result->missing && connections ? ", " : "",
		 sentence);
	return result->missing + connections;
}

static void settle(struct probation *probation, const struct probation_of *of, const struct trial_result *result)
{
	char text[EGRET_PROBLEM_SIZE - 64];

	if (find_missing(probation, of, result, text, sizeof(text))) {
		miss(probation, of, text);
		return;
	}
	/* Where nothing is required nothing can fail: the probation then lasts for all of its time. */
	if (is_on(probation) && !was_required(probation) && clock_now_ns() < probation->ends_ns) {
		go_on(probation, of, "");
		try_later(probation);
		return;
	}
	end(probation, of);
}

void probation_begin(struct probation *probation, const struct probation_of *of, unsigned int sec)
{
	probation_cancel(probation);
	probation->required = of->requirements.compiled->policy->require_count;
	services_find(&probation->services, of->governed_fd);
	if (!sec && !probation->required && !probation->services.count)
		return;
	probation->try_ns = clock_now_ns();
	if (!sec)
		return;
	probation->ends_ns = probation->try_ns + sec * CLOCK_NS_PER_SEC;
	note_waiting(probation, of, "");
}

void probation_try(struct probation *probation, const struct probation_of *of)
{
	const struct requirements *required = &of->requirements;
	struct trial_result result = {};
	int rc;

	if (!required->compiled->policy->require_count && !required->resolver_count) {
		settle(probation, of, &result);
		return;
	}
	probation->try_ns = 0; /* none is due while this trial runs */
	rc = trial_start(&probation->trial, required, of->kernel, of->governed_fd);
	if (!rc)
		return;
	result.missing = 1;
	snprintf(result.text, sizeof(result.text), "no process can be made to try what is required: %s", strerror(-rc));
	settle(probation, of, &result);
}

void probation_conclude(struct probation *probation, const struct probation_of *of)
{
	struct trial_result result;

	trial_finish(&probation->trial, &result);
	settle(probation, of, &result);
}
