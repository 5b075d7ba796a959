# SPDX-License-Identifier: GPL-2.0-only
#
# Lodge. `make` builds the hypervisor with the compiler at hand; `make run`,
# `make shell` and `make check` set up the test bench first. Each folder's
# part is in its build.mk.

B := build
LODGE_CACHE ?= $(if $(filter 0,$(shell id -u)),/var/cache/lodge,$(HOME)/.cache/lodge)
export LODGE_CACHE

-include config.mk
CC ?= gcc
OBJCOPY ?= objcopy

.PHONY: all clean
.DEFAULT_GOAL := all

include hypervisor/build.mk
include tests/unit/build.mk
include tests/abi/build.mk
-include tests/lint/build.mk
-include tests/guest/build.mk
-include tests/bench/build.mk
-include tests/system/build.mk

all: $(B)/lodge $(B)/lodge32

clean:
	rm -rf $(B)
