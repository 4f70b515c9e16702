# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# libFuzzer: each harness is tests/fuzz/fuzz_NAME.c with tests/fuzz/corpus/NAME/.

FUZZ_SEC ?= 600
FUZZERS  := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
F        := $(B)/fuzz
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_SOURCES  := $(filter-out user/cli/main.c,$(SOURCES)) tests/model/model.c tests/model/memory.c tests/model/special.c \
                 tests/fuzz/fake.c
FUZZ_OBJECTS  := $(FUZZ_SOURCES:%.c=$(F)/%.o)
# What asks the system itself; tests/fuzz/fake.c answers in its place.
FUZZ_WRAPPED  := usleep cgroup_path_of_id cgroup_open pod_of_path kernel_is_held kernel_each_instance kernel_detach \
                 kernel_claim kernel_check_pins tree_kubepods kubelet_each

# The compiler of the fuzzers is clang, whose warnings are not gcc's: only the harnesses are held to them.
$(F)/%.o: %.c $(B)/config | $(B)/egret.skel.h
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)$(CLANG) $(CPPFLAGS) -Itests -std=gnu11 -Wall -Wextra -Wno-unknown-warning-option $(FUZZ_SANITIZE) \
		-O1 -g -MMD -MP -c -o $@ $<

# The fake's symbols stand before those of the shared libbpf, so none of it reaches the kernel.
$(F)/%: $(F)/tests/fuzz/fuzz_%.o $(FUZZ_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined $(FUZZ_WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(LDLIBS)

# The parser of the kernel, outside of it.
$(F)/tests/native/%.o: CPPFLAGS := -Itests/native -Ibpf -I$(VMLINUX) $(CPPFLAGS)
$(F)/dns: $(NATIVE_SOURCES:%.c=$(F)/%.o) $(patsubst %,$(F)/tests/answers/%.o,find hints judge)

-include $(wildcard $(F)/*/*.d $(F)/*/*/*.d)

.PHONY: fuzzers
fuzzers: $(FUZZERS:%=$(F)/%)

## make fuzz            each fuzzer for FUZZ_SEC seconds (600), or those of FUZZERS; FUZZ_SEED=1 repeats
.PHONY: fuzz
fuzz:
	mk/deps.sh test
	$(MAKE) --no-print-directory fuzzers
	tests/fuzz/run fuzz $(FUZZ_SEC) $(FUZZERS)

# Corpora are replayed without libFuzzer, with the objects of the unit tests.
$(B)/asan/tests/fuzz/%.o: WARNINGS := -Wall -Wextra

$(B)/tests/replay_%: $(B)/asan/tests/fuzz/fuzz_%.o $(B)/asan/tests/fuzz/replay.o $(FUZZ_SOURCES:%.c=$(B)/asan/%.o)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) $(FUZZ_WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(LDLIBS)

$(B)/tests/replay_dns: $(NATIVE_OBJECTS) $(patsubst %,$(B)/asan/tests/answers/%.o,find hints judge)

.PHONY: replays
replays: $(FUZZERS:%=$(B)/tests/replay_%)

## make fuzz-replay     the committed corpora once, in seconds
.PHONY: fuzz-replay
fuzz-replay: replays
	tests/fuzz/run replay $(FUZZERS)
