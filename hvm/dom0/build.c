/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order in which domain 0 is made. Each step is a file beside this one;
 * here are the domain, its vCPUs and their first state.
 */
#include "hvm/dom0/build.h"

#include <stdarg.h>

#include "hvm/base/hvm.h"
#include "hvm/dom0/dom0-impl.h"
#include "hvm/irq/route.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/io/pci.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/x86/ioapic.h"
#include "hypervisor/x86/smp.h"

const struct boot_info *dom0_boot_info;

static char why[256]; /* of the first failure, a sentence */

void dom0_error(const char *fmt, ...)
{
    va_list args;

    if (*why)
        return;
    va_start(args, fmt);
    format_va(why, sizeof(why), fmt, args);
    va_end(args);
}

static int create(struct domain **d)
{
    unsigned int vcpus = opt_dom0_max_vcpus ? opt_dom0_max_vcpus
                                            : nr_cpus_online;
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

    return domain_create(0, &cfg, d);
}

static int create_vcpus(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    for (unsigned int i = 0; i < d->max_vcpus && !rc; i++) {
        struct vcpu *v;

        rc = vcpu_create(d, i, hvm_vcpu_loop, &v);
    }
    spin_unlock(&d->lock);
    if (rc)
        dom0_error("its %u vCPUs cannot be created (error %d)", d->max_vcpus,
                   -rc);
    return rc;
}

/* I/O APICs that look like the machine's. */
static void add_ioapics(struct domain *d)
{
    struct route *r = d->hvm->route;

    for (unsigned int i = 0; i < nr_ioapics; i++) {
        const struct ioapic *io = &ioapics[i];
        int rc = vioapic_add(r, io->maddr, io->id, io->first_gsi, io->nr_gsis);

        if (rc)
            log_warn("domain 0 does not get the I/O APIC at %#lx (error "
                     "%d): devices on GSI %u-%u will not interrupt\n",
                     io->maddr, -rc, io->first_gsi,
                     io->first_gsi + io->nr_gsis - 1);
    }
    r->watch_pins = true;
}

/* What it is made of, but for memory and kernel. */
static int add_devices(struct domain *d)
{
    int rc;

    add_ioapics(d);
    rc = dom0_open_ports(d);
    if (!rc)
        rc = dom0_watch_mmio(d);
    if (!rc)
        rc = vpci_create(d);
    if (rc)
        dom0_error("its devices cannot be set up (error %d)", -rc);
    return rc;
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

static void start(struct domain *d)
{
    /* The others wait for their start-up IPI inside their loops. */
    for_vcpus (d, v)
        vcpu_up(v);
    (void)domain_unpause_by_control(d);
}

void dom0_create(const struct boot_info *bi)
{
    struct dom0_entry entry;
    struct domain *d;
    int rc;

    dom0_boot_info = bi;
    pci_init();
    rc = create(&d);
    if (rc)
        dom0_error("it cannot be created (error %d)", -rc);
    /* Devices before vCPUs: a control block names the map of ports. */
    if (!rc)
        rc = add_devices(d);
    if (!rc)
        rc = create_vcpus(d);
    if (!rc)
        rc = dom0_take_memory(d, bi);
    if (!rc)
        rc = dom0_load(d, bi, &entry);
    if (rc) {
        dom0_error("it cannot be built (error %d)", -rc);
        cannot_start("domain 0: %s", why);
    }
    dom0_free_modules(bi);
    set_entry_state(d->vcpu[0], &entry);
    log_info("Domain 0 starts with %u vCPUs, %lu ms after Lodge\n",
             d->max_vcpus, now_ns() / 1000000);
    start(d);
}
