/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GDT, TSS and IDT (SDM vol. 3A 3.4.5, 6.14, 7.7). The interrupt stacks of
 * #DF, NMI and #MC are part of the per-CPU area, so they exist as soon as
 * GS base does.
 */
#include "hypervisor/x86/traps.h"

#include "hypervisor/mm/map.h"
#include "hypervisor/x86/asm.h"

BUILD_BUG_ON(STACK_BYTES != STACK_SIZE);

#define IST_COUNT 3 /* interrupt stacks */

extern const char vector_stubs[]; /* entry.S, 16 bytes each */

struct tss {
    uint32_t unused1[9]; /* stacks of other privilege levels */
    uint64_t ist[7];
    uint16_t unused2[5], iomap_base;
} __packed;
_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3A 7.7");

struct table_reg {
    uint16_t limit;
    uint64_t base;
} __packed;

#define GATE_INTERRUPT 0x00008e0000000000ull
#define DESC_TSS 0x0000890000000000ull

DEFINE_PERCPU(uint64_t, host_gdt)[5] __aligned(16) = {
    [HOST_CS / 8] = 0x00af9b000000ffff, /* 64-bit code */
    [HOST_DS / 8] = 0x00cf93000000ffff, /* data */
};
DEFINE_PERCPU(struct tss, host_tss) __aligned(16);
static DEFINE_PERCPU(uint8_t, ist_stacks)[IST_COUNT][PAGE_SIZE] __aligned(16);

uint64_t host_idt[256][2] __aligned(16);

void desc_init(void)
{
    for (unsigned int v = 0; v < 256; v++) {
        uint64_t entry = (uint64_t)vector_stubs + v * 16;
        uint64_t ist = v == TRAP_DF    ? 1
                       : v == TRAP_NMI ? 2
                       : v == TRAP_MC  ? 3 : 0;

        host_idt[v][0] = GATE_INTERRUPT | (entry & 0xffff) | HOST_CS << 16 |
                         ist << 32 | (entry >> 16 & 0xffff) << 48;
        host_idt[v][1] = entry >> 32;
    }
    desc_init_cpu();
}

void desc_init_cpu(void)
{
    uint64_t *g = this_cpu(host_gdt);
    struct tss *t = &this_cpu(host_tss);
    uint64_t base = (uint64_t)t;
    struct table_reg gdtr = { sizeof(host_gdt) - 1, (uint64_t)g };
    struct table_reg idtr = { sizeof(host_idt) - 1, (uint64_t)host_idt };

    for (unsigned int i = 0; i < IST_COUNT; i++)
        t->ist[i] = (uint64_t)this_cpu(ist_stacks)[i] + PAGE_SIZE;
    t->iomap_base = sizeof(*t);

    g[HOST_TR / 8] = DESC_TSS | (sizeof(*t) - 1) | (base & 0xffffff) << 16 |
                     ((base >> 24) & 0xff) << 56;
    g[HOST_TR / 8 + 1] = base >> 32;
    /* CS is this descriptor already, FS and GS are not to be touched, the
     * others stay null. */
    asm volatile("lgdt %0; lidt %1; mov %2, %%ss; ltr %w3"
                 : : "m"(gdtr), "m"(idtr), "r"(HOST_DS), "r"(HOST_TR)
                 : "memory");
}
