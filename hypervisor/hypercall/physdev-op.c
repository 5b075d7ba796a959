/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical devices. Domain 0's interrupts need nothing of this: it writes its
 * I/O APICs and its devices' message registers. What is left is news about
 * PCI functions.
 */
#include "hypervisor/hypercall/physdev-op.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/physdev.h"
#include "hypervisor/core/access.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/ioapic.h"

#define READ(op, arg) guest_read(&(op), gva((arg).addr), sizeof(op))

static struct domain *self(void)
{
    return current->domain;
}

static long device_add(void_gptr_t arg)
{
    struct physdev_pci_device_add op;

    if (READ(op, arg))
        return -EFAULT;
    return vpci_add(self(), PCI_SBDF(op.seg, op.bus, op.devfn));
}

static long device_remove(void_gptr_t arg)
{
    struct physdev_pci_device op;

    if (READ(op, arg))
        return -EFAULT;
    return vpci_remove(self(), PCI_SBDF(op.seg, op.bus, op.devfn));
}

static long device_reset(void_gptr_t arg)
{
    struct pci_device_reset op;

    if (READ(op, arg))
        return -EFAULT;
    if (op.flags & ~(uint32_t)PCI_DEVICE_RESET_MASK)
        return -EINVAL;
    return vpci_reset(self(), PCI_SBDF(op.dev.seg, op.dev.bus,
                                       op.dev.devfn));
}

/* Domain 0 found a configuration space and that it is reserved. Those of the
 * MCFG are watched from the start; others nobody can watch. */
static long mmcfg_reserved(void_gptr_t arg)
{
    struct physdev_pci_mmcfg_reserved op;

    if (READ(op, arg))
        return -EFAULT;
    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++) {
        const struct acpi_mcfg *m = &acpi_info.mcfg[i];

        if (m->maddr == op.address && m->segment == op.segment &&
            m->first_bus == op.start_bus && m->last_bus == op.end_bus)
            return 0;
    }
    return -ENODEV;
}

/* The pin's entry says so as well, when it is unmasked. */
static long setup_gsi(void_gptr_t arg)
{
    struct physdev_setup_gsi op;

    if (READ(op, arg))
        return -EFAULT;
    return op.gsi < 0 || (unsigned int)op.gsi >= ioapic_gsis() ? -EINVAL : 0;
}

/* Before and after a driver in domain 0 takes the device with a USB debug
 * port: Lodge's console uses none. */
static long dbgp_op(void_gptr_t arg)
{
    struct physdev_dbgp_op op;

    if (READ(op, arg))
        return -EFAULT;
    return op.op == PHYSDEVOP_DBGP_RESET_PREPARE ||
                   op.op == PHYSDEVOP_DBGP_RESET_DONE ? 0 : -ENOSYS;
}

/* Only for a domain that one is device model of, or domain 0; and nobody has
 * pirqs. */
static long map_pirq(void_gptr_t arg)
{
    struct physdev_map_pirq op;
    struct domain *d;
    int rc;

    if (READ(op, arg))
        return -EFAULT;
    d = domain_get(op.domid);
    if (!d)
        return -ESRCH;
    rc = may(self(), ACCESS_MAP_PIRQ, d);
    domain_put(d);
    return rc ? rc : -EOPNOTSUPP;
}

static long unmap_pirq(void_gptr_t arg)
{
    struct physdev_unmap_pirq op;
    struct domain *d;
    int rc;

    if (READ(op, arg))
        return -EFAULT;
    d = domain_get(op.domid);
    if (!d)
        return -ESRCH;
    rc = may(self(), ACCESS_MAP_PIRQ, d);
    domain_put(d);
    return rc ? rc : -EINVAL;
}

static const struct {
    int cmd;
    bool dom0_only; /* others: no such call */
    long (*fn)(void_gptr_t arg);
} ops[] = {
    { PHYSDEVOP_map_pirq, false, map_pirq },
    { PHYSDEVOP_unmap_pirq, false, unmap_pirq },
    { PHYSDEVOP_setup_gsi, true, setup_gsi },
    { PHYSDEVOP_pci_mmcfg_reserved, true, mmcfg_reserved },
    { PHYSDEVOP_pci_device_add, true, device_add },
    { PHYSDEVOP_pci_device_remove, true, device_remove },
    { PHYSDEVOP_pci_device_reset, true, device_reset },
    { PHYSDEVOP_dbgp_op, true, dbgp_op },
};

long do_physdev_op(int cmd, void_gptr_t arg)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
        if (ops[i].cmd == cmd)
            return ops[i].dom0_only && self() != hardware_domain
                       ? -ENOSYS : ops[i].fn(arg);
    return -ENOSYS;
}
