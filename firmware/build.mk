# SPDX-License-Identifier: GPL-2.0-only
#
# Firmware for guests. SeaBIOS is built from Debian's source package, which the
# bench chroot has. Included by the top Makefile. Needs B.

SEABIOS := $(B)/firmware/seabios.bin

.PHONY: firmware

firmware: $(SEABIOS)    ## SeaBIOS that reads IDE disks and CDs by DMA

$(SEABIOS): firmware/seabios.sh firmware/seabios.config firmware/atapi-dma.patch
	@tests/bench/in-bench firmware/seabios.sh $@
