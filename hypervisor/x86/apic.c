/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APIC driver (SDM vol. 3A 11; APM vol. 2 16). Both register
 * interfaces number the registers alike: offset in the page, or MSR 0x800 +
 * offset / 16.
 */
#include "hypervisor/x86/irq.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/features.h"

enum {
    REG_ID = 0x20, REG_VERSION = 0x30, REG_TPR = 0x80, REG_EOI = 0xb0,
    REG_LDR = 0xd0, REG_DFR = 0xe0, REG_SPURIOUS = 0xf0,
    REG_ESR = 0x280, REG_ICR = 0x300, REG_ICR_HIGH = 0x310,
    REG_LVT_CMCI = 0x2f0, REG_LVT_TIMER = 0x320, REG_LVT_PERF = 0x340,
    REG_LVT_LINT0 = 0x350, REG_LVT_LINT1 = 0x360, REG_LVT_ERROR = 0x370,
    REG_TIMER_INITIAL = 0x380, REG_TIMER_CURRENT = 0x390,
    REG_TIMER_DIVIDE = 0x3e0,
};

#define LVT_MASKED BIT(16)
#define LVT_NMI 0x400
#define LVT_TIMER_DEADLINE BIT(18)
#define SPURIOUS_ENABLE BIT(8)
#define DIVIDE_BY_1 0xb
#define ICR_BUSY BIT(12)
#define ICR_ASSERT BIT(14)

bool opt_x2apic = true;

bool apic_x2apic;
static volatile uint8_t *page;

static uint32_t reg_read(unsigned int reg)
{
    if (apic_x2apic)
        return (uint32_t)rdmsr(MSR_X2APIC_FIRST + reg / 16);
    return mmio_read32(page + reg);
}

static void reg_write(unsigned int reg, uint32_t v)
{
    if (apic_x2apic)
        wrmsr(MSR_X2APIC_FIRST + reg / 16, v);
    else
        mmio_write32(page + reg, v);
}

void apic_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    apic_x2apic = cpu_features.x2apic &&
                  (opt_x2apic || (base & APIC_BASE_EXTD));
    if (apic_x2apic && !opt_x2apic)
        log_warn("x2apic=0 ignored: the firmware enabled it already\n");
    if (!apic_x2apic) {
        page = device_map(base & PAGE_MASK, PAGE_SIZE);
        if (!page)
            panic("no memory to map the local APIC");
    }
    apic_init_cpu();
    log_info("APIC: %s mode, id %u\n", apic_x2apic ? "x2APIC" : "xAPIC",
             apic_id());
}

void apic_init_cpu(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    wrmsr(MSR_APIC_BASE, base);
    if (apic_x2apic)
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);

    reg_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    reg_write(REG_TPR, 0);
    /* One-shot for now, which forgets a deadline that the firmware set. */
    reg_write(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    reg_write(REG_LVT_LINT0, LVT_MASKED);
    reg_write(REG_LVT_LINT1, LVT_NMI);
    reg_write(REG_LVT_PERF, LVT_MASKED);
    if (((reg_read(REG_VERSION) >> 16) & 0xff) >= 6) /* so many LVTs */
        reg_write(REG_LVT_CMCI, LVT_MASKED);
    if (!apic_x2apic) {
        reg_write(REG_DFR, 0xffffffff);
        reg_write(REG_LDR, 0);
    }
    reg_write(REG_ESR, 0);
    reg_write(REG_LVT_ERROR, VECTOR_ERROR);
    /* Whatever the firmware left in service would block lower vectors. */
    for (unsigned int vector = 0; vector < 256; vector++)
        apic_eoi();

    reg_write(REG_TIMER_INITIAL, 0);
    reg_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
    reg_write(REG_LVT_TIMER, VECTOR_TIMER | (cpu_features.tsc_deadline
                                                 ? LVT_TIMER_DEADLINE : 0));
    /* The mode must be set before MSR_TSC_DEADLINE is written (SDM vol. 3A
     * 11.5.4.1). */
    asm volatile("mfence" : : : "memory");
}

uint32_t apic_id(void)
{
    return apic_x2apic ? reg_read(REG_ID) : reg_read(REG_ID) >> 24;
}

void apic_eoi(void)
{
    reg_write(REG_EOI, 0);
}

void apic_send(uint32_t dest, uint32_t command)
{
    command |= ICR_ASSERT;
    if (apic_x2apic) {
        /* Earlier stores first: this write does not order them by itself
         * (SDM vol. 3A 11.12.3). */
        asm volatile("mfence; lfence" : : : "memory");
        wrmsr(MSR_X2APIC_FIRST + REG_ICR / 16, (uint64_t)dest << 32 | command);
        return;
    }
    for (unsigned int i = 0; i < 1000000 && reg_read(REG_ICR) & ICR_BUSY; i++)
        cpu_relax();
    reg_write(REG_ICR_HIGH, dest << 24);
    reg_write(REG_ICR, command);
}

void apic_timer_set_count(uint32_t count)
{
    reg_write(REG_TIMER_INITIAL, count);
}

uint32_t apic_timer_count(void)
{
    return reg_read(REG_TIMER_CURRENT);
}

void apic_error_interrupt(void)
{
    static uint32_t seen;

    reg_write(REG_ESR, 0);
    uint32_t esr = reg_read(REG_ESR);
    if (esr & ~seen)
        log_warn("APIC error %02x on CPU %u\n", esr, cpu_id());
    seen |= esr;
}
