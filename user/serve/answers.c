// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../view/health.h"
#include "../view/json.h"
#include "api.h"
#include "history.h"
#include "metrics.h"
#include "page.h"

#define FRESH_NS CLOCK_NS_PER_SEC

/* By metrics_form: OpenMetrics or not, with texts that name destinations or not. */
#define FORMS 4

struct health_answer {
	bool yes;
	char text[EGRET_PROBLEM_SIZE + 2];
};

struct answers {
	const char *instance;
	const struct http *http;
	struct metrics *metrics;
	struct history history;
	uint64_t looked_ns;
	/* As they were asked for since then. */
	struct http_text *texts[FORMS], *api_texts[API_PATHS];
	struct health_answer live, ready;
	char told[ERROR_SIZE]; /* why the instance cannot be read; "" = it can */
};

struct answers *answers_new(const char *instance)
{
	struct answers *answers = calloc(1, sizeof(*answers));

	if (!answers)
		return NULL;
	answers->instance = instance;
	answers->metrics = metrics_new();
	if (answers->metrics)
		return answers;
	free(answers);
	return NULL;
}

static void forget_texts(struct answers *answers)
{
	for (int i = 0; i < FORMS; i++) {
		http_text_put(answers->texts[i]);
		answers->texts[i] = NULL;
	}
	for (int i = 0; i < API_PATHS; i++) {
		http_text_put(answers->api_texts[i]);
		answers->api_texts[i] = NULL;
	}
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	forget_texts(answers);
	metrics_free(answers->metrics);
	free(answers);
}

void answers_set_http(struct answers *answers, const struct http *http)
{
	answers->http = http;
}

/* --- looking --- */

/* Once each time that it is another reason. */
static void tell(struct answers *answers, const char *why)
{
	if (!strcmp(answers->told, why))
		return;
	snprintf(answers->told, sizeof(answers->told), "%s", why);
	fprintf(stderr, "egret serve: %s\n", *why ? why : "the instance can be read");
}

static void set_health(struct health_answer *ret, bool yes, const char *text)
{
	ret->yes = yes;
	snprintf(ret->text, sizeof(ret->text), "%s\n", text);
}

static void look_at_health(struct answers *answers, const struct kernel *kernel, const char *why_not)
{
	char agent[AGENT_TEXT_SIZE];
	struct egret_meta meta;
	json_t *health;
	const char *not_ready;

	if (!kernel || kernel_get_meta(kernel, &meta)) {
		set_health(&answers->live, false, why_not);
		set_health(&answers->ready, false, why_not);
		return;
	}
	health = view_health(kernel, answers->instance, &meta);
	set_health(&answers->live, json_flag(health, "live"), agent_format(health, agent));
	not_ready = json_text(json_object_get(health, "not_ready"), "text");
	set_health(&answers->ready, json_flag(health, "ready"), *not_ready ? not_ready : "ready");
	json_decref(health);
}

static void look(struct answers *answers)
{
	const struct kernel *kernel = NULL;
	uint64_t now_ns = clock_now_ns();
	struct metrics_totals totals;
	struct error error = {};

	if (answers->looked_ns && now_ns - answers->looked_ns < FRESH_NS)
		return;
	answers->looked_ns = now_ns;
	forget_texts(answers);
	if (kernel_view(answers->instance, &kernel, &error))
		kernel = NULL;
	tell(answers, error.text);
	metrics_look(answers->metrics, kernel, answers->instance);
	metrics_get_totals(answers->metrics, &totals);
	history_mend(&answers->history, &totals.packets);
	look_at_health(answers, kernel, error.text);
	kernel_close(kernel);
}

void answers_note_history(struct answers *answers)
{
	struct metrics_totals totals;

	look(answers);
	metrics_get_totals(answers->metrics, &totals);
	history_note(&answers->history, &totals.packets);
}

/* --- saying --- */

static struct http_text *write_metrics(const struct answers *answers, const struct metrics_form *form)
{
	struct http_counts counts = {};
	struct http_text *text;
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);

	if (!out)
		return NULL;
	if (answers->http)
		http_get_counts(answers->http, &counts);
	metrics_write(answers->metrics, &counts, form, out);
	text = fclose(out) ? NULL : http_text_new(bytes, len);
	free(bytes);
	return text;
}

