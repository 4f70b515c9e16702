# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Writes vmlinux.h, behind btf.awk. After the list and the newest kernel's dump come the facts (facts.awk) of all
# -v kernels=N kernels, the newest kernel's first.

/^layout\t/ {
	split($0, fact, "\t")
	places[fact[2], fact[3], fact[4]]++
	if (!((fact[2], fact[3]) in place))
		place[fact[2], fact[3]] = fact[4]
}

/^field\t/ {
	split($0, fact, "\t")
	if (!((fact[2], fact[3]) in declaration))
		declaration[fact[2], fact[3]] = fact[5]
}

/^(value|asked)\t/ {
	if (!($2 in number))
		number[$2] = $3
}

# --- layouts ---

function print_declaration(indent, text) {
	if (index(text, "{...}"))
		fail(text " is of a type without a name")
	print indent text ";"
}

# Has each kernel the member at this place? What has not must not be used, so it is not declared.
function is_common(of, path) { return places[of, path, place[of, path]] == kernels }

function has_common(of, id, prefix,    i) {
	for (i = 1; i <= members[id]; i++)
		if (is_declared(of, member[id, i], prefix))
			return 1
	return 0
}

function is_declared(of, line, prefix) {
	if (quoted(line) == "")
		return has_common(of, resolved(value(line, "type_id") + 0), prefix)
	return is_common(of, prefix quoted(line))
}

# In the place of a member that not every kernel has there.
function print_gap(of, line, indent) {
	if (kind[resolved(value(line, "type_id") + 0)] != "INT")
		fail(of " has no place for what is not " quoted(line) " in every kernel")
	print indent declare(value(line, "type_id") + 0, "") ": " member_bits(line) ";"
}

function print_members(of, id, prefix, indent,    i, last, line, inner) {
	for (i = 1; i <= members[id]; i++)
		if (is_declared(of, member[id, i], prefix))
			last = i
	for (i = 1; i <= last; i++) {
		line = member[id, i]
		inner = resolved(value(line, "type_id") + 0)
		if (!is_declared(of, line, prefix)) {
			if (kind[id] != "UNION")
				print_gap(of, line, indent)
		} else if (is_record(inner) && name[inner] == "") {
			print indent tolower(kind[inner]) " {"
			print_members(of, inner, quoted(line) == "" ? prefix : prefix quoted(line) ".", indent "\t")
			print indent "}" (quoted(line) == "" ? "" : " " quoted(line)) ";"
		} else {
			print_declaration(indent, declare_member(line))
		}
	}
}

function print_layout(of, id) {
	if (!id || !has_common(of, id, ""))
		fail("not every kernel has " of)
	print "\n" of " {"
	print_members(of, id, "", "\t")
	print "};"
}

# --- the rest of the list ---

function print_typedefs(word, count,    i) {
	print ""
	for (i = 2; i <= count; i++) {
		if (!(("TYPEDEF " word[i]) in id_of))
			fail("the newest kernel has no type " word[i])
		print "typedef " declare(type[id_of["TYPEDEF " word[i]]], word[i]) ";"
	}
}

function print_values(word, count,    i, first) {
	first = word[1] == "enum" ? 3 : 2
	print "\nenum " (first == 3 ? word[2] " " : "") "{"
	for (i = first; i <= count; i++) {
		if (!(word[i] in number))
			fail("no kernel has " word[i])
		print "\t" word[i] " = " number[word[i]] ","
	}
	print "};"
}

function print_fields(word, count,    i, of) {
	of = word[2] " " word[3]
	print word[2] == "typedef" ? "\ntypedef struct {" : "\n" of " {"
	for (i = 4; i <= count; i++) {
		if (!((of, word[i]) in declaration))
			fail("no kernel has " of "." word[i])
		print_declaration("\t", declaration[of, word[i]])
	}
	print word[2] == "typedef" ? "} " word[3] ";" : "};"
}

function print_pragma(what) { print "\n#ifdef __bpf__\n#pragma clang attribute " what "\n#endif" }

END {
	if (failed)
		exit 1
	for (w = 1; w <= wanted_count; w++) {
		count = split(wanted[w], word, /[ \t]+/)
		if (word[1] !~ /^(typedef|layout|values|enum|fields)$/)
			fail("types: \"" word[1] "\" is none of typedef, layout, values, enum, fields")
		if (word[1] == "fields" && !in_fields++)
			print_pragma("push(__attribute__((preserve_access_index)), apply_to = record)")
		else if (word[1] != "fields" && in_fields)
			fail("types: \"" wanted[w] "\" stands behind fields; they come last")
		if (word[1] == "typedef")
			print_typedefs(word, count)
		else if (word[1] == "layout")
			print_layout(word[2] " " word[3], find(word[2], word[3]))
		else if (word[1] == "values" || word[1] == "enum")
			print_values(word, count)
		else
			print_fields(word, count)
	}
	if (in_fields)
		print_pragma("pop")
}
