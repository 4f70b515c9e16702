// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "judge.h"

#include "model/special.h"

static struct disagreement disagree(const char *what, const struct egret_addr *addr)
{
	return (struct disagreement){what, *addr};
}

static struct disagreement judge_taught(const struct addr_set *usable, const struct addr_set *heard,
					const struct found *found)
{
	for (size_t i = 0; i < heard->count; i++)
		if (!found_has(found, &heard->addrs[i]))
			return disagree("Egret learned what c-ares does not find under the asked name",
					&heard->addrs[i]);
	for (size_t i = 0; i < usable->count; i++) {
		if (!found_has(found, &usable->addrs[i]))
			return disagree("Egret allows what c-ares does not find under the asked name",
					&usable->addrs[i]);
		if (model_is_special(&usable->addrs[i]))
			return disagree("Egret allows an address of a special purpose", &usable->addrs[i]);
	}
	return (struct disagreement){.what = NULL};
}

static struct disagreement judge_whole(const struct addr_set *usable, const struct found *found)
{
	for (size_t i = 0; i < found->walked.count; i++) {
		const struct egret_addr *addr = &found->walked.addrs[i];

		if (!found_has(found, addr))
			return disagree("c-ares' parser does not find what the walk does", addr);
		if (!model_is_special(addr) && !addr_set_has(usable, addr))
			return disagree("Egret does not allow what is in a well-formed answer", addr);
	}
	return (struct disagreement){.what = NULL};
}

struct disagreement exchange_judge(const struct exchange *exchange, struct tally *tally)
{
	static struct addr_set usable, heard;
	static struct found found;
	struct disagreement wrong;

	native_forget();
	if (!native_sends(&exchange->way, exchange->question, exchange->question_len))
		return (struct disagreement){.what = "the question is held back"};
	native_receives(&exchange->way, exchange->answer, exchange->answer_len);
	usable.count = native_usable(usable.addrs, FIND_MAX_ADDRS);
	heard.count = native_learned(heard.addrs, FIND_MAX_ADDRS);
	find_addrs(exchange->answer, exchange->answer_len, &exchange->asked, &found);
	tally->answers++;
	tally->taught += usable.count > 0;
	tally->addresses += usable.count;
	tally->unparsed += found.unparsed;
	wrong = judge_taught(&usable, &heard, &found);
	return wrong.what || !exchange->whole ? wrong : judge_whole(&usable, &found);
}
