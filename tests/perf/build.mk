# SPDX-License-Identifier: GPL-2.0-only
#
# Speed, measured: Lodge beside Xen, and Lodge beside what it took before.
# Included by the top Makefile, behind tests/bench/build.mk. Needs B.

export ROUNDS HYPERVISORS STEPS IDLE

.PHONY: bench bench-quick

# Lodge and Xen side by side (ROUNDS=n HYPERVISORS=xen STEPS="exit boot"
# IDLE=256). The test kernels are built by the compiler at hand.
bench: images guest-tests hvm-kernels firmware $(B)/lodge $(B)/lodge32   ## Lodge beside Xen: table, chart
	@tests/perf/bench.py

# Instructions are those of the bench chroot's compiler. KEEP=1: what is
# measured now becomes what is compared with.
ifeq ($(LODGE_IN_BENCH),)
bench-quick:            ## what exits cost, against the figures in the tree
	@tests/bench/in-bench $(MAKE) --no-print-directory -s B=$(B)/quick \
		CC=gcc OBJCOPY=objcopy NM=nm KEEP=$(KEEP) bench-quick
else
bench-quick: $(B)/guest/exit-cost.elf $(B)/lodge32
	@B=$(B) tests/perf/quick.py $(if $(KEEP),--keep)
endif
