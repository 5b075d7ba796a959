/* sources: hvm/irq/passthru.c hvm/irq/route.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/io/bus.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts of domain 0: pins that it unmasks, edge and level, and
 * messages; against a fake I/O APIC of the machine that says when a line may
 * interrupt.
 */
#include <string.h>

#include "hvm/base/hvm.h"
#include "hvm/irq/route.h"
#include "hvm/irq/upcalls.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"
#include "tests/unit/bus.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define VCPUS 2
#define PINS 24
#define MSI_IRQ 100

/* ---- the machine ---------------------------------------------------------- */

struct cpumask cpus_online;
unsigned int nr_cpus_online;

static struct {
    irq_handler_fn *handler;
    void *arg;
    bool level, low, masked;
    unsigned int cpu;
} pin[MSI_IRQ + 8];
static int bind_rc;
static unsigned int vectors_left;

int irq_bind_gsi(unsigned int gsi, bool level, bool active_low,
                 unsigned int cpu, irq_handler_fn *handler, void *arg)
{
    if (bind_rc)
        return bind_rc;
    CHECK(!pin[gsi].handler);
    pin[gsi].handler = handler;
    pin[gsi].arg = arg;
    pin[gsi].level = level;
    pin[gsi].low = active_low;
    pin[gsi].cpu = cpu;
    return (int)gsi;
}

void irq_set_trigger(unsigned int gsi, bool level, bool active_low)
{
    pin[gsi].level = level;
    pin[gsi].low = active_low;
}

void irq_set_mask(unsigned int irq, bool masked)
{
    pin[irq].masked = masked;
}

bool irq_set_affinity(unsigned int irq, unsigned int cpu)
{
    bool moved = pin[irq].cpu != cpu;

    pin[irq].cpu = cpu;
    return moved;
}

int irq_alloc_msi(unsigned int cpu, irq_handler_fn *handler, void *arg)
{
    if (!vectors_left)
        return -ENOSPC;
    vectors_left--;
    pin[MSI_IRQ].handler = handler;
    pin[MSI_IRQ].arg = arg;
    pin[MSI_IRQ].cpu = cpu;
    return MSI_IRQ;
}

void irq_msi_message(unsigned int irq, struct msi_message *msg)
{
    msg->address = 0xfee00000 | pin[irq].cpu << 12;
    msg->data = 0x70;
}

void irq_unbind(unsigned int irq)
{
    pin[irq].handler = NULL;
    vectors_left++;
}

/* The line is up: an interrupt if it may. */
static bool interrupt(unsigned int irq)
{
    if (!pin[irq].handler || pin[irq].masked)
        return false;
    if (pin[irq].level)
        pin[irq].masked = true;
    pin[irq].handler(irq, pin[irq].arg);
    return true;
}

/* ---- domain 0 --------------------------------------------------------------- */

static struct domain dom;
struct domain *hardware_domain = &dom;
static struct hvm_domain hvm;
static struct route route;
static struct bus bus;
static struct vcpu vcpu[VCPUS], *vcpus[VCPUS];
static struct vlapic lapic[VCPUS];
static _Alignas(4096) uint32_t page[VCPUS][1024];
static unsigned int kicks;

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    t->expires = TIME_NEVER;
}

void timer_set(struct timer *t, uint64_t expires)
{
    t->expires = expires;
}

void timer_stop(struct timer *t)
{
    t->expires = TIME_NEVER;
}

void timer_kill(struct timer *t)
{
    t->expires = TIME_NEVER;
}

void timer_migrate(struct timer *t)
{
}

void vlapic_kick(struct vlapic *a)
{
    kicks++;
}

void vlapic_notify(struct vlapic *a)
{
    vlapic_kick(a);
}

void vlapic_signal(struct vlapic *a, enum apic_delivery what, uint8_t vector)
{
}

/* CR8 never differs from TPR here. */
unsigned int vlapic_cr8(const struct vlapic *a)
{
    return vlapic_tpr(a) >> 4;
}

