/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which path says what. What was looked up is given to all who ask within a second: no number of clients makes more
 * work than one. */
#ifndef EGRET_SERVE_ANSWERS_H
#define EGRET_SERVE_ANSWERS_H

#include "http.h"

struct answers;
/* NULL: out of memory. @instance is borrowed. */
struct answers *answers_new(const char *instance);
void answers_free(struct answers *answers); /* takes NULL */
/* Whose connections are counted. */
void answers_set_http(struct answers *answers, const struct http *http);
/* Once in each HISTORY_INTERVAL_SEC. */
void answers_note_history(struct answers *answers);
/* As http_new wants it. */
void answers_give(void *context, const struct request *request, struct http_reply *ret);

#endif
