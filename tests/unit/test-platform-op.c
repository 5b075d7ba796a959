/* sources: hypervisor/hypercall/platform-op.c hypervisor/hypercall/physdev-op.c hypervisor/hypercall/subop.c hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform_op and physdev_op: who may, which errors, what is written back.
 * Guest addresses are the test's own; the page at NOWHERE is not there.
 */
#include <string.h>

#include "hvm/base/hvm.h"
#include "hvm/dom0/build.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/pci/vpci.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/physdev.h"
#include "hypervisor/abi/platform.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define NOWHERE 0x1000ull

static struct domain doms[2];
static struct vcpu vcpus[2];
struct domain *hardware_domain = &doms[0], *idle_domain;
DEFINE_PERCPU(struct vcpu *, current_vcpu);
struct boot_info boot_info;
struct acpi_info acpi_info;
struct cpu_features cpu_features;
unsigned int nr_cpus_online = 2;
uint32_t cpu_apic_id[MAX_CPUS] = { 0, 8 };

static bool compat;
static jmp_buf off;
static uint64_t clock_ns, clock_at;
static unsigned int clock_updates;
static uint32_t added, removed, reset;

int guest_read(void *dst, gva_t src, size_t n)
{
    if (src.raw < 2 * NOWHERE)
        return -EFAULT;
    memcpy(dst, (void *)src.raw, n);
    return 0;
}

int guest_write(gva_t dst, const void *src, size_t n)
{
    if (dst.raw < 2 * NOWHERE)
        return -EFAULT;
    memcpy((void *)dst.raw, src, n);
    return 0;
}

bool hypercall_is_compat(void)
{
    return compat;
}

struct domain *domain_get(domid_t id)
{
    if (id == DOMID_SELF)
        id = current->domain->id;
    return id < 2 ? &doms[id] : NULL;
}

struct domain *domain_get_from(domid_t first)
{
    return first < 2 ? &doms[first] : NULL;
}

void domain_put(struct domain *d)
{
}

void wallclock_set(uint64_t epoch_ns, uint64_t at_ns)
{
    clock_ns = epoch_ns;
    clock_at = at_ns;
}

void pvtime_update_wallclock(struct domain *d)
{
    clock_updates += d->shared_info != NULL;
}

void machine_power_off(void)
{
    longjmp(off, 1);
}

void smp_call(const struct cpumask *mask, void (*fn)(void *), void *arg)
{
    CHECK_EQ(cpumask_count(mask), 1);
    fn(arg);
}

int rdmsr_safe(uint32_t index, uint64_t *v)
{
    *v = 0x8001250;
    return index == 0x8b ? 0 : -EFAULT;
}

int vpci_add(uint32_t sbdf)
{
    added = sbdf;
    return 0;
}

int vpci_reset(uint32_t sbdf, bool gone)
{
    *(gone ? &removed : &reset) = sbdf;
    return gone ? -ENODEV : 0;
}

unsigned int gsis_end = 24;

static struct xen_platform_op op;

static long call(uint32_t cmd)
{
    op.cmd = cmd;
    op.interface_version = XENPF_INTERFACE_VERSION;
    return do_platform_op(guest_ptr_make(void, (uintptr_t)&op));
}

static void test_who(void)
{
    memset(&op, 0, sizeof(op));
    CHECK_EQ(do_platform_op(guest_ptr_make(void, NOWHERE)), -EFAULT);
    this_cpu(current_vcpu) = &vcpus[1];
    CHECK_EQ(call(XENPF_settime64), -EPERM);
    this_cpu(current_vcpu) = &vcpus[0];
    op.interface_version = 1;
    op.cmd = XENPF_settime64;
    CHECK_EQ(do_platform_op(guest_ptr_make(void, (uintptr_t)&op)), -EACCES);
    compat = true;
    CHECK_EQ(call(XENPF_settime64), -EOPNOTSUPP);
    compat = false;
    CHECK_EQ(call(1), -ENOSYS);
    CHECK_EQ(call(XENPF_getidletime), -ENOSYS);
    CHECK_EQ(call(XENPF_efi_runtime_call), -ENOSYS);
    CHECK_EQ(clock_updates, 0);
}

