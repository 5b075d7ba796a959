/* sources: hvm/event.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which event goes in and what waits: the double fault table, an interrupt
 * that a fault cut short, priorities, windows, the CR8 intercept, and what is
 * left to do for a local APIC that the CPU keeps by itself.
 */
#include "hvm/irq/route.h"
#include "hvm/irq/vlapic.h"
#include "hvm/vcpu.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

static struct vcpu *v;
static struct vlapic apic;
static struct route route;
static _Alignas(4096) uint32_t regs[1024];
static struct recorder recorder;

static struct hvm_event injected;
static unsigned int injections, triple_faults, shadow, tpr;
static bool window_irq, window_nmi, cr8;
static int irr = -1, ack_gives = -2; /* -2: what was pending */
static int posted = -1; /* goes to irr when it is taken */

int vlapic_pending(struct vlapic *a)
{
    return irr > (int)(vlapic_tpr(a) | 0xf) || irr == VLAPIC_EXTINT ? irr : -1;
}

int vlapic_ack(struct vlapic *a, int pending)
{
    int vec = ack_gives == -2 ? pending : ack_gives;

    irr = -1;
    a->pending = 0;
    return vec;
}

int vlapic_highest_irr(struct vlapic *a)
{
    return irr;
}

void vlapic_set_tpr(struct vlapic *a, uint8_t val)
{
    a->regs[APIC_TPR / 4] = val;
}

static void post(int vector)
{
    irr = vector;
    apic.pending = vector >= 0;
}

void vlapic_take_posted(struct vlapic *a)
{
    if (posted >= 0)
        post(posted);
    posted = -1;
}

void hvm_triple_fault(struct vcpu *who)
{
    triple_faults++;
}

static void op_inject(struct vcpu *who, const struct hvm_event *ev)
{
    CHECK(!who->hvm->injected); /* one for each entry */
    injected = *ev;
    injections++;
}

static unsigned int op_shadow(struct vcpu *who)
{
    return shadow;
}

static void op_window(struct vcpu *who, bool irq, bool nmi, bool cr8_too)
{
    window_irq = irq;
    window_nmi = nmi;
    cr8 = cr8_too;
}

static void op_set_tpr(struct vcpu *who, unsigned int val)
{
    tpr = val;
}

static unsigned int op_get_tpr(struct vcpu *who)
{
    return tpr;
}

static void fresh(void)
{
    v->hvm->event.valid = v->hvm->displaced.valid = false;
    v->hvm->nmi_pending = v->hvm->injected = false;
    v->info->evtchn_upcall_pending = 0;
    v->hvm->upcall_vector = 0;
    route.callback = CALLBACK_NONE;
    vcpu_regs(v)->rflags = RFLAGS_IF;
    injections = triple_faults = shadow = tpr = 0;
    regs[APIC_TPR / 4] = 0;
    ack_gives = -2;
    posted = -1;
    apic.assisted = apic.changed = false;
    post(-1);
}

/* The next entry: what was injected is on its way. */
static void enter(void)
{
    hvm_event_update(v);
    v->hvm->injected = false;
}

/* SDM vol. 3A table 6-5, and what a double fault does with a third one. */
static void double_faults(void)
{
    static const uint8_t contributory[] = { 0, 10, 11, 12, 13 };

    for (unsigned int a = 0; a < 20; a++)
        for (unsigned int b = 0; b < 20; b++) {
            bool ca = false, cb = false, df;

            for (unsigned int i = 0; i < 5; i++) {
                ca |= a == contributory[i];
                cb |= b == contributory[i];
            }
            if (a == 2 || b == 2 || b == 8)
                continue;
            fresh();
            hvm_raise(v, a, 0, 0);
            hvm_raise(v, b, 0x55, 0);
            if (a == VEC_DF) {
                CHECK_EQ(triple_faults, cb || b == VEC_PF);
                continue;
            }
            df = (ca && cb) || (a == VEC_PF && (cb || b == VEC_PF));
            CHECK_EQ(triple_faults, 0);
            CHECK_EQ(v->hvm->event.vector, df ? VEC_DF : b);
            if (df) {
                CHECK(v->hvm->event.has_error);
                CHECK_EQ(v->hvm->event.error, 0);
            }
        }
    /* Error codes: exactly those vectors that have one. */
    for (unsigned int a = 0; a < 32; a++) {
        fresh();
        hvm_raise(v, a, 7, 0);
        CHECK_EQ(v->hvm->event.has_error,
                 a == 8 || (a >= 10 && a <= 14) || a == 17);
    }
    fresh();
    hvm_raise(v, VEC_PF, 6, 0x1234567);
    enter();
    CHECK_EQ(injected.vector, VEC_PF);
    CHECK_EQ(injected.cr2, 0x1234567);
    CHECK_EQ(injected.error, 6);
}

