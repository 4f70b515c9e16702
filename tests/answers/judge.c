// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "judge.h"

#include "model/special.h"

static struct disagreement disagree(const char *what, const struct egret_addr *addr)
{
	return (struct disagreement){what, *addr};
}

static struct disagreement judge_taught(const struct addr_set *learned, const struct addr_set *seen,
					const struct found *found)
{
	for (size_t i = 0; i < seen->count; i++)
		if (!found_has(found, &seen->addrs[i]))
			return disagree("Egret remembers what c-ares does not find under the asked name",
					&seen->addrs[i]);
	for (size_t i = 0; i < learned->count; i++) {
		if (!found_has(found, &learned->addrs[i]))
			return disagree("Egret learned what c-ares does not find under the asked name",
					&learned->addrs[i]);
		if (model_is_special(&learned->addrs[i]))
			return disagree("Egret learned an address of a special purpose", &learned->addrs[i]);
	}
	return (struct disagreement){.what = NULL};
}

static struct disagreement judge_whole(const struct addr_set *learned, const struct found *found)
{
	for (size_t i = 0; i < found->walked.count; i++) {
		const struct egret_addr *addr = &found->walked.addrs[i];

		if (!found_has(found, addr))
			return disagree("c-ares' parser does not find what the walk does", addr);
		if (!model_is_special(addr) && !addr_set_has(learned, addr))
			return disagree("Egret did not learn what is in a well-formed answer", addr);
	}
	return (struct disagreement){.what = NULL};
}

struct disagreement exchange_judge(const struct exchange *exchange, struct tally *tally)
{
	static struct addr_set learned, seen;
	static struct found found;
	struct disagreement wrong;

	native_forget();
	if (!native_sends(&exchange->way, exchange->question, exchange->question_len))
		return (struct disagreement){.what = "the question is held back"};
	native_receives(&exchange->way, exchange->answer, exchange->answer_len);
	learned.count = native_learned(learned.addrs, FIND_MAX_ADDRS);
	seen.count = native_seen(seen.addrs, FIND_MAX_ADDRS);
	find_addrs(exchange->answer, exchange->answer_len, &exchange->asked, &found);
	tally->answers++;
	tally->taught += learned.count > 0;
	tally->addresses += learned.count;
	tally->unparsed += found.unparsed;
	wrong = judge_taught(&learned, &seen, &found);
	return wrong.what || !exchange->whole ? wrong : judge_whole(&learned, &found);
}
