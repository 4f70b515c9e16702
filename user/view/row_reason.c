// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Why a row of drops was denied, as a sentence. */
#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "../compile/special.h"
#include "completion.h"
#include "egret_reasons.h"
#include "json.h"
#include "reason.h"

static void append_device(const json_t *row, char buf[static REASON_TEXT_SIZE])
{
	size_t len = strlen(buf);

	const char *device = json_text(row, "device");
	bool ownerless = !json_number(row, "cgroup_id") && !strcmp(json_text(row, "layer"), "device");

	if (*device)
		snprintf(buf + len, REASON_TEXT_SIZE - len, " (by device %s%s)", device,
			 ownerless ? ", when nobody knew whose it is" : "");
}

/* Of a special address it is known which line would allow it. False: it is another reason. */
static bool special_words(const json_t *row, char buf[static REASON_TEXT_SIZE])
{
	const char *rule = json_text(row, "rule");
	char sentence[SPECIAL_SENTENCE_SIZE];
	struct egret_addr addr, meant;

	if (strcmp(json_text(row, "reason"), reason_label(EGRET_REASON_SPECIAL_ADDRESS)) != 0 || !*rule ||
	    addr_parse(json_text(row, "address"), &addr))
		return false;
	snprintf(buf, REASON_TEXT_SIZE, "%.250s:%lld %s", json_text(row, "file"), json_number(row, "line"),
		 special_sentence(json_text(row, "name"), &addr,
				  addr_parse(json_text(row, "nat64_address"), &meant) ? &addr : &meant, rule,
				  sentence));
	return true;
}

const char *reason_of_row(const json_t *row, char buf[static REASON_TEXT_SIZE])
{
	long long others = json_number(row, "others_total");

	if (others)
		snprintf(buf, REASON_TEXT_SIZE, "%lld row%s of this subject made room for newer ones", others,
			 others == 1 ? "" : "s");
	else if (!special_words(row, buf) && !completion_sentence(row, buf, REASON_TEXT_SIZE))
		snprintf(buf, REASON_TEXT_SIZE, "%s", reason_sentence(json_text(row, "reason")));
	append_device(row, buf);
	return buf;
}
