// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which exact name has which address. It decides nothing: an address's list has what its names may do. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

int resolved_compile(struct compiler *compiler)
{
	const struct compile_input *input = compiler->input;
	struct compiled *out = compiler->out;
	size_t all = 0;

	for (size_t i = 0; i < input->name_count; i++)
		all += input->names[i].count;
	out->resolved = calloc(all + 1, sizeof(*out->resolved));
	if (!out->resolved)
		return -ENOMEM;
	for (size_t i = 0; i < input->name_count; i++) {
		uint32_t name = compiled_name_id(out, input->names[i].name);

		for (size_t a = 0; name && a < input->names[i].count; a++)
			out->resolved[out->resolved_count++] =
			    (struct compiled_resolved){input->names[i].addrs[a], name};
	}
	return 0;
}
