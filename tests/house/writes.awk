# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# In: C files of user/. Out: "MAP FILE:LINE" for each call that writes to a map, by the MAP_x that its first argument, or
# what the variable there was set to in the same function, names. "?" where none is named.
#
# The functions that fill a policy's tables (-v tables="...") get a descriptor: what they write to is "tables".
BEGIN {
	split(tables, names, " ")
	for (i in names)
		fills[names[i]]
	writes = "(^|[^a-z_])(bpf_map_update_elem|bpf_map_delete_elem|bpf_map_update_batch|bpf_map_delete_batch|" \
		"bpf_map_lookup_and_delete_elem|bpf_map_lookup_and_delete_elem_flags|bpf_map_lookup_and_delete_batch|" \
		"bpf_map_freeze|bpf_map__update_elem|bpf_map__delete_elem|bpf_map__lookup_and_delete_elem|mmap)\\("
}

FNR == 1 { text = "" }
/^[a-z].*\(/ {
	function_name = $0
	sub(/\(.*/, "", function_name)
	sub(/.*[ *]/, "", function_name)
}
/^}/ { split("", set) }

{
	# An assignment, or an element of kernel->maps that a variable begins with.
	if (match($0, /[a-z_]+ = [^;]*MAP_[a-z_]+/)) {
		piece = substr($0, RSTART, RLENGTH)
		variable = piece
		sub(/ = .*/, "", variable)
		sub(/.*MAP_/, "", piece)
		set[variable] = piece
	}
	# A call may go on in the next lines.
	text = text $0
	if (!line)
		line = FNR
	if ($0 !~ /[;{}]$/ && $0 !~ /\*\/$/ && NF)
		next
	while (match(text, writes)) {
		rest = substr(text, RSTART + RLENGTH)
		call = substr(text, RSTART, RLENGTH)
		text = rest
		argument = rest
		if (call ~ /mmap\($/) { # its fifth argument
			for (i = 1; i < 5; i++)
				sub(/^[^,]*,[ \t]*/, "", argument)
		}
		sub(/,.*/, "", argument)
		if (match(argument, /MAP_[a-z_]+/))
			map = substr(argument, RSTART + 4, RLENGTH - 4)
		else if (argument in set)
			map = set[argument]
		else
			map = (function_name in fills) ? "tables" : "?"
		print map, FILENAME ":" line
	}
	text = ""
	line = 0
}
