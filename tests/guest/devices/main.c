/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices that an HVM guest gets from the hypervisor: I/O APIC, PIC, PIT,
 * RTC, HPET, PM timer. Domain 0 has the machine's or none, so this kernel is
 * for a guest: the system test kernel-devices starts it in place of a firmware.
 *
 * Intel 82093AA, 8259A, 8254; MC146818; IA-PC HPET 1.0a; ACPI 6.5, "Power
 * Management Timer".
 */
#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/abi/hvm-params.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

#define IOAPIC 0xfec00000u
#define HPET 0xfed00000u
#define PMTIMER 0xb008
#define V_PIC 0xa0          /* IRQ 0 to 15 by the PIC */
#define V_GSI 0xb0          /* by the I/O APIC */

static uint32_t ioapic_read(unsigned int reg)
{
    mmio_write(IOAPIC, reg);
    return mmio_read(IOAPIC + 16);
}

static void ioapic_write(unsigned int reg, uint32_t v)
{
    mmio_write(IOAPIC, reg);
    mmio_write(IOAPIC + 16, v);
}

static void ioapic_pin(unsigned int pin, uint32_t low)
{
    ioapic_write(0x10 + 2 * pin, (uint32_t)LVT_MASKED);
    ioapic_write(0x11 + 2 * pin, apic_id() << 24);
    ioapic_write(0x10 + 2 * pin, low);
}

static void pic_init(void)
{
    outb(0x20, 0x11);
    outb(0xa0, 0x11);
    outb(0x21, V_PIC);
    outb(0xa1, V_PIC + 8);
    outb(0x21, 4);
    outb(0xa1, 2);
    outb(0x21, 1);
    outb(0xa1, 1);
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}

static void pit_rate(uint16_t count)
{
    outb(0x43, 0x34);
    outb(0x40, (uint8_t)count);
    outb(0x40, (uint8_t)(count >> 8));
}

static uint16_t pit_read(void)
{
    uint8_t low;

    outb(0x43, 0);
    low = inb(0x40);
    return (uint16_t)(low | inb(0x40) << 8);
}

static volatile unsigned int pic_irqs;

static void on_pic(struct trap_frame *f)
{
    pic_irqs++;
    outb(0x20, 0x20);
}

static void test_pit_and_pic(void)
{
    uint16_t a, b;
    uint64_t end;

    pic_init();
    report_eq(inb(0x21), 0xff, "PIC mask");
    pit_rate(0xffff);
    a = pit_read();
    b = pit_read();
    report((uint16_t)(a - b) < 0x8000 && a != b, "PIT counts: %u %u", a, b);
    trap_handler(V_PIC, on_pic);
    apic_write(APIC_LVT_LINT0, 0x700);
    outb(0x21, 0xfe);
    pit_rate(1193);
    end = now_ns() + 1000000000;
    sti();
    while (pic_irqs < 10 && now_ns() < end)
        cpu_pause();
    cli();
    report(pic_irqs >= 10, "PIT by the PIC: %u", pic_irqs);
    outb(0x21, 0xff);
    apic_write(APIC_LVT_LINT0, (uint32_t)LVT_MASKED);
}

static void test_ioapic(void)
{
    uint32_t version = ioapic_read(1);

    report((version >> 16 & 0xff) >= 23, "I/O APIC version %#x", version);
    vector_count(V_GSI);
    ioapic_pin(2, V_GSI);
    pit_rate(1193);
    report(vector_wait(V_GSI, 10, 1000000), "PIT by the I/O APIC");
    ioapic_pin(2, (uint32_t)LVT_MASKED);
    report_eq(ioapic_read(0x14), LVT_MASKED, "masked pin");
}

static uint8_t rtc_read(uint8_t reg)
{
    outb(0x70, reg);
    return inb(0x71);
}

static void rtc_write(uint8_t reg, uint8_t v)
{
    outb(0x70, reg);
    outb(0x71, v);
}

static void on_rtc(struct trap_frame *f)
{
    (void)rtc_read(0x0c);
    vector_counts[f->vector & 0xff]++;
    apic_eoi();
}

static void test_rtc(void)
{
    report(rtc_read(0x0d) & 0x80, "RTC is valid");
    report((rtc_read(7) & 0x3f) && (rtc_read(8) & 0x1f), "it has a date");
    trap_handler(V_GSI + 8, on_rtc);
    vector_counts[V_GSI + 8] = 0;
    ioapic_pin(8, V_GSI + 8);
    rtc_write(0x0a, 0x26);
    rtc_write(0x0b, (uint8_t)(rtc_read(0x0b) | 0x40));
    (void)rtc_read(0x0c);
    report(vector_wait(V_GSI + 8, 10, 1000000), "periodic interrupt");
    rtc_write(0x0b, (uint8_t)(rtc_read(0x0b) & ~0x40));
    ioapic_pin(8, (uint32_t)LVT_MASKED);
}

/* Nanoseconds that a counter says have passed in `us`. */
static void check_rate(const char *name, uint64_t ticks, uint64_t hz,
                       uint64_t ns)
{
    uint64_t said = ticks * 1000000000 / hz;

    report(said > ns / 2 && said < ns * 2, "%s: %llu ns, not %llu", name,
           (unsigned long long)said, (unsigned long long)ns);
}

/* The firmware's part: ACPI's ports at 0xb000, where all know them. */
static void place_pm_timer(void)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .value = 1,
                               .index = HVM_PARAM_ACPI_IOPORTS_LOCATION };

    report_eq(hvm_op(HVMOP_set_param, &p), 0, "ACPI ports");
}

static void test_counters(void)
{
    uint32_t femto = mmio_read(HPET + 4), h, p;
    uint64_t start;

    report(femto > 1000000 && femto < 100000000, "HPET period %u", femto);
    mmio_write(HPET + 0x10, 1);
    start = now_ns();
    h = mmio_read(HPET + 0xf0);
    p = inl(PMTIMER);
    delay_us(20000);
    p = (inl(PMTIMER) - p) & 0xffffff;
    h = mmio_read(HPET + 0xf0) - h;
    start = now_ns() - start;
    check_rate("HPET", h, 1000000000000000ull / femto, start);
    check_rate("PM timer", p, 3579545, start);
}

TEST_MAIN()
{
    if (start_info->flags & SIF_INITDOMAIN)
        skip("domain 0 has none of these devices");
    apic_init();
    test_pit_and_pic();
    test_ioapic();
    test_rtc();
    place_pm_timer();
    test_counters();
}
