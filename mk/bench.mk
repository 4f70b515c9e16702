# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
$(B)/bench_empty.bpf.o: bench/empty.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -I/usr/include/$(ARCH)-linux-gnu -c -o $@ $<

$(B)/bench_empty.skel.h: $(B)/bench_empty.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name bench_empty > $@.new
	$(Q)mv $@.new $@

$(B)/bench/%: bench/%.c $(filter-out $(B)/user/cli/%,$(OBJECTS)) | $(B)/bench_empty.skel.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $(filter %.c %.o,$^) $(LDLIBS)

## make bench           each budget measured beside what a user would pick instead
.PHONY: bench
bench:
	mk/deps.sh test
	$(MAKE) --no-print-directory $(B)/egret static $(B)/bench/packet_cost $(B)/tests/probe
	bench/run
