# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
BENCH_SHARED   := report policies test_run lanes
BENCH_PROGRAMS := $(filter-out $(BENCH_SHARED) %.bpf,$(patsubst bench/%.c,%,$(wildcard bench/*.c)))
BENCH_OBJECTS  := $(BENCH_SHARED:%=$(B)/bench/%.o)
BENCH_BPF      := $(patsubst bench/%.bpf.c,$(B)/bench_%.skel.h,$(wildcard bench/*.bpf.c))

$(B)/bench_%.bpf.o: bench/%.bpf.c $(VMLINUX)/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror \
		-Iinclude -Ibpf -I$(VMLINUX) -c -o $@ $<

$(B)/bench_first_packet.bpf.o $(B)/bench_device.bpf.o: $(wildcard bpf/*.[ch] include/*.h)

$(B)/bench_%.skel.h: $(B)/bench_%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name bench_$* > $@.new
	$(Q)mv $@.new $@

$(B)/bench/%.o: bench/%.c $(B)/config $(B)/egret.skel.h | $(BENCH_BPF)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BENCH_PROGRAMS:%=$(B)/bench/%): $(B)/bench/%: $(B)/bench/%.o $(BENCH_OBJECTS) \
		$(filter-out $(B)/user/cli/%,$(OBJECTS))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(wildcard $(B)/bench/*.d)

.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS:%=$(B)/bench/%)

## make bench           each budget measured beside what a user would pick instead
.PHONY: bench
bench:
	mk/deps.sh test bench
	$(MAKE) --no-print-directory $(B)/egret static bench-programs $(B)/tests/probe $(B)/tests/liar
	bench/run
