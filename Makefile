# SPDX-License-Identifier: GPL-2.0-only
#
# Lodge. `make` builds the hypervisor with the compiler at hand; `make run`,
# `make shell` and `make check` set up the test bench first. Each folder's
# part is in its build.mk.

B := build
LODGE_CACHE ?= $(if $(filter 0,$(shell id -u)),/var/cache/lodge,$(HOME)/.cache/lodge)
export LODGE_CACHE

-include config.mk
ifeq ($(origin CC),default)
CC := gcc
endif
OBJCOPY ?= objcopy
NM ?= nm

# No compiler here: the test bench has one.
ifeq ($(shell command -v $(firstword $(CC)) 2>/dev/null)$(filter command,$(origin CC)),)
$(info There is no $(CC) here: using the test bench's. \
	"apt install gcc binutils" makes it unnecessary.)
CC := tests/bench/in-bench gcc
OBJCOPY := tests/bench/in-bench objcopy
NM := tests/bench/in-bench nm
endif

.PHONY: all check docs clean
.DEFAULT_GOAL := all

include hypervisor/build.mk
include tests/unit/build.mk
include tests/abi/build.mk
-include firmware/build.mk
-include tests/lint/build.mk
-include tests/guest/build.mk
-include tests/bench/build.mk
-include tests/system/build.mk
-include tests/perf/build.mk

all: $(B)/lodge $(B)/lodge32

# Everything that tells whether the tree is sound (STAGES="lint unit" for some).
check:
	@if command -v python3 >/dev/null; then exec tests/check.py $(STAGES); \
	else exec tests/bench/in-bench tests/check.py $(STAGES); fi

docs:                   ## print the tables of docs/*.md again
	@tests/docs/print.py

clean:
	rm -rf $(B)
