# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Says where a kernel is not as a header has it; silent where all holds. Reads the header's facts, then the kernel's
# (facts.awk). -v header and -v kernel: their names; -v guarded=" FIELD ... ": what programs ask each kernel for.

BEGIN { FS = "\t" }

function thing_of() { return $1 ~ /^(value|asked)$/ ? $2 : $2 "." $3 }

{ thing = thing_of() }

NR == FNR { declared[$1, thing] = $0; in_header[$1, $2] = 1; next }
{ real[$1, thing] = $0 }

$1 == "layout" && !(($1, $2) in in_header) && !told[$2]++ { print header ": no " $2 ", which the list names" }
$1 != "layout" && !(($1, thing) in declared) { print header ": no " thing ", which the list names" }

# What may be missing: what programs ask for; and a kernel's BTF has no enumerators that the kernel itself does not use.
function may_lack() {
	return $1 == "value" || ($1 != "layout" && index(guarded, " " ($1 == "asked" ? $2 : $3) " "))
}

# Some compilers wrote -1 as 4294967295.
function octets4(number) { return number < 0 ? number + 4294967296 : number }

function sort_of(size, text) { return size == "record" ? size : text ~ /\*/ ? "address" : "number" }

# libbpf takes a field of another sort for one that is not there: net_cookie was an atomic64_t before 5.12.
function is_there(fact,    was) {
	if (fact == "")
		return 0
	split(fact, was, FS)
	return $1 != "field" || sort_of(was[4], was[5]) == sort_of($4, $5)
}

# A shorter read at the same place is as good: bpf_sock.dst_port had 32 bits before 5.18.
function differs(fact,    was) {
	split(fact, was, FS)
	if ($1 == "layout")
		return was[4] != $4 || was[5] < $5 ? "bits " was[4] " to " was[4] + was[5] - 1 : ""
	if ($1 == "value" || $1 == "asked")
		return octets4(was[3]) != octets4($3) ? was[3] : ""
	return was[4] != $4 ? was[5] : ""
}

END {
	for (key in declared) {
		$0 = declared[key]
		thing = thing_of()
		if (!is_there(real[$1, thing])) {
			if (!may_lack())
				print kernel ": has no " thing ", and no bpf_core_..._exists in bpf/ asks for it"
		} else if ((why = differs(real[$1, thing])) != "") {
			print kernel ": has " thing " otherwise: " why
		}
	}
}
