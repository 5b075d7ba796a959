# SPDX-License-Identifier: GPL-2.0-only
# The bench: chroot, images, emulated machine, system tests.  Included by the
# top Makefile.  Uses B (build folder) and LODGE_CACHE; the scripts find out
# themselves whether anything has to be built.

BENCH := tests/bench
export B LODGE_CACHE
export MACHINE HYPERVISOR BOOT GUEST CPU SMP MEM ACCEL DISK NIC QEMU_EXTRA
export DOM0_MEM HV_EXTRA DOM0_EXTRA SLOW TESTS

# Runs a command in the chroot: $(IN_BENCH) gcc ...
IN_BENCH := $(BENCH)/in-bench

# What the machine boots; nothing of ours if it is another hypervisor.
ifeq ($(HYPERVISOR),)
BENCH_NEEDS = $(B)/lodge $(B)/lodge32
endif

.PHONY: bench-chroot images iso run shell test-system check-long bench-clean

bench-chroot:           ## make the chroot with compilers and emulators
	@$(BENCH)/chroot.sh >/dev/null

images: bench-chroot           ## make domain 0's and the guest's disk images
	@$(BENCH)/images/dom0.sh >/dev/null
	@$(BENCH)/images/guest-debian.sh >/dev/null

iso: images $(BENCH_NEEDS)      ## make $(B)/lodge.iso for BIOS and UEFI
	@$(BENCH)/run.py iso

run: images firmware $(BENCH_NEEDS)      ## boot, domain 0, demo guest (GUEST=name)
	@$(BENCH)/run.py

shell: images firmware $(BENCH_NEEDS)    ## boot and attach to domain 0's console
	@$(BENCH)/run.py shell

test-system: images hvm-kernels firmware $(BENCH_NEEDS)  ## system tests (TESTS="name name")
	@tests/system/run.py $(TESTS)

# On the Intel machine too, and its failure does not hide the other's.
check-long: images hvm-kernels firmware $(BENCH_NEEDS)   ## all system tests, the slow ones too
	@rc=0; MACHINE=amd LONG=1 tests/system/run.py $(TESTS) || rc=1; \
	$(if $(TESTS),,MACHINE=intel tests/system/run.py || rc=1;) exit $$rc

# Chroots and images of recipes that are no longer used, and partial builds.
bench-clean:            ## drop cached chroots and images of old recipes
	@$(BENCH)/clean.sh
