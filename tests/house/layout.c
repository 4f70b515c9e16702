// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What all maps are, and what their keys and values look like, field by field, is what it was when EGRET_ABI_LAYOUT was
 * written beside EGRET_ABI_VERSION: an instance that is pinned under that number can be taken over by what is built
 * now.
 *
 * layout FILE.bpf.o: "ok" or "FAIL". layout -v FILE.bpf.o prints all of it, to be compared by eye.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "base/hash.h"
#include "egret_abi.h"

static void write_type(FILE *out, const struct btf *btf, __u32 id);

static void write_members(FILE *out, const struct btf *btf, const struct btf_type *type)
{
	const struct btf_member *members = btf_members(type);

	fprintf(out, "%s {\n", btf__name_by_offset(btf, type->name_off));
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		fprintf(out, "bit %u, %u wide: %s ", btf_member_bit_offset(type, i), btf_member_bitfield_size(type, i),
			btf__name_by_offset(btf, members[i].name_off));
		write_type(out, btf, members[i].type);
		fprintf(out, "\n");
	}
	fprintf(out, "} of %u", type->size);
}

/* By its fields and their sizes; another name for the same integer is the same. */
static void write_type(FILE *out, const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	switch (btf_kind(type)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
		write_type(out, btf, type->type);
		break;
	case BTF_KIND_ARRAY:
		fprintf(out, "[%u] of ", btf_array(type)->nelems);
		write_type(out, btf, btf_array(type)->type);
		break;
	case BTF_KIND_PTR: /* in the definition of a map: what the macros of bpf_helpers.h make of it */
		fprintf(out, "is ");
		write_type(out, btf, type->type);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		fprintf(out, "%s ", btf_kind(type) == BTF_KIND_UNION ? "union" : "struct");
		write_members(out, btf, type);
		break;
	case BTF_KIND_INT: /* `char` has a sign or none, by the machine */
		fprintf(out, "integer of %u", type->size);
		break;
	default:
		fprintf(out, "kind %u, %s, of %u", btf_kind(type), btf__name_by_offset(btf, type->name_off),
			type->size);
	}
}

/* Variables, by name: compilers give them in orders of their own. */
static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void write_variables(FILE *out, const struct btf *btf)
{
	__u32 count = btf__type_cnt(btf), found = 0;
	const char **names = calloc(count, sizeof(*names));

	for (__u32 id = 1; names && id < count; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);

		if (btf_kind(type) == BTF_KIND_VAR && strcmp(name, "hash_keys") != 0)
			names[found++] = name;
	}
	qsort(names, found, sizeof(*names), compare_names);
	for (__u32 i = 0; i < found; i++) {
		__s32 id = btf__find_by_name_kind(btf, names[i], BTF_KIND_VAR);

		fprintf(out, "\n%s: ", names[i]);
		write_type(out, btf, btf__type_by_id(btf, (__u32)id)->type);
		fprintf(out, "\n");
	}
	free(names);
}

int main(int argc, char **argv)
{
	struct btf *btf = btf__parse(argv[argc - 1], NULL);
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	uint64_t hash;

	if (!btf || !out) {
		perror(argv[argc - 1]);
		return 2;
	}
	write_variables(out, btf);
	fclose(out);
	if (argc > 2)
		fputs(text, stdout);
	hash = hash_bytes(HASH_BEGIN, text, size);
	if (hash == EGRET_ABI_LAYOUT) {
		printf("ok   house: the maps are those of ABI %d\n", EGRET_ABI_VERSION);
		return 0;
	}
	printf(
	    "FAIL house: the maps or what they hold are no longer those of ABI %d. An agent would take a pinned "
	    "instance "
	    "over and misread it: if a release has ABI %d, raise EGRET_ABI_VERSION in include/egret_abi.h; in any case "
	    "write there\n     #define EGRET_ABI_LAYOUT UINT64_C(0x%016llx)\n     `build/tests/layout -v "
	    "build/layout.bpf.o` prints the layout, to be compared with that of the commit before\n",
	    EGRET_ABI_VERSION, EGRET_ABI_VERSION, (unsigned long long)hash);
	return 1;
}
