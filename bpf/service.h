/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of services. What a client should know of a service at another port than the usual one stands in HTTPS and SVCB
 * records of a name of its own, `_8443._https.www.example` (RFC 9460 sections 2.3 and 9.1) or `_dns.one.example`
 * (RFC 9461 section 3). Policies have the name behind, the one that is connected to: what leads up to that is taken off
 * the question, when it leaves and in its answer.
 *
 * Of HTTPS only `_PORT._https.`, and of SVCB only `_dns`, as IANA has them (Underscored and Globally Scoped DNS Node
 * Names). Other such names are often another's: `_acme-challenge` and `_dmarc` are made aliases of names in the zones
 * of services, whose owners shall not teach where the name behind is. And under `dns_names = policy` nobody shall be
 * able to say much to the servers of a name that may be asked for.
 */
#ifndef EGRET_BPF_SERVICE_H
#define EGRET_BPF_SERVICE_H

#include "message.h"
#include "names.h"

#define DNS_TYPE_SVCB    64
#define DNS_TYPE_HTTPS   65
#define SERVICE_PORT_MAX 6 /* octets of `_65535` */

/* Octets that `_PORT` takes at the beginning of the question's name. */
static __always_inline __u32 service_port(const __u8 *bytes)
{
	const __u8 *label = bytes + DNS_HEADER;
	__u8 len = label[0];

	if (len < 2 || len > SERVICE_PORT_MAX || label[1] != '_')
		return 0;
	for (int i = 2; i <= SERVICE_PORT_MAX; i++)
		if (i <= len && (label[i] < '0' || label[i] > '9'))
			return 0;
	return 1 + len;
}

/* Is it this label, whose @len octets begin with an underscore? */
static __always_inline bool service_label_is(const __u8 *label, const char *known, int len)
{
	for (int i = 0; i < len; i++)
		if (lower_case(label[1 + i]) != known[i])
			return false;
	return label[0] == len;
}

/* Octets that `_SCHEME` takes at @at. */
static __always_inline __u32 service_scheme(const __u8 *bytes, __u32 at, bool https)
{
	static const char known_https[] = "_https", known_dns[] = "_dns";
	const __u8 *label = bytes + (at & 31);
	bool is = https ? service_label_is(label, known_https, sizeof(known_https) - 1)
			: service_label_is(label, known_dns, sizeof(known_dns) - 1);

	return is ? 1 + label[0] : 0;
}

/* Octets in front of the name that a question of @type is for. Its name was read before. */
static __always_inline __u32 service_prefix(const __u8 *bytes, __u16 type)
{
	__u32 port = 0, scheme;

	if (type != DNS_TYPE_HTTPS && type != DNS_TYPE_SVCB)
		return 0;
	port = service_port(bytes);
	if (type == DNS_TYPE_HTTPS && !port)
		return 0;
	scheme = service_scheme(bytes, DNS_HEADER + port, type == DNS_TYPE_HTTPS);
	/* Nothing but the root behind it is no name. */
	return scheme && bytes[(DNS_HEADER + port + scheme) & 63] ? port + scheme : 0;
}

/* Octets in front of the name that the question in the buffer is for; its whole name was read last. Global: the
 * verifier takes its ways once. Who calls reads the name behind: 512 octets of stack are for the whole chain of calls
 * (5.10). */
__noinline __u32 question_service(__u32 buffer)
{
	struct question *question = question_of(buffer);

	return question ? service_prefix(question->bytes, question_word(question, question->message.end)) : 0;
}

/* As question_service, of an answer. */
__noinline __u32 answer_service(__u32 buffer)
{
	struct answer *answer = answer_of(buffer);

	return answer ? service_prefix(answer->bytes, answer->type) : 0;
}

#endif
