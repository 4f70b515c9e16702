# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Which lines of user/ the tests run, by gcov; and the agent under valgrind. Behind mk/test.mk.

COVERAGE     := $(B)/coverage
COVERAGE_MIN ?= 85
# Of all lines.
COVERAGE_WHOLE_MIN ?= 92
# Objects keep their place: gcov writes beside them, by whatever user `exec` runs its command as.
COVERAGE_OBJECTS := $(SOURCES:%.c=$(COVERAGE)/%.o)
# test_packet tests the programs.
COVERAGE_TESTS   := $(patsubst tests/unit/%.c,$(COVERAGE)/%,$(filter-out tests/unit/test_packet.c,$(wildcard tests/unit/test_*.c)))
COVERAGE_UNIT    := $(UNIT_SOURCES:%.c=$(COVERAGE)/%.o) $(patsubst %.c,$(COVERAGE)/%.o,$(wildcard tests/model/*.c))

$(COVERAGE)/%.o: %.c $(B)/config | $(B)/egret.skel.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests -std=gnu11 $(WARNINGS) --coverage -fprofile-update=atomic -O0 -g -MMD -MP \
		-c -o $@ $<

$(COVERAGE)/egret: $(COVERAGE_OBJECTS) $(COVERAGE)/tests/fuzz/dump_coverage.o
	$(call say,LD,$@)
	$(Q)$(CC) --coverage -Wl,--wrap=_exit -o $@ $^ $(LDLIBS) -lpthread

$(COVERAGE)/test_%: $(COVERAGE)/tests/unit/test_%.o $(COVERAGE)/tests/unit/filter.o $(COVERAGE_UNIT)
	$(call say,LD,$@)
	$(Q)$(CC) --coverage -o $@ $^ -lcmocka -lcares -lpthread

$(SYSTEM_TESTS:%=$(COVERAGE)/%): $(COVERAGE)/%: $(COVERAGE)/tests/unit/%.o $(COVERAGE)/tests/unit/filter.o $(SYSTEM_SOURCES:%.c=$(COVERAGE)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) --coverage -o $@ $^ -lcmocka -lbpf -lelf -lz -lpthread

$(VIEW_TESTS:%=$(COVERAGE)/%): $(COVERAGE)/%: $(COVERAGE)/tests/unit/%.o $(COVERAGE)/tests/unit/filter.o $(VIEW_SOURCES:%.c=$(COVERAGE)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) --coverage -o $@ $^ -lcmocka -ljansson -lpthread

$(COVERAGE)/test_serve: $(COVERAGE)/%: $(COVERAGE)/tests/unit/%.o $(COVERAGE)/tests/unit/filter.o $(SERVE_SOURCES:%.c=$(COVERAGE)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) --coverage -o $@ $^ -lcmocka -ljansson -lseccomp -lpthread

$(PRINTED_TESTS:$(B)/tests/%=$(COVERAGE)/%): $(COVERAGE)/%: $(COVERAGE)/tests/unit/%.o $(COVERAGE)/tests/unit/filter.o $(PRINTED_SOURCES:%.c=$(COVERAGE)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) --coverage -o $@ $^ -lcmocka -ljansson -lcares -lpthread

$(PROGRAM_TESTS:%=$(COVERAGE)/%): $(COVERAGE)/%: $(COVERAGE)/tests/unit/%.o $(COVERAGE)/tests/unit/filter.o $(PROGRAM_SOURCES:%.c=$(COVERAGE)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) --coverage -o $@ $^ -lcmocka $(LDLIBS) -lpthread

-include $(COVERAGE_OBJECTS:.o=.d) $(wildcard $(COVERAGE)/tests/*/*.d)

.PHONY: coverage-programs
coverage-programs: $(COVERAGE)/egret $(COVERAGE_TESTS) tests

## make coverage        lines of user/ that the unit and end-to-end tests run; files under COVERAGE_MIN (85) %;
##                      fails under COVERAGE_WHOLE_MIN (92) % of all
.PHONY: coverage
coverage:
	mk/deps.sh test
	$(MAKE) --no-print-directory coverage-programs
	tests/fuzz/coverage $(COVERAGE) $(COVERAGE_MIN) $(COVERAGE_WHOLE_MIN)

## make valgrind        an agent for VALGRIND_SEC seconds (60) under memcheck, with traffic, names that change, restarts
.PHONY: valgrind
VALGRIND_SEC ?= 60
valgrind:
	mk/deps.sh test
	$(MAKE) --no-print-directory $(B)/egret $(B)/tests/probe
	tests/tools/valgrind.sh $(VALGRIND_SEC)
