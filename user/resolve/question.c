/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One question and whom it is put to, one server after the other. */
#include <arpa/nameser.h>

#include "internal.h"

static uint32_t all_servers(const struct resolver *resolver)
{
	return UINT32_MAX >> (32 - resolver->server_count);
}

/* Each server once, then all of them again while tries are left. */
static struct server *next_server(struct question *question)
{
	struct resolver *resolver = question->name->resolver;
	uint32_t left = all_servers(resolver) & ~question->asked;

	if (!left && !question->no_such_name && question->attempts < resolver->options.tries) {
		question->asked = 0;
		left = all_servers(resolver);
	}
	return left ? server_choose(resolver, left) : NULL;
}

static int read_answer(struct question *question, int ares_status, const unsigned char *answer, int len)
{
	if (ares_status != ARES_SUCCESS)
		return ares_status;
	return round_add_answer(question->name, question->family, answer, len) ? ARES_SUCCESS : ARES_ENODATA;
}

static void ask(struct question *question);

static void on_answer(void *context, int ares_status, int timeouts, unsigned char *answer, int len)
{
	struct question *question = context;
	struct resolver *resolver = question->name->resolver;

	(void)timeouts;
	resolver->inflight--;
	if (resolver->closing || question->name->removed) {
		round_question_dropped(question);
		return;
	}
	server_note(question->server, ares_status);
	ares_status = read_answer(question, ares_status, answer, len);
	/* A name that exists without such an address is settled; one that does not exist here
	 * may exist for another server. */
	if (ares_status == ARES_SUCCESS || ares_status == ARES_ENODATA) {
		round_question_ended(question, ares_status);
		return;
	}
	if (ares_status == ARES_ENOTFOUND)
		question->no_such_name = true;
	question->server = next_server(question);
	if (question->server)
		ask(question);
	else
		round_question_ended(question, question->no_such_name ? ARES_ENODATA : ares_status);
}

static void ask(struct question *question)
{
	struct resolver *resolver = question->name->resolver;

	if (!question->server)
		question->server = next_server(question);
	question->asked |= UINT32_C(1) << (question->server - resolver->servers);
	question->attempts++;
	resolver->inflight++;
	server_count_query(question->server);
	ares_query(question->server->channel, question->name->text, ns_c_in,
		   question->family == FAMILY_A ? ns_t_a : ns_t_aaaa, on_answer, question);
}

void questions_ask(struct name *name)
{
	struct round *round = &name->round;

	*round = (struct round){.open = FAMILIES, .ttl_sec = name->resolver->options.max_ttl_sec};
	for (int family = 0; family < FAMILIES; family++)
		round->questions[family] = (struct question){.name = name, .family = family};
	for (int family = 0; family < FAMILIES; family++)
		ask(&round->questions[family]);
}
