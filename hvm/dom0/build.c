/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order in which domain 0 is made. Each step is a file beside this one;
 * here are the domain, its vCPUs and their first state; and the end.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/irq/route.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/x86/smp.h"

static void create_vcpus(struct domain *d)
{
    spin_lock(&d->lock);
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        struct vcpu *v;
        int rc = vcpu_create(d, i, hvm_vcpu_loop, &v);

        if (rc)
            dom0_cannot_start("its %u vCPUs cannot be created (error %d)",
                              d->max_vcpus, -rc);
    }
    spin_unlock(&d->lock);
}

/* I/O APICs that look like the machine's. */
static void add_ioapics(struct domain *d)
{
    struct route *r = d->hvm->route;

    for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++) {
        const struct ioapic *io = &acpi_info.ioapics[i];
        int rc = vioapic_add(r, io->maddr, io->id, io->first_gsi, io->nr_gsis);

        if (rc)
            log_warn("domain 0 does not get the I/O APIC at %#lx (error "
                     "%d): devices on GSI %u-%u will not interrupt\n",
                     io->maddr, -rc, io->first_gsi,
                     io->first_gsi + io->nr_gsis - 1);
    }
    r->watch_pins = true;
}

/* 32-bit protected mode, flat, paging off (the PVH protocol). */
static void set_entry_state(struct vcpu *v, const struct dom0_entry *entry)
{
    static const struct segment code = { 0, 0xc9b, 0xffffffff, 0 };
    static const struct segment data = { 0, 0xc93, 0xffffffff, 0 };
    static const struct segment tss = { 0, 0x08b, 0x67, 0 };
    struct regs *r = vcpu_regs(v);

    *r = (struct regs){ .rip = entry->eip, .rflags = RFLAGS_MBS };
    r->gpr[RBX] = entry->start_info;
    hvm_set_reg(v, REG_CR0, CR0_PE | CR0_ET);
    hvm_set_reg(v, REG_CR4, 0);
    hvm_set_reg(v, REG_EFER, 0);
    for (unsigned int s = SEG_ES; s <= SEG_GS; s++)
        hvm_set_seg(v, s, s == SEG_CS ? &code : &data);
    hvm_set_seg(v, SEG_TR, &tss);
}

void dom0_create(const struct boot_info *bi)
{
    unsigned int vcpus = opt_dom0_max_vcpus ?: nr_cpus_online;
    const struct xen_domctl_createdomain cfg = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = MIN(vcpus, (unsigned int)MAX_VCPUS_PER_DOMAIN),
        .max_evtchn_port = ~0u,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC | XEN_X86_EMU_IOAPIC |
                                XEN_X86_EMU_VPCI,
    };
    struct domain *d;

    pci_init();
    dom0_need(domain_create(0, &cfg, &d), "it cannot be created");
    /* Devices before vCPUs: a control block names the map of ports. */
    add_ioapics(d);
    dom0_open_devices(d);
    vpci_create();
    create_vcpus(d);
    dom0_take_memory(d, bi);
    struct dom0_entry entry = dom0_load(d, bi);
    set_entry_state(d->vcpu[0], &entry);
    log_info("Domain 0 starts with %u vCPUs, %lu ms after Lodge\n",
             d->max_vcpus, now_ns() / 1000000);
    /* The others wait for their start-up IPI inside their loops. */
    for_vcpus (d, v)
        vcpu_up(v);
    (void)domain_pause_by_control(d, false);
}

/* The machine ends as domain 0 does. */
void hardware_domain_shutdown(int reason)
{
    static const char *const how[] = {
        [SHUTDOWN_poweroff] = " powered off: so does the machine",
        [SHUTDOWN_reboot] = " restarts: so does the machine",
        [SHUTDOWN_crash] = " crashed",
        [SHUTDOWN_watchdog] = "'s watchdog ran out",
    };

    if (reason == SHUTDOWN_suspend)
        return;
    if ((unsigned int)reason < ARRAY_SIZE(how))
        console_printf("Domain 0%s.\n", how[reason]);
    else
        console_printf("Domain 0 shut down for reason %d.\n", reason);

    if (reason == SHUTDOWN_poweroff)
        machine_power_off();
    machine_end(reason != SHUTDOWN_reboot);
}
