# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# In: "A B" for each arrow from A to B. Out: a line for each circle, with all that lie in it.
$1 != $2 {
	if (!($1 in nodes))
		order[++count] = $1
	nodes[$1]
	if (!($2 in nodes))
		order[++count] = $2
	nodes[$2]
	reach[$1, $2] = 1
}

END {
	for (k = 1; k <= count; k++)
		for (i = 1; i <= count; i++)
			if ((order[i], order[k]) in reach)
				for (j = 1; j <= count; j++)
					if ((order[k], order[j]) in reach)
						reach[order[i], order[j]] = 1
	for (i = 1; i <= count; i++) {
		if (order[i] in told || !((order[i], order[i]) in reach))
			continue
		line = ""
		for (j = 1; j <= count; j++)
			if (((order[i], order[j]) in reach) && ((order[j], order[i]) in reach)) {
				line = line " " order[j]
				told[order[j]]
			}
		print substr(line, 2)
	}
}