static void give_metrics(struct answers *answers, const struct request *request, struct http_reply *ret)
{
	struct metrics_form form = {request->open, request->local};
	struct http_text **text = &answers->texts[form.open + 2 * form.named];

	look(answers);
	if (!*text)
		*text = write_metrics(answers, &form);
	if (!*text)
		return; /* 503 */
	(*text)->references++;
	ret->status = 200;
	ret->type = form.open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			      : "text/plain; version=0.0.4; charset=utf-8";
	ret->body = *text;
}

static void give_text(struct http_reply *ret, int status, const char *text)
{
	ret->status = status;
	ret->body = http_text_new(text, strlen(text));
}

static void give_live(struct answers *answers, const struct request *request, struct http_reply *ret)
{
	(void)request;
	look(answers);
	give_text(ret, answers->live.yes ? 200 : 503, answers->live.text);
}

static void give_ready(struct answers *answers, const struct request *request, struct http_reply *ret)
{
	(void)request;
	look(answers);
	give_text(ret, answers->ready.yes ? 200 : 503, answers->ready.text);
}

static void give_own_health(struct answers *answers, const struct request *request, struct http_reply *ret)
{
	(void)answers;
	(void)request;
	give_text(ret, 200, "ok\n");
}

static struct http_text *text_of_json(json_t *view)
{
	char *bytes = view ? json_dumps(view, JSON_COMPACT) : NULL;
	struct http_text *text = bytes ? http_text_new(bytes, strlen(bytes)) : NULL;

	free(bytes);
	json_decref(view);
	return text;
}

/* NULL: the instance is gone, or there is no memory. */
static struct http_text *write_api(struct answers *answers, const struct api_path *path)
{
	struct api_sources sources = {
	    .instance = answers->instance, .metrics = answers->metrics, .history = &answers->history};
	struct http_text *text;
	struct error error;

	if (kernel_view(answers->instance, &sources.kernel, &error))
		return NULL;
	text = text_of_json(path->make(&sources));
	kernel_close(sources.kernel);
	return text;
}

static void give_api(struct answers *answers, size_t path, struct http_reply *ret)
{
	struct http_text **text = &answers->api_texts[path];

	look(answers);
	ret->type = "application/json";
	if (*answers->told) {
		ret->status = 503;
		ret->body = text_of_json(json_pack("{s:s}", "error_text", answers->told));
		return;
	}
	if (!*text)
		*text = write_api(answers, &api_paths[path]);
	if (!*text)
		return; /* 503 */
	(*text)->references++;
	ret->status = 200;
	ret->body = *text;
}

/* What names pods and destinations is for who is on this machine. */
static bool give_to_people(struct answers *answers, const struct request *request, struct http_reply *ret)
{
	size_t path = 0;

	while (path < API_PATHS && strcmp(request->path, api_paths[path].path) != 0)
		path++;
	if (path == API_PATHS && strcmp(request->path, "/") != 0)
		return false;
	if (!request->local)
		give_text(
		    ret, 403,
		    "what names pods and destinations is told at 127.0.0.1 only: kubectl port-forward, or ssh -L\n");
	else if (path == API_PATHS)
		page_give(ret);
	else
		give_api(answers, path, ret);
	return true;
}

static const struct path {
	const char *path;
	void (*give)(struct answers *answers, const struct request *request, struct http_reply *ret);
	bool names_somebody;
} paths[] = {
    {"/metrics", give_metrics, true},
    {"/livez", give_live, false},
    {"/readyz", give_ready, false},
    {"/healthz", give_own_health, false},
};

static const struct path *find_path(const char *text)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (!strcmp(text, paths[i].path))
			return &paths[i];
	return NULL;
}

/* A page of somebody else's, in a browser on this machine, may have its own name lead here (DNS rebinding). */
static bool is_led_here(const struct request *request, const struct path *path)
{
	return request->local && request->foreign && (!path || path->names_somebody);
}

void answers_give(void *context, const struct request *request, struct http_reply *ret)
{
	const struct path *path = find_path(request->path);

	if (is_led_here(request, path))
		give_text(ret, 403, "this is told to who asks for localhost or 127.0.0.1, and by no other name\n");
	else if (path)
		path->give(context, request, ret);
	else if (!give_to_people(context, request, ret))
		give_text(ret, 404,
			  "/         a page for people, on this machine only\n/metrics  as Prometheus reads it\n"
			  "/livez    is the agent alive?\n/readyz   is what the policy says in force?\n"
			  "/healthz  does this answer?\n");
}
