/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt wires: a GSI is up while any wire holds it, and the controllers
 * hear of its rises (and, the 8259s, of its falls). Never looks at a vCPU but
 * through its local APIC.
 */
#include "hvm/irq/route.h"
#include "hypervisor/abi/hvm-params.h"
#include "hypervisor/lib/string.h"

static enum irq_result rise(struct route *r, unsigned int gsi)
{
    enum irq_result rc = vioapic_edge(r, gsi), pic = vpic_set(r, gsi, true);

    return r->pic_target ? MAX(rc, pic) : rc;
}

/* By its own wire, the callback's, or one of PCI, which leads to the ISA IRQ
 * of its link, too. */
bool route_gsi_up(const struct route *r, unsigned int gsi)
{
    bool up = test_bit(gsi, r->line) || (gsi && r->callback_gsi == gsi);

    for (unsigned int w = 0; w < ARRAY_SIZE(r->intx); w++)
        for (uint64_t bits = r->intx[w]; bits && !up; bits &= bits - 1) {
            unsigned int nr = w * 64 + bit_lowest(bits);

            up = route_intx_gsi(nr) == gsi ||
                 (gsi && r->link_irq[route_intx_link(nr)] == gsi);
        }
    return up;
}

/* Wires of a GSI, which was up or not, have changed. */
static void rewired(struct route *r, unsigned int gsi, bool was)
{
    bool up = route_gsi_up(r, gsi);

    if (up && !was)
        (void)rise(r, gsi);
    else if (!up && was)
        (void)vpic_set(r, gsi, false);
}

static void intx_set(struct route *r, unsigned int nr, bool level)
{
    unsigned int gsi = route_intx_gsi(nr);
    unsigned int irq = r->link_irq[route_intx_link(nr)]; /* 0 stays as it is */
    bool gsi_was = route_gsi_up(r, gsi), irq_was = route_gsi_up(r, irq);

    change_bit(nr, r->intx, level);
    rewired(r, gsi, gsi_was);
    rewired(r, irq, irq_was);
}

void route_intx_set(struct route *r, unsigned int dev, unsigned int pin,
                    bool level)
{
    spin_lock(&r->lock);
    intx_set(r, (dev & 31) * 4 + (pin & 3), level);
    spin_unlock(&r->lock);
}

void route_gsi_set(struct route *r, unsigned int gsi, bool level)
{
    spin_lock(&r->lock);
    /* QEMU lowers the line of an IDE disk at each look at its status. */
    if (test_bit(gsi, r->line) != level) {
        bool was = route_gsi_up(r, gsi);

        change_bit(gsi, r->line, level);
        rewired(r, gsi, was);
    }
    spin_unlock(&r->lock);
}

void route_isa_set(struct route *r, unsigned int irq, bool level)
{
    irq &= 15;
    if (irq != 2)
        route_gsi_set(r, isa_gsi(irq), level);
}

enum irq_result route_isa_pulse(struct route *r, unsigned int irq)
{
    unsigned int gsi = isa_gsi(irq);

    spin_lock(&r->lock);
    change_bit(gsi, r->line, false);
    enum irq_result rc = route_gsi_up(r, gsi) ? IRQ_COALESCED /* by others */
                                              : rise(r, gsi);
    change_bit(gsi, r->line, true);
    spin_unlock(&r->lock);
    return rc;
}

enum irq_result route_gsi_pulse(struct route *r, unsigned int gsi)
{
    spin_lock(&r->lock);
    enum irq_result rc = vioapic_edge(r, gsi);
    spin_unlock(&r->lock);
    return rc;
}

int route_link_set(struct route *r, unsigned int link, unsigned int irq)
{
    if (link > 3 || irq > 15)
        return -EINVAL;
    link = (unsigned int)index_nospec(link, 4);
    spin_lock(&r->lock);
    unsigned int old = r->link_irq[link];
    bool old_was = route_gsi_up(r, old), was = route_gsi_up(r, irq);
    r->link_irq[link] = (uint8_t)irq;
    rewired(r, old, old_was);
    rewired(r, irq, was);
    spin_unlock(&r->lock);
    return 0;
}

