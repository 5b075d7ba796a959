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

SUBOP_EXPR(pci_device_add, physdev_pci_device_add,
           vpci_add(d, PCI_SBDF(a->seg, a->bus, a->devfn)))
SUBOP_EXPR(pci_device_remove, physdev_pci_device,
           vpci_remove(d, PCI_SBDF(a->seg, a->bus, a->devfn)))

static long op_pci_device_reset(struct vcpu *v, void *arg)
{
    struct pci_device_reset *op = arg;

    if (op->flags & ~(uint32_t)PCI_DEVICE_RESET_MASK)
        return -EINVAL;
    return vpci_reset(v->domain, PCI_SBDF(op->dev.seg, op->dev.bus,
                                          op->dev.devfn));
}

/* Domain 0 found a configuration space and that it is reserved. Those of the
 * MCFG are watched from the start; others nobody can watch. */
static long op_pci_mmcfg_reserved(struct vcpu *v, void *arg)
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

SUBOP_EXPR(map_pirq, physdev_map_pirq, no_pirq(a->domid, -EOPNOTSUPP))
SUBOP_EXPR(unmap_pirq, physdev_unmap_pirq, no_pirq(a->domid, -EINVAL))

/* The pin's entry says so as well, when it is unmasked. */
SUBOP_EXPR(setup_gsi, physdev_setup_gsi,
           a->gsi >= 0 && (unsigned int)a->gsi < gsis_end ? 0 : -EINVAL)

/* Before and after a driver in domain 0 takes the device with a USB debug
 * port: Lodge's console uses none. */
SUBOP_EXPR(dbgp_op, physdev_dbgp_op,
           a->op == PHYSDEVOP_DBGP_RESET_PREPARE ||
           a->op == PHYSDEVOP_DBGP_RESET_DONE ? 0 : -ENOSYS)

long do_physdev_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop ops[] = {
#define OP(name, type)                                                      \
    [PHYSDEVOP_##name] = { op_##name, SUBOP_ARG(struct type), SUBOP_IN }
        OP(map_pirq, physdev_map_pirq),
        OP(unmap_pirq, physdev_unmap_pirq),
        OP(setup_gsi, physdev_setup_gsi),
        OP(pci_mmcfg_reserved, physdev_pci_mmcfg_reserved),
        OP(pci_device_add, physdev_pci_device_add),
        OP(pci_device_remove, physdev_pci_device),
        OP(pci_device_reset, pci_device_reset),
        OP(dbgp_op, physdev_dbgp_op),
#undef OP
    };

    /* For others than domain 0 most are no such call. */
    if (cmd != PHYSDEVOP_map_pirq && cmd != PHYSDEVOP_unmap_pirq &&
        current->domain != hardware_domain)
        return -ENOSYS;
    return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