void vlapic_set_cr8(struct vlapic *a, unsigned int cr8)
{
}

void vlapic_enabled_again(struct vlapic *a)
{
}

uint64_t vlapic_tsc_to_ns(const struct vlapic *a, uint64_t tsc)
{
    return tsc;
}

void ticks_resume(struct route *r)
{
}

static void make_domain(void)
{
    dom.hvm = &hvm;
    hvm.route = &route;
    dom.vcpu = vcpus;
    dom.max_vcpus = VCPUS;
    memset(&bus, 0, sizeof(bus));
    memset(&route, 0, sizeof(route));
    CHECK_EQ(route_init(&route, &dom, &bus, false), 0);
    CHECK_EQ(vioapic_add(&route, VIOAPIC_BASE, 0, 0, PINS), 0);
    route.watch_pins = true;
    nr_cpus_online = 3;
    for (unsigned int i = 0; i < nr_cpus_online; i++)
        cpumask_set(&cpus_online, i);
    for (unsigned int i = 0; i < VCPUS; i++) {
        vcpus[i] = &vcpu[i];
        vcpu[i].cpu = i + 1;
        vlapic_init(&lapic[i], &route, i, page[i]);
        vlapic_mmio_write(&lapic[i], APIC_SPIV, 4, 0x1ff);
    }
}

static void set_pin(unsigned int n, uint64_t rte)
{
    bus_mmio_write(&bus, VIOAPIC_BASE, 4, 0x11 + 2 * n);
    bus_mmio_write(&bus, VIOAPIC_BASE + 0x10, 4, rte >> 32);
    bus_mmio_write(&bus, VIOAPIC_BASE, 4, 0x10 + 2 * n);
    bus_mmio_write(&bus, VIOAPIC_BASE + 0x10, 4, (uint32_t)rte);
}

/* Takes an interrupt: its vector, -1 if there is none. */
static int take(unsigned int v)
{
    int p = vlapic_pending(&lapic[v]);

    return p < 0 ? -1 : vlapic_ack(&lapic[v], p);
}

static void end(unsigned int v)
{
    vlapic_eoi(&lapic[v]);
}

#define RTE_LEVEL (1ull << 15)
#define RTE_LOW (1ull << 13)
#define RTE_MASK (1ull << 16)
#define RTE_CPU1 (2ull << 56)

/* ---- tests ------------------------------------------------------------------ */

static void test_edge(void)
{
    /* Bound when first unmasked, not before. */
    set_pin(1, 0x31 | RTE_MASK);
    CHECK(!pin[1].handler);
    set_pin(1, 0x31);
    CHECK(pin[1].handler && !pin[1].level && !pin[1].low);
    CHECK_EQ(pin[1].cpu, 1);
    /* Each edge is one interrupt. */
    for (unsigned int i = 0; i < 3; i++) {
        CHECK(interrupt(1));
        CHECK_EQ(take(0), 0x31);
        end(0);
        CHECK_EQ(take(0), -1);
    }
    set_pin(1, 0x31 | RTE_MASK);
    CHECK(!interrupt(1));
    /* Another vCPU: near where that runs. */
    set_pin(1, 0x32 | RTE_CPU1);
    CHECK_EQ(pin[1].cpu, 2);
    CHECK(interrupt(1));
    CHECK_EQ(take(1), 0x32);
    end(1);
}

static void test_level(void)
{
    set_pin(16, 0x41 | RTE_LEVEL | RTE_LOW);
    CHECK(pin[16].level && pin[16].low);
    CHECK(interrupt(16));
    /* Not again before the guest's EOI, although the line is up. */
    CHECK(!interrupt(16));
    CHECK_EQ(take(0), 0x41);
    CHECK(!interrupt(16));
    end(0);
    CHECK(!pin[16].masked);
    CHECK_EQ(take(0), -1);
    /* It still was up. */
    CHECK(interrupt(16));
    CHECK_EQ(take(0), 0x41);
    /* Masked by the guest before its EOI, which then does not unmask. */
    set_pin(16, 0x41 | RTE_LEVEL | RTE_LOW | RTE_MASK);
    end(0);
    CHECK(pin[16].masked);
    set_pin(16, 0x41 | RTE_LEVEL | RTE_LOW);
    CHECK(!pin[16].masked);
    CHECK_EQ(take(0), -1);
}

