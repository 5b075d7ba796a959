# SPDX-License-Identifier: GPL-2.0-only
#
# The image: $(B)/lodge (ELF64, multiboot2 by GRUB) and $(B)/lodge32 (the
# same in an ELF32 shell, multiboot1 by QEMU's -kernel). Optimised as one
# piece, a tenth of what an exit costs; DEBUG=1 is not, for a quicker build, and
# checks assertions and lock ranks.

LODGE_CFLAGS := -std=gnu11 -ffreestanding -fno-pic -fno-pie -mcmodel=kernel \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -fcf-protection=none -fno-common \
	-fno-omit-frame-pointer -O2 $(if $(DEBUG),,-flto) -g -I. \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wvla -Wimplicit-fallthrough -Wno-unused-parameter -Werror \
	$(if $(DEBUG),-DLODGE_DEBUG)
# Calls that the compiler adds by itself, and names that assembly in a function
# defines, are not seen when the files are compiled as one.
$(B)/obj/hypervisor/lib/string.c.o $(B)/obj/hypervisor/start/selftest.c.o: \
	LODGE_CFLAGS += -fno-lto

LODGE_SOURCES := $(sort $(shell find hypervisor hvm -name '*.c' -o -name '*.S'))
LODGE_OBJECTS := $(patsubst %,$(B)/obj/%.o,$(LODGE_SOURCES))

# Another compiler, or other flags, and all is made again.
LODGE_MADE_WITH := $(shell $(CC) --version 2>/dev/null | head -n 1) $(LODGE_CFLAGS)
$(B)/obj/made-with: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(LODGE_MADE_WITH)' | cmp -s - $@ || \
		printf '%s\n' '$(LODGE_MADE_WITH)' >$@
.PHONY: force

$(B)/obj/%.c.o: %.c hypervisor/build.mk $(B)/obj/made-with
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(LODGE_CFLAGS) -MMD -MP -c $< -o $@

$(B)/obj/%.S.o: %.S hypervisor/build.mk $(B)/obj/made-with
	@mkdir -p $(@D)
	@echo "  AS $<"
	@$(CC) -D__ASSEMBLY__ -I. -g -MMD -MP -c $< -o $@

LODGE_LD := $(CC) $(LODGE_CFLAGS) $(if $(DEBUG),,-flto=auto) -nostdlib -static \
	-no-pie -Wl,-n -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	-T hypervisor/hypervisor.lds

# Linked twice: the second time with the symbols of the first, so that crash
# dumps have names. Code stands before the table and does not move.
$(B)/lodge: $(LODGE_OBJECTS) hypervisor/hypervisor.lds
	@echo "  LD $@"
	@$(LODGE_LD) -o $@.1 $(LODGE_OBJECTS)
	@$(NM) -n $@.1 | awk -f hypervisor/debug/symbols.awk >$(B)/symbols.S
	@$(CC) -c $(B)/symbols.S -o $(B)/symbols.o
	@$(LODGE_LD) -o $@ $(LODGE_OBJECTS) $(B)/symbols.o

$(B)/lodge32: $(B)/lodge
	@$(OBJCOPY) -O elf32-i386 $< $@

-include $(LODGE_OBJECTS:.o=.d)