/* The fault that cut an interrupt short goes first; then the interrupt. */
static void displaced(void)
{
    fresh();
    v->hvm->event = (struct hvm_event){ .valid = true, .type = EVENT_INTR,
                                        .vector = 0x41 };
    hvm_raise(v, VEC_GP, 0, 0);
    enter();
    CHECK_EQ(injected.vector, VEC_GP);
    CHECK(window_irq);
    vcpu_regs(v)->rflags = 0; /* the handler runs with interrupts off */
    enter();
    CHECK_EQ(injections, 1);
    CHECK(window_irq);
    CHECK(hvm_has_event(v, true));
    vcpu_regs(v)->rflags = RFLAGS_IF;
    post(0x51); /* a higher one waits its turn: 0x41 is in service already */
    enter();
    CHECK_EQ(injected.vector, 0x41);
    CHECK_EQ(injected.type, EVENT_INTR);
    CHECK(window_irq); /* for 0x51 */
    enter();
    CHECK_EQ(injected.vector, 0x51);
    CHECK(!window_irq);
    fresh();
    v->hvm->event = (struct hvm_event){ .valid = true, .type = EVENT_NMI,
                                        .vector = VEC_NMI };
    hvm_raise(v, VEC_PF, 0, 0);
    CHECK(v->hvm->nmi_pending);
}

static void priorities(void)
{
    fresh();
    route.callback = CALLBACK_VECTOR;
    route.callback_vector = 0xf3;
    v->info->evtchn_upcall_pending = 1;
    v->hvm->nmi_pending = true;
    post(0x60);
    hvm_raise(v, VEC_UD, 0, 0);
    enter();
    CHECK_EQ(injected.vector, VEC_UD);
    CHECK(window_nmi);
    CHECK(window_irq);
    enter();
    CHECK_EQ(injected.type, EVENT_NMI);
    CHECK(!window_nmi);
    enter();
    CHECK_EQ(injected.vector, 0xf3);
    CHECK(window_irq); /* for 0x60 of the local APIC */
    v->info->evtchn_upcall_pending = 0; /* the handler clears it */
    enter();
    CHECK_EQ(injected.vector, 0x60);
    enter();
    CHECK_EQ(injections, 4);
    CHECK(!hvm_has_event(v, true));
    /* A vector of its own for the upcall comes by the local APIC. */
    v->info->evtchn_upcall_pending = 1;
    v->hvm->upcall_vector = 0xf3;
    CHECK(!hvm_has_event(v, true));
    /* The 8259 changed its mind: nothing goes in. */
    post(VLAPIC_EXTINT);
    ack_gives = -1;
    enter();
    CHECK_EQ(injections, 4);
}

static void shadows_and_windows(void)
{
    fresh();
    post(0x60);
    v->hvm->nmi_pending = true;
    shadow = SHADOW_STI_MOVSS;
    enter();
    CHECK_EQ(injections, 0);
    CHECK(window_irq && window_nmi);
    shadow = SHADOW_NMI; /* an NMI is handled: neither */
    enter();
    CHECK(injections == 0 || injected.type == EVENT_INTR);
    CHECK(window_nmi);
    /* One that was injected by emulation already. */
    fresh();
    v->hvm->injected = true;
    post(0x60);
    hvm_event_update(v);
    CHECK_EQ(injections, 0);
    CHECK(window_irq);
}

static void task_priority(void)
{
    fresh();
    post(0x60);
    tpr = 6; /* by CR8, without an exit */
    enter();
    CHECK_EQ(injections, 0);
    CHECK_EQ(vlapic_tpr(&apic), 0x60);
    CHECK(cr8);
    CHECK(!window_irq);
    tpr = 5;
    enter();
    CHECK_EQ(injected.vector, 0x60);
    CHECK(!cr8);
    regs[APIC_TPR / 4] = 0x50;
    tpr = 5;
    enter();
    CHECK_EQ(tpr, 5);
}

/* --- A local APIC that the CPU keeps. --- */

static void assisted(void)
{
    fresh();
    apic.assisted = apic.enabled = true;
}

/* Its vectors need neither an injection nor a window, but the CPU has to be
 * told. */
