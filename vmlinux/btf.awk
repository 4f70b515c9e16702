# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The types of one kernel, as `bpftool btf dump file FILE format raw` prints them, and how C writes them. Before that dump
# comes the list `types`. What includes this file does its work at END, with `wanted` and the functions below.

function fail(why) {
	print "vmlinux: " why > "/dev/stderr"
	failed = 1
	exit 1
}

# The value of NAME=VALUE in a line of the dump; the names of types and members stand in quotes before.
function value(line, key,    at, rest) {
	sub(/^[^']*'[^']*'/, "", line)
	at = index(line, " " key "=")
	if (!at)
		return ""
	rest = substr(line, at + length(key) + 2)
	sub(/[ )].*/, "", rest)
	return rest
}

function quoted(line,    part) {
	split(line, part, "'")
	return part[2] == "(anon)" ? "" : part[2]
}

# --- the list ---

NR == FNR {
	sub(/#.*/, "")
	if (!NF)
		next
	wanted[++wanted_count] = $0
	if ($1 == "typedef")
		for (i = 2; i <= NF; i++)
			kept_typedef[$i] = 1
	if ($1 == "fields" && $2 == "typedef")
		kept_typedef[$3] = 1
	next
}

# --- the dump ---

/^\[/ {
	id = substr($1, 2) + 0
	kind[id] = $2
	name[id] = quoted($0)
	type[id] = value($0, "type_id") + 0
	octets[id] = value($0, "size") + 0
	elements[id] = value($0, "nr_elems") + 0
	members[id] = 0
	key = $2 " " name[id]
	if (name[id] != "" && !(key in id_of))
		id_of[key] = id
	next
}

/^\t/ {
	member[id, ++members[id]] = $0
	if (kind[id] ~ /^ENUM/)
		enumerator[quoted($0)] = value($0, "val")
}

# The id of a type as the list has it: "struct sock", "typedef possible_net_t"; 0 if the kernel has none.
function find(tag, name_of,    key) {
	key = toupper(tag) " " name_of
	return key in id_of ? resolved(id_of[key]) : 0
}

# Without const and the like, and without typedefs that are not kept.
function bare(id) {
	while (kind[id] ~ /^(CONST|VOLATILE|RESTRICT|TYPE_TAG)$/ || (kind[id] == "TYPEDEF" && !(name[id] in kept_typedef)))
		id = type[id]
	return id
}

function resolved(id) {
	while (kind[id] ~ /^(CONST|VOLATILE|RESTRICT|TYPE_TAG|TYPEDEF)$/)
		id = type[id]
	return id
}

function is_record(id) { return kind[id] == "STRUCT" || kind[id] == "UNION" }

function bits_of(id) {
	id = resolved(id)
	if (kind[id] == "PTR")
		return 64
	if (kind[id] == "ARRAY")
		return elements[id] * bits_of(type[id])
	return octets[id] * 8
}

function member_bits(line,    width) {
	width = value(line, "bitfield_size")
	return width == "" ? bits_of(value(line, "type_id") + 0) : width
}

# --- C ---

# "TYPE NAME" of the type @id; @decl is the name with what belongs to it, such as "*name" or "name[4]".
function declare(id, decl) {
	id = bare(id)
	if (id == 0)
		return "void " decl
	if (kind[id] == "PTR")
		return declare_pointer(bare(type[id]), decl)
	if (kind[id] == "ARRAY")
		return declare(type[id], decl "[" elements[id] "]")
	if (kind[id] == "ENUM")
		return "unsigned int " decl
	if (is_record(id) && name[id] == "")
		return tolower(kind[id]) " {...} " decl
	if (kind[id] == "FWD" || is_record(id))
		return (kind[id] == "UNION" ? "union " : "struct ") name[id] " " decl
	return name[id] " " decl
}

# What a program cannot follow in C is an address.
function declare_pointer(target, decl) {
	if (kind[target] ~ /^(FUNC_PROTO|ARRAY)$/ || (is_record(target) && name[target] == ""))
		return "void *" decl
	return declare(target, "*" decl)
}

function declare_member(line,    width, text) {
	width = value(line, "bitfield_size")
	text = declare(value(line, "type_id") + 0, quoted(line))
	return width == "" ? text : text " : " width
}
