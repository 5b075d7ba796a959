/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot order, to be read from top to bottom. Each step names what it
 * needs by standing below it.
 */
#include "hvm/dom0/build.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/cpu/layout.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/start/start.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/early-map.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/traps.h"
#include "hypervisor/x86/upcalls.h"

static const struct boot_info *const bi = &boot_info;

/* The screen as the loader left it, if we can draw on it. VGA memory is
 * uncached by its MTRR. */
static void screen_start(void)
{
    size_t size = screen_framebuffer_size(&bi->fb);
    void *va = NULL;

    if (size)
        va = early_map(bi->fb.maddr, size, MAP_RW | PTE_PWT);
    else if (bi->fb.type == FB_TEXT)
        va = early_map(0xb8000, KB(32), MAP_RW);
    if (va)
        screen_init(va, size ? &bi->fb : NULL);
}

static void report_boot_info(void)
{
    static const char *const types[] = {
        "unknown", "RAM", "reserved", "ACPI tables", "ACPI NVS", "unusable",
    };

    log_info("Loaded by %s%s at %#lx\n", bi->loader,
             bi->efi ? " from UEFI" : "",
             image_maddr(image_start));
    log_info("Command line: %s\n", bi->cmdline);
    cmdline_parse(bi->cmdline, true);
    for (unsigned int i = 0; i < bi->nr_modules; i++)
        log_info("Module %u: %#lx-%#lx %s\n", i, bi->modules[i].start,
                 bi->modules[i].end, bi->modules[i].cmdline);
    log_info("Memory map:\n");
    for (unsigned int i = 0; i < bi->map.n; i++) {
        const struct mem_region *r = &bi->map.r[i];

        log_info("  %010lx-%010lx %s\n", r->start, r->end,
                 types[r->type < ARRAY_SIZE(types) ? r->type : 0]);
    }
}

static void acpi_start(void)
{
    int rc = acpi_read(bi->rsdp, bi->rsdp_size);

    if (rc)
        cannot_start("there are no usable ACPI tables (error %d), by which "
                     "Lodge finds CPUs and interrupt controllers", -rc);
    for (unsigned int i = 0; i < acpi_info.nr_tables; i++)
        log_debug("ACPI: %.4s at %#lx, %u bytes\n",
                  acpi_info.tables[i].signature, acpi_info.tables[i].maddr,
                  acpi_info.tables[i].size);
    log_info("ACPI: %u tables, %u CPUs, %u I/O APICs, PM timer %#x, HPET "
             "%#lx, S5 %s\n", acpi_info.nr_tables, acpi_info.nr_cpus,
             acpi_info.nr_ioapics, acpi_info.pm_timer,
             acpi_info.hpet_maddr, acpi_info.has_s5 ? "known" : "unknown");
}

static void memory_start(void)
{
    struct mem_region reserved[1 + BOOT_MODULES_MAX];
    unsigned int n = 0;

    reserved[n++] = (struct mem_region){
        image_maddr(image_start), image_maddr(image_end), MEM_RESERVED };
    for (unsigned int i = 0; i < bi->nr_modules; i++)
        reserved[n++] = (struct mem_region){
            bi->modules[i].start, bi->modules[i].end, MEM_RESERVED };
    mm_init(bi->map.r, bi->map.n, reserved, n);
}

static void uart_interrupt(unsigned int irq, void *arg)
{
    uart_receive();
    irq_set_mask(irq, false);
}

static void console_input_start(void)
{
    struct acpi_override o = acpi_isa_irq(uart_port.irq);

    if (!uart_port.irq)
        return;
    if (irq_bind_gsi(o.gsi, o.level, o.active_low, 0, uart_interrupt,
                     NULL) >= 0)
        uart_receive();
    else
        log_warn("com1: interrupt %u cannot be used; no input\n",
                 uart_port.irq);
}

static void guests_start(void)
{
    int rc = hvm_cpu_init();

    if (rc < 0)
        panic("CPU %u cannot run guests (error %d)", cpu_id(), -rc);
    /* On the boot CPU before there are others, and before domain 0. */
    if (sched_init_cpu(cpu_id()))
        panic("CPU %u: no memory for its run queue", cpu_id());
}

void boot_main(uint32_t magic, uint32_t info)
{
    image_map();
    smp_init_boot_cpu();
    desc_init();
    features_read();
    features_setup_cpu();

    int rc = boot_info_read(magic, info);
    cmdline_parse(bi->cmdline, false);
    screen_start();
    console_init();
    log_info("Lodge 4.20-lodge\n");
    if (rc)
        cannot_start("the boot loader's information (magic %#x) is not "
                     "understood (error %d)", magic, -rc);
    report_boot_info();
    features_report();
    acpi_start();

    memory_start();
    early_map_end();
    power_init();
    pic_init();
    apic_init();
    ioapic_init();
    time_init();
    guests_start();
    smp_start_all();
    console_input_start();
    selftest_crash();
    log_info("Boot took %lu ms\n", now_ns() / 1000000);
    if (domain_init())
        cannot_start("there is not enough memory for domains");
    dom0_create(bi);
    sched_idle();
}

void ap_main(void)
{
    guests_start();
    sched_idle();
}
