/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical devices. Domain 0's interrupts need nothing of this: it writes its
 * I/O APICs and its devices' message registers. What is left is news about
 * PCI functions.
 */
#include "hypervisor/abi/physdev.h"

#include "hvm/base/hvm.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/ioapic.h"

static long device_add(struct vcpu *v, void *arg)
{
    struct physdev_pci_device_add *op = arg;

    return vpci_add(v->domain, PCI_SBDF(op->seg, op->bus, op->devfn));
}

static long device_remove(struct vcpu *v, void *arg)
{
    struct physdev_pci_device *op = arg;

    return vpci_remove(v->domain, PCI_SBDF(op->seg, op->bus, op->devfn));
}

static long device_reset(struct vcpu *v, void *arg)
{
    struct pci_device_reset *op = arg;

    if (op->flags & ~(uint32_t)PCI_DEVICE_RESET_MASK)
        return -EINVAL;
    return vpci_reset(v->domain, PCI_SBDF(op->dev.seg, op->dev.bus,
                                          op->dev.devfn));
}

/* Domain 0 found a configuration space and that it is reserved. Those of the
 * MCFG are watched from the start; others nobody can watch. */
static long mmcfg_reserved(struct vcpu *v, void *arg)
{
    struct physdev_pci_mmcfg_reserved *op = arg;

    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++) {
        const struct acpi_mcfg *m = &acpi_info.mcfg[i];

        if (m->maddr == op->address && m->segment == op->segment &&
            m->first_bus == op->start_bus && m->last_bus == op->end_bus)
            return 0;
    }
    return -ENODEV;
}

/* The pin's entry says so as well, when it is unmasked. */
static long setup_gsi(struct vcpu *v, void *arg)
{
    struct physdev_setup_gsi *op = arg;

    return op->gsi < 0 || (unsigned int)op->gsi >= ioapic_gsis() ? -EINVAL
                                                                 : 0;
}

/* Before and after a driver in domain 0 takes the device with a USB debug
 * port: Lodge's console uses none. */
static long dbgp_op(struct vcpu *v, void *arg)
{
    struct physdev_dbgp_op *op = arg;

    return op->op == PHYSDEVOP_DBGP_RESET_PREPARE ||
                   op->op == PHYSDEVOP_DBGP_RESET_DONE ? 0 : -ENOSYS;
}

/* Only for a domain that one is device model of, or domain 0; and nobody has
 * pirqs. */
static long no_pirq(domid_t id, int error)
{
    struct domain *d;
    int rc = target_get(id, ACCESS_MAP_PIRQ, &d);

    if (rc)
        return rc;
    domain_put(d);
    return error;
}

static long map_pirq(struct vcpu *v, void *arg)
{
    return no_pirq(((struct physdev_map_pirq *)arg)->domid, -EOPNOTSUPP);
}

static long unmap_pirq(struct vcpu *v, void *arg)
{
    return no_pirq(((struct physdev_unmap_pirq *)arg)->domid, -EINVAL);
}

long do_physdev_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop ops[] = {
#define OP(name, type, fn)                                                  \
    [PHYSDEVOP_##name] = { fn, SUBOP_ARG(struct type), SUBOP_IN }
        OP(map_pirq, physdev_map_pirq, map_pirq),
        OP(unmap_pirq, physdev_unmap_pirq, unmap_pirq),
        OP(setup_gsi, physdev_setup_gsi, setup_gsi),
        OP(pci_mmcfg_reserved, physdev_pci_mmcfg_reserved, mmcfg_reserved),
        OP(pci_device_add, physdev_pci_device_add, device_add),
        OP(pci_device_remove, physdev_pci_device, device_remove),
        OP(pci_device_reset, pci_device_reset, device_reset),
        OP(dbgp_op, physdev_dbgp_op, dbgp_op),
#undef OP
    };

    /* For others than domain 0 most are no such call. */
    if (cmd != PHYSDEVOP_map_pirq && cmd != PHYSDEVOP_unmap_pirq &&
        current->domain != hardware_domain)
        return -ENOSYS;
    return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