static void test_clock(void)
{
    memset(&op, 0, sizeof(op));
    op.u.settime64.secs = 1700000000;
    op.u.settime64.nsecs = 5;
    op.u.settime64.system_time = 77;
    CHECK_EQ(call(XENPF_settime64), 0);
    CHECK_EQ(clock_ns, 1700000000000000005ull);
    CHECK_EQ(clock_at, 77);
    /* Only the domain that still has its shared page. */
    CHECK_EQ(clock_updates, 1);
    op.u.settime64.mbz = 1;
    CHECK_EQ(call(XENPF_settime64), -EINVAL);
    memset(&op, 0, sizeof(op));
    op.u.settime32.secs = 9;
    CHECK_EQ(call(XENPF_settime32), 0);
    CHECK_EQ(clock_ns, 9000000000ull);
}

static void test_screen(void)
{
    struct dom0_vga_console_info *v = &op.u.dom0_console;

    CHECK_EQ(call(XENPF_get_dom0_console), -ENODEV);
    boot_info.fb.type = FB_TEXT;
    CHECK_EQ(call(XENPF_get_dom0_console), sizeof(*v));
    CHECK_EQ(v->video_type, XEN_VGATYPE_TEXT_MODE_3);
    CHECK_EQ(v->u.text_mode_3.rows, 25);
    boot_info.fb = (struct framebuffer){ 0x2c0000000, 4096, 1024, 768, 32, 1,
                                         { { 16, 8 }, { 8, 8 }, { 0, 8 } } };
    CHECK_EQ(call(XENPF_get_dom0_console), sizeof(*v));
    CHECK_EQ(v->video_type, XEN_VGATYPE_VESA_LFB);
    CHECK_EQ(v->u.vesa_lfb.lfb_base, 0xc0000000);
    CHECK_EQ(v->u.vesa_lfb.ext_lfb_base, 2);
    CHECK_EQ(v->u.vesa_lfb.lfb_size, 48);
    boot_info.efi = true;
    CHECK_EQ(call(XENPF_get_dom0_console), sizeof(*v));
    CHECK_EQ(v->video_type, XEN_VGATYPE_EFI_LFB);
}

static void test_cpus(void)
{
    acpi_info.nr_cpus = 2;
    acpi_info.apic_ids[0] = 8;
    acpi_info.acpi_ids[0] = 3;
    memset(&op, 0, sizeof(op));
    op.u.pcpu_info.xen_cpuid = 1;
    CHECK_EQ(call(XENPF_get_cpuinfo), 0);
    CHECK_EQ(op.u.pcpu_info.apic_id, 8);
    CHECK_EQ(op.u.pcpu_info.acpi_id, 3);
    CHECK_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
    CHECK_EQ(op.u.pcpu_info.max_present, 1);
    op.u.pcpu_info.xen_cpuid = ~0u;
    CHECK_EQ(call(XENPF_get_cpuinfo), 0);
    CHECK_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
    memset(&op, 0, sizeof(op));
    op.u.ucode_revision.cpu = 1;
    CHECK_EQ(call(XENPF_get_ucode_revision), 0);
    CHECK_EQ(op.u.ucode_revision.revision, 0x8001250);
    op.u.ucode_revision.cpu = 2;
    CHECK_EQ(call(XENPF_get_ucode_revision), -ENOENT);
    op.u.pcpu_version.xen_cpuid = 2;
    CHECK_EQ(call(XENPF_get_cpu_version), 0);
    CHECK_EQ(op.u.pcpu_version.vendor_id[0], 0);
    op.u.cpu_ol.cpuid = 1;
    CHECK_EQ(call(XENPF_cpu_online), 0);
    CHECK_EQ(call(XENPF_cpu_offline), -EOPNOTSUPP);
    op.u.cpu_ol.cpuid = 7;
    CHECK_EQ(call(XENPF_cpu_online), -EINVAL);
}

static void test_rest(void)
{
    struct xenpf_resource_entry e = { .idx = 0x10 };

    memset(&op, 0, sizeof(op));
    CHECK_EQ(call(XENPF_resource_op), 0);
    op.u.resource_op.nr_entries = 1;
    op.u.resource_op.entries.addr = (uintptr_t)&e;
    CHECK_EQ(call(XENPF_resource_op), 0);
    CHECK_EQ(e.u.ret, -EPERM);
    op.u.resource_op.entries.addr = NOWHERE;
    CHECK_EQ(call(XENPF_resource_op), -EFAULT);
    memset(&op, 0, sizeof(op));
    op.u.set_pminfo.type = XEN_PM_PX;
    CHECK_EQ(call(XENPF_set_processor_pminfo), 0);
    op.u.set_pminfo.type = XEN_PM_TX;
    CHECK_EQ(call(XENPF_set_processor_pminfo), -ENOSYS);
    op.u.set_pminfo.type = 9;
    CHECK_EQ(call(XENPF_set_processor_pminfo), -EINVAL);
    memset(&op, 0, sizeof(op));
    op.u.firmware_info.type = XEN_FW_EFI_INFO;
    CHECK_EQ(call(XENPF_firmware_info), -ENOSYS);
    op.u.firmware_info.type = XEN_FW_DISK_INFO;
    CHECK_EQ(call(XENPF_firmware_info), -ESRCH);
    op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
    CHECK_EQ(call(XENPF_firmware_info), 0);
    CHECK_EQ(call(XENPF_microcode_update), -EINVAL);
    memset(&op, 0, sizeof(op));
    op.u.enter_acpi_sleep.sleep_state = 3;
    CHECK_EQ(call(XENPF_enter_acpi_sleep), -EOPNOTSUPP);
    op.u.enter_acpi_sleep.sleep_state = 5;
    if (!setjmp(off)) {
        (void)call(XENPF_enter_acpi_sleep);
        CHECK(false);
    }
}