/* SDM vol. 3A 11.11: address and data of a message. */
int route_msi(struct route *r, uint64_t addr, uint32_t data)
{
    struct apic_msg m = { .icr = (uint16_t)data };

    m.logical = addr >> 2 & 1;
    m.dest = apic_dest8(addr >> 12 & 0xff, m.logical);
    /* The address is a pirq then; no domain is offered any
     * (XENFEAT_hvm_pirqs). */
    if (!m.vector)
        return addr >> 40 || (addr >> 12 & 0xff) ? -EINVAL : -ERANGE;
    if (!apic_device_mode(m.delivery))
        return -EINVAL;
    enum irq_result rc = apicbus_deliver(&r->apics, NULL, &m);
    return rc == IRQ_IGNORED && m.delivery == APIC_DM_LOWEST ? -ESRCH : 0;
}

/* The wire of the platform device follows ->callback_up. */
static void callback_wire(struct route *r, bool level)
{
    bool was = route_gsi_up(r, r->callback_nr);

    r->callback_gsi = r->callback == CALLBACK_GSI && level ? r->callback_nr : 0;
    if (r->callback == CALLBACK_GSI)
        rewired(r, r->callback_nr, was);
    else if (r->callback == CALLBACK_INTX)
        intx_set(r, r->callback_nr, level);
}

void route_callback_set_via(struct route *r, uint64_t via)
{
    uint64_t type = via >> 56;
    enum route_callback callback = CALLBACK_NONE;
    uint8_t nr = (uint8_t)via;

    if (type == HVM_PARAM_CALLBACK_TYPE_VECTOR) {
        callback = CALLBACK_VECTOR;
        WRITE_ONCE(r->callback_vector, nr); /* who injects takes no lock */
    } else if (type == HVM_PARAM_CALLBACK_TYPE_GSI && r->has_pic && nr &&
               nr < r->nr_gsis) {
        callback = CALLBACK_GSI;
    } else if (type == HVM_PARAM_CALLBACK_TYPE_PCI_INTX && r->has_pic) {
        callback = CALLBACK_INTX;
        nr = (via >> 11 & 31) * 4 + (via & 3);
    }
    spin_lock(&r->lock);
    if (r->callback_up)
        callback_wire(r, false);
    r->callback = callback;
    r->callback_nr = nr;
    if (r->callback_up)
        callback_wire(r, true);
    spin_unlock(&r->lock);
}

void route_callback_set(struct route *r, bool pending)
{
    if (r->callback_up == pending)
        return;
    spin_lock(&r->lock);
    r->callback_up = pending;
    callback_wire(r, pending);
    spin_unlock(&r->lock);
}

/* INT of the 8259 as ->pic_target has it. */
static void tell_target(struct route *r, bool up)
{
    struct vlapic *a = r->pic_target;

    if (a && up) {
        (void)atomic_fetch_or(&a->pending, VLAPIC_PENDING_EXTINT);
        vlapic_kick(a);
    } else if (a) {
        (void)atomic_fetch_and(&a->pending, ~VLAPIC_PENDING_EXTINT);
    }
}

void route_pic_output(struct route *r, bool up)
{
    const uint32_t wanted = APIC_LVT_MASKED | APIC_LVT_MODE;

    tell_target(r, up);
    /* A rise, for those whose LINT0 is programmed as a message. */
    for (unsigned int i = 0; i < r->apics.nr && up; i++) {
        struct vlapic *a = r->apics.vlapic[i];
        uint32_t lint0 = a ? READ_ONCE(a->regs[APIC_LVT_LINT0 / 4])
                           : APIC_LVT_MASKED;

        if ((lint0 & wanted) == APIC_DM_FIXED << 8)
            (void)vlapic_post(a, (uint8_t)lint0, false);
        else if ((lint0 & wanted) == APIC_DM_NMI << 8)
            vlapic_signal(a, APIC_DM_NMI, 0);
    }
}

