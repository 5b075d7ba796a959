# SPDX-License-Identifier: GPL-2.0-only
#
# Host tests: `make check-unit` builds and runs tests/unit/test-*.c, `make
# fuzz-short` the fuzz targets for a few seconds each, `make fuzz-NAME` one of
# them until stopped. A test's first comment names the hypervisor sources that
# it links: /* sources: hypervisor/lib/elf.c ... */
#
# Needs B, the build directory. Paths are from the repository's root.

UNIT_CC ?= gcc
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 4

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test-*.c))
FUZZ_TESTS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
UNIT_FAKES := $(wildcard tests/unit/fakes/*.c)

UNIT_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -DLODGE_DEBUG \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-Wall -Wextra -Wno-unused-parameter -Werror \
	-Itests/unit/fakes -I. -pthread -MMD -MP
FUZZ_CFLAGS := $(UNIT_CFLAGS) -fsanitize=fuzzer-no-link

# The sources that a test's first comment lists.
unit-sources = $(shell sed -n '0,/\*\//{s|^/\* sources:||;s|\*/||;p}' $(1))

# $(1) unit or fuzz, $(2) the test's name, $(3) its file.
define unit-program
$(B)/$(1)/$(2): $(patsubst %.c,$(B)/$(1)/obj/%.o,$(3) \
	$(call unit-sources,$(3)) $(UNIT_FAKES))
endef

$(foreach t,$(UNIT_TESTS),$(eval $(call unit-program,unit,$(t),tests/unit/$(t).c)))
$(foreach t,$(FUZZ_TESTS),$(eval $(call unit-program,fuzz,$(t),tests/fuzz/$(t).c)))

$(B)/unit/obj/%.o: %.c
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_CFLAGS) -c $< -o $@

$(B)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -c $< -o $@

$(addprefix $(B)/unit/,$(UNIT_TESTS)):
	$(UNIT_CC) $(UNIT_CFLAGS) $^ -o $@

$(addprefix $(B)/fuzz/,$(FUZZ_TESTS)):
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -o $@

-include $(shell find $(B)/unit/obj $(B)/fuzz/obj -name '*.d' 2>/dev/null)

# One test that does not build must not hide the others' results: every
# program is built on its own, and the runner reports the missing ones. What is
# left of an earlier build is missing too.
build-each = $(MAKE) -s -k -f $(firstword $(MAKEFILE_LIST)) B=$(B) $(1) || \
	for t in $(1); do \
	$(MAKE) -q -f $(firstword $(MAKEFILE_LIST)) B=$(B) $$t || rm -f $$t; done

.PHONY: check-unit fuzz-short $(FUZZ_TESTS)
check-unit:
	@$(call build-each,$(addprefix $(B)/unit/,$(UNIT_TESTS)))
	@tests/unit/run.sh unit $(B) $(UNIT_TESTS)

fuzz-short:
	@$(call build-each,$(addprefix $(B)/fuzz/,$(FUZZ_TESTS)))
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/unit/run.sh fuzz $(B) $(FUZZ_TESTS)

$(FUZZ_TESTS): %: $(B)/fuzz/%
	@mkdir -p $(B)/fuzz/corpus/$@
	$(B)/fuzz/$@ -artifact_prefix=$(B)/fuzz/ $(B)/fuzz/corpus/$@ \
		$(wildcard tests/fuzz/corpus/$@)
