# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a kernel says of the list's types, behind btf.awk. A line each, its parts parted by tabs:
#   layout  struct NAME  MEMBER      bit offset  bits
#   field   struct NAME  FIELD       bits, "bitfield" or "record"  its declaration in C
#   value   ENUMERATOR   number         of a line `values`: one that the kernel promises
#   asked   ENUMERATOR   number         of a line `enum`
# A member of an anonymous struct or union is a member of what that lies in. With -v whole=1 every field of a type is
# one that the list names: so is the header read.

function layout(of, id, base, prefix,    i, line, inner, at) {
	for (i = 1; i <= members[id]; i++) {
		line = member[id, i]
		at = base + value(line, "bits_offset")
		inner = resolved(value(line, "type_id") + 0)
		if (quoted(line) != "")
			print "layout\t" of "\t" prefix quoted(line) "\t" at "\t" member_bits(line)
		if (is_record(inner) && name[inner] == "")
			layout(of, inner, at, quoted(line) == "" ? prefix : prefix quoted(line) ".")
	}
}

# The line of the field @field of @id or of what is anonymous in it; "" if there is none.
function field_line(id, field,    i, line, inner) {
	for (i = 1; i <= members[id]; i++) {
		line = member[id, i]
		if (quoted(line) == field)
			return line
		inner = resolved(value(line, "type_id") + 0)
		if (quoted(line) == "" && is_record(inner) && (line = field_line(inner, field)) != "")
			return line
	}
	return ""
}

# The places of the fields of a type of the kernel's own differ from kernel to kernel, and so do the sizes of such types.
function size_of_field(line) {
	if (value(line, "bitfield_size") != "")
		return "bitfield"
	return is_record(resolved(value(line, "type_id") + 0)) ? "record" : member_bits(line)
}

function print_field(of, field, line) {
	if (line != "")
		print "field\t" of "\t" field "\t" size_of_field(line) "\t" declare_member(line)
}

function fields(word, count,    i, id) {
	id = find(word[2], word[3])
	for (i = 1; whole && i <= members[id]; i++)
		print_field(word[2] " " word[3], quoted(member[id, i]), member[id, i])
	for (i = 4; !whole && id && i <= count; i++)
		print_field(word[2] " " word[3], word[i], field_line(id, word[i]))
}

function values(word, count,    i) {
	for (i = word[1] == "enum" ? 3 : 2; i <= count; i++)
		if (word[i] in enumerator)
			print (word[1] == "enum" ? "asked\t" : "value\t") word[i] "\t" enumerator[word[i]]
}

END {
	for (w = 1; w <= wanted_count; w++) {
		count = split(wanted[w], word, /[ \t]+/)
		if (word[1] == "layout" && (id = find(word[2], word[3])))
			layout(word[2] " " word[3], id, 0, "")
		else if (word[1] == "fields")
			fields(word, count)
		else if (word[1] == "values" || word[1] == "enum")
			values(word, count)
	}
}