/* True if INT of the 8259 reaches this processor as INTR (MultiProcessor
 * Specification 1.4, 3.6.2: PIC mode and the two virtual wire modes). */
static bool takes_extint(const struct route *r, const struct vlapic *a)
{
    uint32_t lint0 = READ_ONCE(a->regs[APIC_LVT_LINT0 / 4]);
    struct apic_msg pin0 = ioapic_message(r->rte[0]);

    if (a->mode == VLAPIC_OFF)
        return a->vcpu_id == 0;
    if ((lint0 & (APIC_LVT_MASKED | APIC_LVT_MODE)) == APIC_DM_EXTINT << 8)
        return true;
    return !r->rte[0].fields.mask && pin0.delivery == APIC_DM_EXTINT &&
           a->enabled && apicbus_matches(a, NULL, &pin0);
}

void route_pic_rewire(struct route *r)
{
    struct vlapic *target = NULL;

    if (!r->has_pic)
        return;
    spin_lock(&r->lock);
    for (unsigned int i = 0; i < r->apics.nr && !target; i++)
        if (r->apics.vlapic[i] && takes_extint(r, r->apics.vlapic[i]))
            target = r->apics.vlapic[i];
    if (target != r->pic_target) {
        tell_target(r, false);
        r->pic_target = target;
        tell_target(r, r->pic[0].int_output);
    }
    spin_unlock(&r->lock);
    ticks_resume(r);
}

int route_init(struct route *r, struct domain *d, struct bus *b, bool has_pic)
{
    spin_lock_init(&r->lock, LOCK_HVM_IRQ);
    spin_lock_init(&r->timer_lock, LOCK_VDEV);
    r->domain = d;
    r->bus = b;
    r->has_pic = has_pic;
    for (unsigned int i = 0; i < VIOAPIC_MAX_GSIS; i++)
        r->rte[i].fields.mask = 1;
    return has_pic ? vpic_init(r) : 0;
}

/* The callback's wire is left out: the other side raises it anew from the
 * guest's event state. */
void route_save_intx(struct route *r, struct hvm_hw_pci_irqs *rec)
{
    memcpy(rec->i, r->intx, sizeof(rec->i));
    if (r->callback == CALLBACK_INTX && r->callback_up)
        change_bit(r->callback_nr, rec->i, false);
}

void route_save_isa(struct route *r, struct hvm_hw_isa_irqs *rec)
{
    rec->i[0] = (r->line[0] & 0xfffa) | (r->line[0] >> isa_gsi(0) & 1);
}

void route_save_link(struct route *r, struct hvm_hw_pci_link *rec)
{
    memcpy(rec->route, r->link_irq, sizeof(rec->route));
}

/* Controllers do not hear of wires that are loaded: their records have what
 * those did. */
int route_load_intx(struct route *r, const struct hvm_hw_pci_irqs *rec)
{
    spin_lock(&r->lock);
    memcpy(r->intx, rec->i, sizeof(r->intx));
    r->callback_up = false;
    r->callback_gsi = 0;
    spin_unlock(&r->lock);
    return 0;
}

int route_load_isa(struct route *r, const struct hvm_hw_isa_irqs *rec)
{
    if (rec->i[0] > 0xffff)
        return -EINVAL;
    spin_lock(&r->lock);
    r->line[0] = (r->line[0] & ~0xffffull) | (rec->i[0] & 0xfffa) |
                 (rec->i[0] & 1) << isa_gsi(0);
    spin_unlock(&r->lock);
    return 0;
}

int route_load_link(struct route *r, const struct hvm_hw_pci_link *rec)
{
    for (unsigned int i = 0; i < 4; i++)
        if (rec->route[i] > 15 || rec->pad0[i])
            return -EINVAL;
    spin_lock(&r->lock);
    memcpy(r->link_irq, rec->route, sizeof(r->link_irq));
    spin_unlock(&r->lock);
    return 0;
}
