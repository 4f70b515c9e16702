#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# page.sh FOLDER: the page of `egret serve` as a C header, on standard output: FOLDER/index.html with style.css and page.js
# in the places of its lines @style.css@ and @page.js@, compressed; and the hashes by which its
# Content-Security-Policy knows those two.
set -euo pipefail
cd "$1"

# in_place FILE: what stands between the tags, as browsers hash it. Comments and indentation stay here.
in_place() {
	printf '\n'
	sed -e 's/^[[:space:]]*//' -e '/^\/\/ /d' -e 's/; \/\/ .*/;/' "$1"
}
hash_of() {
	local digits
	digits=$(in_place "$1" | sha256sum | cut -d' ' -f1)
	# shellcheck disable=SC2059
	printf "$(sed 's/../\\x&/g' <<<"$digits")" | base64
}
page() {
	local line
	while IFS= read -r line; do
		case $line in
		@*@) in_place "${line//@/}" | tail -n +2 ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <index.html
}

echo "/* Made by mk/page.sh of user/serve/page/. */"
echo "#define PAGE_STYLE_HASH \"sha256-$(hash_of style.css)\""
echo "#define PAGE_SCRIPT_HASH \"sha256-$(hash_of page.js)\""
echo "static const char page_gzip[] = {"
page | gzip -9 -n | od -An -v -td1 | sed -E 's/ *(-?[0-9]+)/\1,/g'
echo "};"
