// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proof.h"

#include <errno.h>
#include <netinet/in.h>

#include "../base/addr.h"
#include "../compile/compile.h"
#include "../kernel/layer.h"

static bool is_allowed_somebody(const struct compiled *compiled, const struct egret_addr *addr)
{
	for (uint32_t audience = 0; audience < compiled_audience_count(compiled); audience++) {
		struct judgement verdict = compiled_judge_addr(compiled, addr, IPPROTO_UDP, 9, audience);

		if (egret_passes(&verdict))
			return true;
	}
	return false;
}

/* An address of TEST-NET-1..3 (RFC 5737) that no rule allows, and no `audit` line lets pass: the self-test sends there.
 */
static int pick_forbidden_address(const struct compiled *compiled, struct egret_addr *ret)
{
	static const char *const candidates[] = {"203.0.113.1", "198.51.100.1", "192.0.2.1"};

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		addr_parse(candidates[i], ret);
		if (!is_allowed_somebody(compiled, ret))
			return 0;
	}
	return -ENOENT;
}

int proof_make(struct kernel *kernel, const struct compiled *compiled, int governed_fd, struct progress *progress,
	       struct error *error)
{
	struct egret_addr forbidden;

	if (pick_forbidden_address(compiled, &forbidden)) {
		progress_warn(progress, "the policy allows every TEST-NET address, so there is nothing to prove with: "
					"the self-test is skipped");
		return 0;
	}
	return kernel_self_test(kernel, governed_fd, &forbidden, error);
}

int proof_make_layer(struct kernel *kernel, const struct compiled *compiled, int governed_fd, enum egret_layer layer,
		     struct error *error)
{
	struct egret_addr forbidden;

	if (pick_forbidden_address(compiled, &forbidden))
		return PROOF_IMPOSSIBLE;
	return kernel_layer_prove(kernel, governed_fd, &forbidden, layer, error);
}