/* Masked and unmasked while one is on its way: still waits for its end. */
static void test_level_mask(void)
{
    CHECK(interrupt(16));
    set_pin(16, 0x41 | RTE_LEVEL | RTE_LOW | RTE_MASK);
    set_pin(16, 0x41 | RTE_LEVEL | RTE_LOW);
    CHECK(pin[16].masked);
    CHECK_EQ(take(0), 0x41);
    end(0);
    CHECK(!pin[16].masked);
    /* Ended by way of edge mode, as old I/O APICs are. */
    CHECK(interrupt(16));
    CHECK_EQ(take(0), 0x41);
    set_pin(16, 0x41 | RTE_MASK);
    set_pin(16, 0x41 | RTE_LEVEL | RTE_LOW);
    CHECK(!pin[16].masked);
    CHECK(interrupt(16));
    CHECK(route_gsi_up(&route, 16));
    end(0);
    CHECK_EQ(take(0), 0x41);
    end(0);
    CHECK(!route_gsi_up(&route, 16));
}

static void test_change(void)
{
    /* First taken for edge, then the kernel knows better. */
    set_pin(20, 0x51);
    CHECK(!pin[20].level);
    set_pin(20, 0x51 | RTE_LEVEL | RTE_LOW);
    CHECK(pin[20].level && pin[20].low);
    /* Lodge's own pin stays Lodge's. */
    bind_rc = -EBUSY;
    set_pin(4, 0x61);
    CHECK(!pin[4].handler);
    set_pin(4, 0x61 | RTE_MASK);
    set_pin(4, 0x61);
    bind_rc = 0;
}

static void test_msi(void)
{
    struct passthru_msi m = { 0 };
    struct msi_message host;

    vectors_left = 1;
    CHECK_EQ(passthru_msi_bind(&m, 0xfee02000, 0x71, true, &host), 1);
    CHECK_EQ(host.address, 0xfee00000 | 2 << 12);
    CHECK(interrupt(MSI_IRQ));
    CHECK_EQ(take(0), -1);
    CHECK_EQ(take(1), 0x71);
    end(1);
    /* The guest moves it; the device is told, unless it must not. */
    CHECK_EQ(passthru_msi_bind(&m, 0xfee00000, 0x72, false, &host), 0);
    CHECK(interrupt(MSI_IRQ));
    CHECK_EQ(take(0), 0x72);
    end(0);
    CHECK_EQ(passthru_msi_bind(&m, 0xfee00000, 0x72, true, &host), 1);
    CHECK_EQ(host.address, 0xfee00000 | 1 << 12);
    /* Vectors that do not exist are dropped. */
    CHECK_EQ(passthru_msi_bind(&m, 0xfee00000, 0, true, &host), 0);
    CHECK(interrupt(MSI_IRQ));
    CHECK_EQ(passthru_msi_bind(&m, 0xfee00000, 15, true, &host), 0);
    CHECK(interrupt(MSI_IRQ));
    CHECK_EQ(take(0), -1);
    passthru_msi_unbind(&m);
    passthru_msi_unbind(&m);
    CHECK_EQ(vectors_left, 1);
    vectors_left = 0;
    CHECK_EQ(passthru_msi_bind(&m, 0xfee00000, 0x72, true, &host), -ENOSPC);
    CHECK(!m.irq);
}

int main(void)
{
    make_domain();
    test_edge();
    test_level();
    test_level_mask();
    test_change();
    test_msi();
    CHECK(kicks);
    CHECK_EQ(fake_locks_held(), 0);
    return test_result();
}
