# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
$(B)/tests/soak: $(wildcard tests/soak/*.c) tests/soak/soak.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $(filter %.c,$^)

## make soak            a million addresses learned, reloads, memory and maps at rest; EGRET_SOAK_SEC seconds (600)
.PHONY: soak
soak:
	mk/deps.sh test
	$(MAKE) --no-print-directory $(B)/egret $(B)/tests/probe $(B)/tests/soak
	tests/soak/run