static void assisted_vectors(void)
{
    for (unsigned int flags = 0; flags < 2; flags++) {
        assisted();
        vcpu_regs(v)->rflags = flags ? RFLAGS_IF : 0;
        post(0x60);
        enter();
        CHECK_EQ(injections, 0);
        CHECK(!window_irq);
        CHECK(apic.changed);
        /* Also one that must wait for its turn. */
        apic.changed = false;
        regs[APIC_TPR / 4] = 0x60;
        tpr = 6;
        enter();
        CHECK_EQ(injections, 0);
        CHECK(!window_irq && !cr8);
        CHECK(apic.changed);
    }
    /* What was posted is one of them. */
    assisted();
    posted = 0x60;
    enter();
    CHECK_EQ(posted, -1);
    CHECK_EQ(injections, 0);
    CHECK(!window_irq);
    CHECK(apic.changed);
}

/* What does not come from IRR goes in as ever. */
static void assisted_others(void)
{
    /* The 8259. */
    assisted();
    post(VLAPIC_EXTINT);
    ack_gives = 0x08;
    vcpu_regs(v)->rflags = 0;
    enter();
    CHECK_EQ(injections, 0);
    CHECK(window_irq);
    CHECK(hvm_has_event(v, true));
    vcpu_regs(v)->rflags = RFLAGS_IF;
    enter();
    CHECK_EQ(injections, 1);
    CHECK_EQ(injected.type, EVENT_INTR);
    CHECK_EQ(injected.vector, 0x08);
    CHECK(!window_irq);
    CHECK(!hvm_has_event(v, true));
    /* The upcall; the local APIC's own needs no window behind it. */
    assisted();
    route.callback = CALLBACK_VECTOR;
    route.callback_vector = 0xf3;
    v->info->evtchn_upcall_pending = 1;
    post(0x60);
    enter();
    CHECK_EQ(injections, 1);
    CHECK_EQ(injected.vector, 0xf3);
    CHECK(!window_irq);
    CHECK(apic.changed);
    /* An interrupt that was cut short, behind what cut it. */
    assisted();
    v->hvm->event = (struct hvm_event){ .valid = true, .type = EVENT_INTR,
                                        .vector = 0x41 };
    hvm_raise(v, VEC_GP, 0, 0);
    post(0x60);
    enter();
    CHECK_EQ(injected.vector, VEC_GP);
    CHECK(window_irq);
    enter();
    CHECK_EQ(injected.vector, 0x41);
    CHECK_EQ(injections, 2);
    CHECK(!window_irq);
    /* NMI. */
    assisted();
    post(0x60);
    v->hvm->nmi_pending = true;
    enter();
    CHECK_EQ(injected.type, EVENT_NMI);
    CHECK_EQ(injections, 1);
    CHECK(!window_irq && !window_nmi);
}

/* HLT ends for a vector above the processor's priority only. */
static void assisted_wakes(void)
{
    assisted();
    CHECK(!hvm_has_event(v, true));
    post(0x60);
    CHECK(hvm_has_event(v, true));
    irr = 0x60;
    apic.pending = 0; /* the CPU put it there */
    CHECK(hvm_has_event(v, true));
    for (unsigned int p = 0; p < 16; p++) {
        tpr = p;
        regs[APIC_TPR / 4] = p << 4;
        CHECK_EQ(hvm_has_event(v, true), p < 6);
        post(0x60);
        CHECK_EQ(hvm_has_event(v, true), p < 6);
        apic.pending = 0;
    }
    assisted();
    posted = 0x60;
    CHECK(hvm_has_event(v, true));
    /* It delivers nothing while it is off: HLT must not wait in vain. */
    apic.enabled = false;
    CHECK(!hvm_has_event(v, true));
    apic.enabled = true;
    CHECK_EQ(injections, 0);
    /* Without assistance what ->pending says is all there is. */
    fresh();
    irr = 0x60;
    CHECK(!hvm_has_event(v, true));
}

int main(void)
{
    fake_doms_create();
    v = &doms[1].v[0];
    v->hvm->lapic = &apic;
    v->hvm->rec = &recorder;
    doms[1].h.route = &route;
    apic.regs = regs;
    hvm_ops.inject = op_inject;
    hvm_ops.shadow = op_shadow;
    hvm_ops.window = op_window;
    hvm_ops.set_tpr = op_set_tpr;
    hvm_ops.get_tpr = op_get_tpr;
    double_faults();
    displaced();
    priorities();
    shadows_and_windows();
    task_priority();
    assisted_vectors();
    assisted_others();
    assisted_wakes();
    fake_doms_destroy();
    return test_result();
}
