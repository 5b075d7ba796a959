/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical devices. Domain 0's interrupts need nothing of this: it writes its
 * I/O APICs and its devices' message registers. What is left is news about
 * PCI functions.
 */
#include "hypervisor/abi/physdev.h"

#include "hvm/pci/vpci.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/irq.h"

SUBOP_EXPR(pci_device_add, IN, struct physdev_pci_device_add,
           vpci_add(PCI_SBDF(a->seg, a->bus, a->devfn)))
SUBOP_EXPR(pci_device_remove, IN, struct physdev_pci_device,
           vpci_reset(PCI_SBDF(a->seg, a->bus, a->devfn), true))

SUBOP_EXPR(pci_device_reset, IN, struct pci_device_reset,
           a->flags & ~(uint32_t)PCI_DEVICE_RESET_MASK
               ? -EINVAL
               : vpci_reset(PCI_SBDF(a->dev.seg, a->dev.bus, a->dev.devfn),
                            false))

/* Domain 0 found a configuration space and that it is reserved. Those of the
 * MCFG are watched from the start; others nobody can watch. */
SUBOP(pci_mmcfg_reserved, IN, struct physdev_pci_mmcfg_reserved)
{
    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++) {
        const struct acpi_mcfg *m = &acpi_info.mcfg[i];

        if (m->maddr == a->address && m->segment == a->segment &&
            m->first_bus == a->start_bus && m->last_bus == a->end_bus)
            return 0;
    }
    return -ENODEV;
}

/* Only for a domain that one is device model of, or domain 0; and nobody has
 * pirqs. */
SUBOP_EXPR(map_pirq, IN, struct physdev_map_pirq, -EOPNOTSUPP,
           OF(map_pirq, domid, MAP_PIRQ))
SUBOP_EXPR(unmap_pirq, IN, struct physdev_unmap_pirq, -EINVAL,
           OF(unmap_pirq, domid, MAP_PIRQ))

/* The pin's entry says so as well, when it is unmasked. */
SUBOP_EXPR(setup_gsi, IN, struct physdev_setup_gsi,
           a->gsi >= 0 && (unsigned int)a->gsi < gsis_end ? 0 : -EINVAL)

/* Before and after a driver in domain 0 takes the device with a USB debug
 * port: Lodge's console uses none. */
SUBOP_EXPR(dbgp_op, IN, struct physdev_dbgp_op,
           a->op == PHYSDEVOP_DBGP_RESET_PREPARE ||
           a->op == PHYSDEVOP_DBGP_RESET_DONE ? 0 : -ENOSYS)

long do_physdev_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define OP(name) [PHYSDEVOP_##name] = &subop_##name
        OP(map_pirq), OP(unmap_pirq), OP(setup_gsi), OP(pci_mmcfg_reserved),
        OP(pci_device_add), OP(pci_device_remove), OP(pci_device_reset),
        OP(dbgp_op),
    };

    /* For others than domain 0 most are no such call. */
    if (cmd != PHYSDEVOP_map_pirq && cmd != PHYSDEVOP_unmap_pirq &&
        current->domain != hardware_domain)
        return -ENOSYS;
    return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
