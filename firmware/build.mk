# SPDX-License-Identifier: GPL-2.0-only
#
# Firmware for guests. SeaBIOS is built from Debian's source package, which the
# bench chroot has. Included by the top Makefile. Needs B.

.PHONY: firmware

firmware: bench-chroot  ## SeaBIOS that reads IDE disks and CDs by DMA
	@tests/bench/in-bench firmware/seabios.sh $(B)/firmware/seabios.bin