/* Refused, so the hypervisor has no names for them. */
enum {
    PHYSDEVOP_irq_status_query = 5,
    PHYSDEVOP_eoi = 12,
    PHYSDEVOP_get_free_pirq = 23,
};

#define PHYS(cmd, arg)                                                      \
    do_physdev_op(PHYSDEVOP_##cmd, guest_ptr_make(void, (uintptr_t)&(arg)))

static void test_physdev(void)
{
    struct physdev_pci_device dev = { 1, 2, 0x19 };
    struct physdev_pci_device_add add = { .bus = 3, .devfn = 8 };
    struct physdev_pci_mmcfg_reserved m = { 0xb0000000, 0, 0, 255, 1 };
    struct physdev_setup_gsi gsi = { 23, 1, 1 };
    struct physdev_map_pirq map = { .domid = DOMID_SELF };
    struct physdev_unmap_pirq unmap = { .domid = 1 };
    uint32_t eoi = 0;
    struct pci_device_reset r = { dev, PCI_DEVICE_RESET_FLR };

    CHECK_EQ(PHYS(pci_device_add, add), 0);
    CHECK_EQ(added, 0x308);
    CHECK_EQ(PHYS(pci_device_remove, dev), -ENODEV);
    CHECK_EQ(removed, 0x10219);
    CHECK_EQ(PHYS(pci_device_reset, r), 0);
    CHECK_EQ(reset, 0x10219);
    r.flags = 4;
    CHECK_EQ(PHYS(pci_device_reset, r), -EINVAL);
    CHECK_EQ(do_physdev_op(PHYSDEVOP_pci_device_add,
                           guest_ptr_make(void, NOWHERE)), -EFAULT);
    CHECK_EQ(PHYS(pci_mmcfg_reserved, m), -ENODEV);
    acpi_info.nr_mcfg = 1;
    acpi_info.mcfg[0] = (struct acpi_mcfg){ 0xb0000000, 0, 0, 255 };
    CHECK_EQ(PHYS(pci_mmcfg_reserved, m), 0);
    CHECK_EQ(PHYS(setup_gsi, gsi), 0);
    gsi.gsi = 24;
    CHECK_EQ(PHYS(setup_gsi, gsi), -EINVAL);
    /* An HVM domain without pirqs. */
    CHECK_EQ(PHYS(eoi, eoi), -ENOSYS);
    CHECK_EQ(PHYS(irq_status_query, eoi), -ENOSYS);
    CHECK_EQ(PHYS(get_free_pirq, eoi), -ENOSYS);
    CHECK_EQ(PHYS(map_pirq, map), -EOPNOTSUPP);
    CHECK_EQ(PHYS(unmap_pirq, unmap), -EINVAL);
    unmap.domid = 77;
    CHECK_EQ(PHYS(unmap_pirq, unmap), -ESRCH);
    this_cpu(current_vcpu) = &vcpus[1];
    CHECK_EQ(PHYS(pci_device_add, add), -ENOSYS);
    CHECK_EQ(PHYS(map_pirq, map), -EPERM);
    this_cpu(current_vcpu) = &vcpus[0];
}

int main(void)
{
    static struct shared_info shared;

    for (unsigned int i = 0; i < 2; i++) {
        doms[i].id = (domid_t)i;
        spin_lock_init(&doms[i].lock, LOCK_DOMCTL);
        vcpus[i].domain = &doms[i];
    }
    doms[0].privileged = true;
    doms[0].shared_info = &shared;
    this_cpu(current_vcpu) = &vcpus[0];
    test_who();
    test_clock();
    test_screen();
    test_cpus();
    test_rest();
    test_physdev();
    CHECK_EQ(fake_locks_held(), 0);
    return test_result();
}
