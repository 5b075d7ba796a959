# SPDX-License-Identifier: GPL-2.0-only
#
# Guest tests: small kernels that the hypervisor starts directly as its first
# domain. `make check-guest` builds and runs them (TESTS="name name" for some),
# `make check-vmx` does so on machines with VT-x, `make exit-cost` prints what
# exits cost. The folder NAME makes NAME.elf in 64 bits; where tests.ini has a
# test NAME-32 it makes that in 32 bits.
#
# Needs B, the build directory. Paths are from the repository's root.

GUEST_CC ?= gcc
GUEST_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -no-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-jump-tables \
	-mgeneral-regs-only -Wall -Wextra -Wno-unused-parameter -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Werror -I. -MMD -MP
GUEST_64 := -m64 -mno-red-zone
GUEST_32 := -m32 -march=i686

# Sections of tests.ini, without what stands behind a dot (variants of a run).
GUEST_TESTS := $(sort $(shell sed -n 's/^\[\([a-z0-9-]*\).*\]$$/\1/p' tests/guest/tests.ini))
GUEST_LIB := $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S)
GUEST_ELFS := $(GUEST_TESTS:%=$(B)/guest/%.elf)

guest-objects = $(addsuffix .o,$(addprefix $(B)/guest/$(1)/,$(basename $(2))))

$(B)/guest/64/%.o: %.c tests/guest/build.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) $(GUEST_64) \
		-DGUEST_TEST='"$(notdir $(patsubst %/,%,$(dir $*)))"' -c $< -o $@
$(B)/guest/32/%.o: %.c tests/guest/build.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) $(GUEST_32) \
		-DGUEST_TEST='"$(notdir $(patsubst %/,%,$(dir $*)))-32"' -c $< -o $@
$(B)/guest/64/%-S.o: %.S tests/guest/build.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) $(GUEST_64) -c $< -o $@
$(B)/guest/32/%-S.o: %.S tests/guest/build.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) $(GUEST_32) -c $< -o $@

# $(1) test, $(2) its folder, $(3) 32 or 64
define guest-elf
$(B)/guest/$(1).elf: \
	$(patsubst %.c,$(B)/guest/$(3)/%.o,$(filter %.c,$(GUEST_LIB)) \
		$(wildcard tests/guest/$(2)/*.c)) \
	$(patsubst %.S,$(B)/guest/$(3)/%-S.o,$(filter %.S,$(GUEST_LIB)) \
		$(wildcard tests/guest/$(2)/*.S))
endef
$(foreach t,$(filter-out %-32,$(GUEST_TESTS)),$(eval $(call guest-elf,$(t),$(t),64)))
$(foreach t,$(filter %-32,$(GUEST_TESTS)),$(eval $(call guest-elf,$(t),$(t:%-32=%),32)))

$(GUEST_ELFS): tests/guest/lib/link.lds
	$(GUEST_CC) -nostdlib -static -no-pie $(if $(findstring -32.elf,$@),-m32,-m64) \
		-Wl,-z,noexecstack,-z,max-page-size=4096,--build-id=none,--no-warn-rwx-segments \
		-T tests/guest/lib/link.lds $(filter %.o,$^) -o $@

# Kernels for HVM guests: the toolstack takes no file with Xen's notes for a
# firmware, wants 32 bits, and enters it as PVH's notes would say.
HVM_KERNELS := devices exit-cost
$(B)/guest/hvm/%.elf: $(B)/guest/%.elf
	@mkdir -p $(@D)
	$(OBJCOPY) -O elf32-i386 -g -R .note.Xen $< $@

-include $(shell find $(B)/guest/64 $(B)/guest/32 -name '*.d' 2>/dev/null)

VMX_FEATURES := vpid intr-delivery apic-registers rdtscp invpcid xsaves \
	tsc-scaling pml

.PHONY: guest-tests hvm-kernels check-guest check-vmx exit-cost
guest-tests: $(GUEST_ELFS)      ## build the guest tests
hvm-kernels: $(HVM_KERNELS:%=$(B)/guest/hvm/%.elf)  ## those for HVM guests

# A kernel that does not build must not hide the others' results.
check-guest: $(B)/lodge32   ## run the guest tests (TESTS="name name")
	@$(MAKE) -s -k -f $(firstword $(MAKEFILE_LIST)) B=$(B) guest-tests || \
		for e in $(GUEST_ELFS); do \
		$(MAKE) -q -f $(firstword $(MAKEFILE_LIST)) B=$(B) $$e || rm -f $$e; done
	@B=$(B) tests/guest/run.py $(TESTS)

# All machines of Bochs's: AMD-V again, VT-x from its first to its latest state,
# and without each of the features that the usual one has.
VMX_MACHINES := bochs-amd intel intel/corei7_ivy_bridge_3770k \
	intel/corei7_haswell_4770 intel/arrow_lake \
	$(VMX_FEATURES:%=intel+vmx=no-%)
check-vmx:              ## the same on Bochs, with VT-x (MACHINE="name name")
	@$(MAKE) -s -f $(firstword $(MAKEFILE_LIST)) B=$(B) check-guest \
		MACHINE="$(or $(MACHINE),$(VMX_MACHINES))"

exit-cost: $(B)/guest/exit-cost.elf $(B)/lodge32    ## instructions per exit
	@B=$(B) MACHINE="$(or $(MACHINE),amd intel)" tests/guest/run.py exit-cost
