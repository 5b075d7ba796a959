# SPDX-License-Identifier: GPL-2.0-only
#
# check-abi: compares hypervisor/abi with Xen's public headers.
#
#   XEN_INCLUDE  directory that holds xen/xen.h of libxen-dev 4.20
#
# Needs gcc that can compile (not link) with -m32, objcopy and python3.

XEN_INCLUDE ?= /usr/include
HOST_CC     ?= gcc
PYTHON      ?= python3

abi_out     := $(B)/tests/abi
abi_flags   := -std=gnu11 -O1 -ffreestanding -Wall -Wextra -Werror \
               -Wno-overflow -I.
# XEN_INCLUDE may be a whole /usr/include: the compiler's own headers first,
# and nothing of the C library, which need not exist for 32 bits.
abi_xen      = $(abi_flags) -Wno-sign-compare -nostdinc \
               -isystem $(shell $(HOST_CC) -print-file-name=include) \
               -isystem $(XEN_INCLUDE)
abi_sources := $(wildcard hypervisor/abi/*.h tests/abi/*.h tests/abi/list/*.h)
abi_objects := $(addprefix $(abi_out)/,ours.o xen.o compat.o compare.o)
abi_raw     := $(addprefix $(abi_out)/,xen32.raw xen32-compat.raw)

# The headers may change under the same name: compile again when the path does.
abi_stamp   := $(abi_out)/include-$(subst /,_,$(XEN_INCLUDE))

.PHONY: check-abi
check-abi: $(abi_out)/abi-compare $(abi_raw)
	$(PYTHON) tests/abi/facts.py
	$< $(abi_raw) tests/abi/wide.txt

$(abi_out)/abi-compare: $(abi_objects)
	$(HOST_CC) -o $@ $^

$(abi_objects) $(abi_raw): $(abi_sources) $(abi_stamp) tests/abi/build.mk

$(abi_stamp):
	@test -f $(XEN_INCLUDE)/xen/xen.h || \
	    { echo "XEN_INCLUDE=$(XEN_INCLUDE): no xen/xen.h" >&2; exit 1; }
	@mkdir -p $(abi_out) && rm -f $(abi_out)/include-* && touch $@

$(abi_out)/ours.o: tests/abi/table.c
	$(HOST_CC) $(abi_flags) -DTABLE_OURS -c -o $@ $<

$(abi_out)/compat.o: tests/abi/table.c
	$(HOST_CC) $(abi_flags) -DTABLE_COMPAT -c -o $@ $<

$(abi_out)/xen.o: tests/abi/table.c
	$(HOST_CC) $(abi_xen) -DTABLE_XEN -c -o $@ $<

$(abi_out)/compare.o: tests/abi/compare.c
	$(HOST_CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -I. -c -o $@ $<

$(abi_out)/xen32.raw: tests/abi/raw.c
	$(HOST_CC) $(abi_xen) -m32 -c -o $@.o $<
	objcopy -O binary -j .facts $@.o $@

$(abi_out)/xen32-compat.raw: tests/abi/raw.c
	$(HOST_CC) $(abi_xen) -m32 -DTABLE_COMPAT -c -o $@.o $<
	objcopy -O binary -j .facts $@.o $@
